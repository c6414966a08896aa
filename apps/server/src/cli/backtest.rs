use super::{Context, Failure, print};
use backtests::offline::{self, Files, Outcome};
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use std::{
    fs::{self, File},
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::Duration,
};
use trading::{
    backtest::{Answer, BacktestError},
    money::{Symbol, SymbolError},
};

/// Try a strategy on the candles of the past, without a server
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The back-test: a JSON file with the strategy, the cash, fees and fills
    file: PathBuf,
    /// The candles: a CSV file, plain or gzipped: open_time_ms,open,high,low,close,volume; for several symbols one
    /// file each, as in BTC/USDT=FILE
    #[arg(long, value_name = "[SYMBOL=]FILE", required = true, value_parser = source)]
    candles: Vec<Source>,
    /// Finer candles of the same symbol, which tell what came first inside a candle; the file names their time frame
    /// by `intrabar`; for several symbols one file each
    #[arg(long, value_name = "[SYMBOL=]FILE", value_parser = source)]
    finer: Vec<Source>,
    /// Write the report with charts here
    #[arg(long, value_name = "OUT")]
    html: Option<PathBuf>,
    /// Write a card of 1200 by 675 points to be shared here
    #[arg(long, value_name = "OUT")]
    png: Option<PathBuf>,
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
    let (outcome, took) = outcome(args)?;
    if let Some(path) = &args.html {
        write(path, outcome.html().as_bytes())?;
    }
    if let Some(path) = &args.png {
        let picture = outcome.png().map_err(|error| Failure::Failed(error.to_string()))?;
        write(path, &picture)?;
    }
    if context.json {
        let answer = serde_json::to_string(&outcome).map_err(|error| Failure::of("the answer cannot be written", error))?;
        return print(&format!("{answer}\n"));
    }
    print(&format!("{}\n  {took}\n", outcome.text()))?;
    for (what, path) in [("report", &args.html), ("card", &args.png)] {
        if let Some(path) = path {
            print(&format!("  {what}: {}\n", path.display()))?;
        }
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(path, bytes).map_err(|error| Failure::of(&format!("{} cannot be written", path.display()), error))
}

/// What came of it, and how fast.
fn outcome(args: &Args) -> Result<(Outcome, String), Failure> {
    let text = fs::read_to_string(&args.file).map_err(|error| unreadable(&args.file, &error))?;
    let open = |path: &PathBuf| File::open(path).map_err(|error| unreadable(path, &error));
    let named = |(symbol, path): &Source| Ok::<_, Failure>((*symbol, open(path)?));
    let all = |sources: &[Source]| sources.iter().map(named).collect::<Result<Vec<_>, _>>();
    let files = Files { candles: all(&args.candles)?, finer: all(&args.finer)? };
    let bar = ProgressBar::new(0);
    // the template is a constant: if it were wrong, the bar would only look plain
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent:>3} % · {speed} · {eta} left") {
        bar.set_style(style.with_key("speed", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            // nothing is lost where a bar cannot be drawn
            let _ = write!(out, "{} a second", rounded(state.per_sec()));
        }));
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    let outcome = offline::run(&text, files, |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    let outcome = outcome.map_err(|failure| refused(&failure))?;
    let steps = match outcome.answer {
        Answer::Report(_) => "candles",
        Answer::Sweep(_) => "combinations",
    };
    let took = format!("{} {steps} in {:.2} s, reading included", bar.position(), bar.elapsed().as_secs_f64());
    Ok((outcome, took))
}

/// `12.3 million`, `45,600`, `78`
fn rounded(number: f64) -> String {
    match number {
        many if many >= 1e6 => format!("{:.1} million", many / 1e6),
        many if many >= 1e4 => format!("{:.0} thousand", many / 1e3),
        few => format!("{few:.0}"),
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Input(format!("{} cannot be read: {error}", path.display()))
}

/// What is wrong, and what to do about it.
fn refused(failure: &offline::Failure) -> Failure {
    let advice = match failure {
        offline::Failure::File(_) => "mend the file at these paths; docs/guide-trader.md tells what it may hold",
        offline::Failure::Csv(_) | offline::Failure::Candles(_) => {
            "a file of candles has the columns open_time_ms,open,high,low,close,volume, the oldest first"
        }
        offline::Failure::Unnamed | offline::Failure::Twice(_) => "give one --candles for each symbol of the strategy",
        offline::Failure::TooMuch { .. } => "take fewer values, or a part of the candles by `from` and `to`",
        offline::Failure::Run(BacktestError::Timeframe { .. }) => {
            "give candles of the strategy's time frame, or another `strategy.market.timeframe`"
        }
        offline::Failure::Run(BacktestError::NoCandles) => "move `from` and `to` into the time of the candles",
        offline::Failure::Run(_) => return Failure::Failed(failure.to_string()),
    };
    Failure::Input(format!("{failure}\n  {advice}"))
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn speeds_are_rounded_for_people() {
        assert_eq!([12_340_000.0, 45_600.0, 78.4].map(rounded), ["12.3 million", "46 thousand", "78"]);
    }
}
