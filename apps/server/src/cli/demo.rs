use super::{
    Context, Failure, print, runtime,
    sandbox::Exchange,
    serve::{Opened, open},
};
use crate::{
    demo,
    logging::{self, Output},
};
use sandbox::{Options, Speed, Wall, World, fair_dice};
use std::net::{Ipv4Addr, SocketAddr};

/// Serve a demonstration: seeded tenants, real candles, a finished back-test, a running paper bot, and a live bot at an
/// exchange of its own
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_: &Args, context: &Context) -> Result<(), Failure> {
    let mut settings = context.config()?.settings;
    // what is played with stays apart from what is real
    settings.data_dir = settings.data_dir.join("demo");
    let mut logs = settings.logs(Output::Stderr);
    if logs.level == "info" {
        "warn".clone_into(&mut logs.level);
    }
    let _logs = logging::init(&logs)?;
    let world = World::new(market()).map_err(|error| Failure::Input(error.to_string()))?;
    runtime()?.block_on(async {
        let exchange = Exchange::start(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0), world).await?;
        let trades_at = exchange.url.clone();
        settings.binance_rest_base = trades_at.parse().map_err(|error| Failure::of("an address of its own", error))?;
        // all of it is there
        (settings.binance_stream_base, settings.binance_ws_api_base) = (None, None);
        tokio::spawn(exchange.serve());
        let opened = open(&settings).await?;
        let Opened { assembly, url, .. } = &opened;
        let seeded = demo::seed(assembly).await?;
        print(&welcome(url, &trades_at, &seeded, &settings.data_dir.display().to_string()))?;
        opened.serve().await
    })
}

/// Prices that walk at random, as fast as time goes.
fn market() -> Options {
    let (key, secret) = demo::EXCHANGE_KEY;
    Options {
        seed: 1,
        replay: None,
        from_now: false,
        speed: Speed::REAL,
        paused: false,
        key: (key.to_owned(), secret.to_owned()),
        wall: Wall::System,
        dice: fair_dice(),
    }
}

fn welcome(url: &str, exchange: &str, seeded: &demo::Seeded, data: &str) -> String {
    let demo::Seeded { backtest, paper, live } = seeded;
    let people = demo::PEOPLE.iter().map(|it| format!("    {:<23} {}\n", it.email, it.what));
    format!(
        "BotCriptoFy is running at {url}

  Sign in as (password: {password})
{people}
  Look at
    {url}/docs                                   the API, to read and to try
    {url}/health                                 how it is
    {url}/api/v1/backtests/{backtest}/report     a finished back-test, once signed in

  From a terminal
    curl -c jar -H 'Content-Type: application/json' {url}/api/auth/sign-in/email \\
      -d '{{\"email\":\"{trader}\",\"password\":\"{password}\"}}'
    curl -b jar {url}/api/v1/bots/{paper}         # on paper, through a year in nine minutes
    curl -b jar {url}/api/v1/bots/{live}/events  # live, at the exchange
    curl -b jar {url}/api/v1/orders
    curl -b jar -o report.html {url}/api/v1/backtests/{backtest}/report

  The live bot trades at a sandbox exchange, which speaks as Binance does, with money of its own: {exchange}

  Mails of new users are written to {data}/mail. Ctrl-C ends it; what is there stays in {data}.
",
        password = demo::PASSWORD,
        people = people.collect::<String>(),
        trader = demo::PEOPLE[0].email,
    )
}
