use super::{Context, Failure, print, runtime};
use crate::{
    config::{Secret, Settings},
    logging::{self, Output},
};
use sandbox::{Engine, Options, Replay, Speed, Wall, World, fair_dice, http, random_key};
use serde_json::json;
use std::{
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use trading::{candle::csv, money::Symbol};

/// Run an exchange to try things out on, which speaks as Binance spot does
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 4000)]
    port: u16,
    /// Replay this file: candles as CSV, or recorded streams (.jsonl), each also gzipped
    #[arg(long, value_name = "FILE", conflicts_with = "seed")]
    replay: Option<PathBuf>,
    /// The symbol that is replayed
    #[arg(long, value_name = "SYMBOL", default_value = "BTC/USDT", requires = "replay")]
    symbol: Symbol,
    /// Let the replay begin now, not at the times of the file
    #[arg(long, requires = "replay")]
    from_now: bool,
    /// Let prices walk at random by this seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How fast the market's time goes: 60 is a minute in a second, `max` as fast as can be
    #[arg(long, value_name = "X", default_value = "1", value_parser = Speed::parse)]
    speed: Speed,
    /// Let the market's time stand still until it is stepped
    #[arg(long)]
    paused: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let settings = context.config()?.settings;
    let mut logs = settings.logs(Output::Stderr);
    if logs.level == "info" {
        "warn".clone_into(&mut logs.level);
    }
    let _logs = logging::init(&logs)?;
    let options = options(args, &settings)?;
    let key = options.key.clone();
    let world = World::new(options).map_err(|error| Failure::Input(error.to_string()))?;
    runtime()?.block_on(async {
        let exchange = Exchange::start(SocketAddr::new(settings.host, args.port), world).await?;
        print(&welcome(&exchange.url, &key, context.json))?;
        let stopping = exchange.stop.clone();
        tokio::spawn(async move {
            crate::serve::told_to_stop().await;
            stopping.cancel();
        });
        exchange.serve().await
    })
}

/// An exchange that trades and listens.
pub(super) struct Exchange {
    /// Where it is reached.
    pub(super) url: String,
    listener: TcpListener,
    engine: Engine,
    stop: CancellationToken,
}

impl Exchange {
    pub(super) async fn start(address: SocketAddr, world: World) -> Result<Self, Failure> {
        let taken = |error| Failure::of(&format!("cannot listen on {address} (set HOST or --port)"), error);
        let listener = TcpListener::bind(address).await.map_err(taken)?;
        let url = format!("http://{}", listener.local_addr().map_err(taken)?);
        let stop = CancellationToken::new();
        Ok(Self { url, listener, engine: Engine::start(world, stop.clone()), stop })
    }

    /// Answers until it is told to stop.
    pub(super) async fn serve(self) -> Result<(), Failure> {
        let Self { listener, engine, stop, .. } = self;
        http::serve(listener, engine, stop).await.map_err(|error| Failure::of("the sandbox has failed", error))
    }
}

fn options(args: &Args, settings: &Settings) -> Result<Options, Failure> {
    let mut dice = fair_dice();
    let given = |secret: &Option<Secret>| secret.as_ref().map(|it| it.expose().to_owned());
    let key = given(&settings.sandbox_api_key).unwrap_or_else(|| random_key(&mut dice));
    let secret = given(&settings.sandbox_api_secret).unwrap_or_else(|| random_key(&mut dice));
    let name = format!("{}{}", args.symbol.base(), args.symbol.quote());
    let replay = args.replay.as_deref().map(|path| Ok::<_, Failure>((name, replay(path)?))).transpose()?;
    Ok(Options {
        seed: args.seed,
        replay,
        from_now: args.from_now,
        speed: args.speed,
        paused: args.paused,
        key: (key, secret),
        wall: Wall::System,
        dice,
    })
}

/// Streams are told from candles by the name of the file.
fn replay(path: &Path) -> Result<Replay, Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::Input(format!("{}: {error}", path.display()));
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if name.ends_with(".jsonl") || name.ends_with(".jsonl.gz") {
        return fs::read(path).map(Replay::Streams).map_err(|error| wrong(&error));
    }
    let file = File::open(path).map_err(|error| wrong(&error))?;
    let candles = csv::read(file, &csv::Options::default()).map_err(|error| wrong(&error))?;
    Ok(Replay::Candles(Box::new(candles)))
}

fn welcome(url: &str, (key, secret): &(String, String), is_json: bool) -> String {
    if is_json {
        return format!("{}\n", json!({ "url": url, "apiKey": key, "apiSecret": secret }));
    }
    let sockets = url.replacen("http", "ws", 1);
    format!(
        "The sandbox exchange answers at {url}

  key     {key}
  secret  {secret}

  REST           {url}/api/v3
  streams        {sockets}/ws and {sockets}/stream
  WebSocket API  {sockets}/ws-api/v3
  steering       {url}/sandbox/v1, from this machine only

  The account has 1,000,000 USDT and 10 BTC. Ctrl-C ends it, and nothing is kept.
"
    )
}
