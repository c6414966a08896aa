use super::{Context, Failure, print};
use backtests::offline::{self, Outcome};
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    fs::{self, File},
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::Duration,
};
use trading::money::{Symbol, SymbolError};

/// Try a strategy on the candles of the past, without a server
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The back-test: a JSON file with the strategy, the cash, fees and fills
    file: PathBuf,
    /// The candles: a CSV file, plain or gzipped: open_time_ms,open,high,low,close,volume; for several symbols one
    /// file each, as in BTC/USDT=FILE
    #[arg(long, value_name = "[SYMBOL=]FILE", required = true, value_parser = source)]
    candles: Vec<Source>,
    /// Write the report with charts here
    #[arg(long, value_name = "OUT")]
    html: Option<PathBuf>,
}

/// A file of candles, and of which symbol they are where it is said.
type Source = (Option<Symbol>, PathBuf);

fn source(text: &str) -> Result<Source, String> {
    match text.split_once('=') {
        Some((symbol, path)) if symbol.contains('/') && !Path::new(text).exists() => {
            Ok((Some(symbol.parse().map_err(|error: SymbolError| error.to_string())?), path.into()))
        }
        _ => Ok((None, text.into())),
    }
}

pub(super) fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let outcome = outcome(args)?;
    if let Some(path) = &args.html {
        let written = fs::write(path, outcome.html());
        written.map_err(|error| Failure::of(&format!("{} cannot be written", path.display()), error))?;
    }
    if context.json {
        let answer = serde_json::to_string(&outcome).map_err(|error| Failure::of("the answer cannot be written", error))?;
        return print(&format!("{answer}\n"));
    }
    print(&outcome.text())?;
    match &args.html {
        Some(path) => print(&format!("\n  report: {}\n", path.display())),
        None => Ok(()),
    }
}

fn outcome(args: &Args) -> Result<Outcome, Failure> {
    let text = fs::read_to_string(&args.file).map_err(|error| unreadable(&args.file, error))?;
    let open = |(symbol, path): &Source| {
        File::open(path).map(|file| (*symbol, file)).map_err(|error| unreadable(path, error))
    };
    let candles = args.candles.iter().map(open).collect::<Result<Vec<_>, _>>()?;
    let bar = ProgressBar::new(0);
    // the template is a constant: if it were wrong, the bar would only look plain
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent:>3} %") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    let outcome = offline::run(&text, candles, |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    outcome.map_err(|failure| Failure::Failed(failure.to_string()))
}

fn unreadable(path: &Path, error: std::io::Error) -> Failure {
    Failure::of(&format!("{} cannot be read", path.display()), error)
}
