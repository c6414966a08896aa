//! A card of a result, to be shared in a chat: drawn as SVG with our own font, so that it looks the same everywhere.

use super::{
    axis,
    chart::{Scale, path},
    format::{date, escape, percent, short, signed_percent},
    frame::Frame,
    sweep::ranked,
    tiles::{maybe, two},
};
use crate::{curve::Curve, offline::Outcome, summary::symbols};
use resvg::{
    tiny_skia::Pixmap,
    usvg::{Options, Transform, Tree, fontdb::Database},
};
use std::{
    fmt::Write,
    sync::{Arc, LazyLock},
};
use trading::{
    backtest::{Answer, BacktestFile, Combination, Report},
    metrics::{Metrics, approximate},
    time::Timestamp,
};

const WIDTH: u32 = 1_200;
const HEIGHT: u32 = 675;
/// More letters of a title do not fit.
const LETTERS: usize = 44;

const INK: &str = "#f5f7fb";
const SOFT: &str = "#93a0b8";
const ACCENT: &str = "#7aa5ff";
const GAIN: &str = "#2dd4bf";
const LOSS: &str = "#fb8a4c";

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
#[error("the picture cannot be drawn: {0}")]
pub struct PictureError(String);

/// The only fonts that are used, whatever the machine has.
static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    fonts.load_font_data(include_bytes!("../../assets/fonts/Inter-400.ttf").to_vec());
    fonts.load_font_data(include_bytes!("../../assets/fonts/Inter-600.ttf").to_vec());
    Arc::new(fonts)
});

impl Outcome {
    /// A card of 1200 by 675 points as PNG: what was tried, how it went, and six figures.
    ///
    /// # Errors
    /// Where the picture cannot be drawn, which would be a defect.
    pub fn png(&self) -> Result<Vec<u8>, PictureError> {
        let failed = |error: &dyn std::fmt::Display| PictureError(error.to_string());
        let options = Options { font_family: "Inter".to_owned(), fontdb: FONTS.clone(), ..Options::default() };
        let tree = Tree::from_str(&self.card(), &options).map_err(|error| failed(&error))?;
        let mut picture = Pixmap::new(WIDTH, HEIGHT).ok_or_else(|| failed(&"no room"))?;
        resvg::render(&tree, Transform::identity(), &mut picture.as_mut());
        picture.encode_png().map_err(|error| failed(&error))
    }

    fn card(&self) -> String {
        match &self.answer {
            Answer::Report(report) => {
                let initial = approximate(self.file.config.initial_cash.decimal());
                let curve = Curve::of(&report.equity, &self.buy_and_hold, initial);
                let period = curve.times.first().copied().zip(curve.times.last().copied());
                card(&self.file, "Back-test", period, &figures(report), &lines(&curve))
            }
            Answer::Sweep(sweep) => {
                let ranked = ranked(&self.file, &sweep.combinations);
                let shown = ranked.first().map(|best| of_sweep(&best.metrics, ranked.len())).unwrap_or_default();
                card(&self.file, "Best of a sweep", None, &shown, &returns(&sweep.combinations))
            }
        }
    }
}

/// A name, a value and its colour.
type Figure = (&'static str, String, &'static str);

fn colour(value: f64) -> &'static str {
    if value > 0.0 {
        GAIN
    } else if value < 0.0 {
        LOSS
    } else {
        INK
    }
}

fn common(metrics: &Metrics) -> Vec<Figure> {
    vec![
        ("Return", signed_percent(metrics.total_return), colour(metrics.total_return)),
        ("Buy and hold", maybe(metrics.buy_and_hold, signed_percent), INK),
        ("Largest drawdown", percent(-metrics.max_drawdown), LOSS),
        ("Sharpe", maybe(metrics.sharpe, two), INK),
        ("Profit factor", maybe(metrics.profit_factor, two), INK),
    ]
}

fn figures(report: &Report) -> Vec<Figure> {
    let metrics = &report.metrics;
    let mut figures = common(metrics);
    let won = maybe(metrics.win_rate, |rate| format!(" · {} %", super::format::grouped(rate * 100.0, 0)));
    figures.push(("Trades, won", format!("{}{won}", metrics.closed_trades), INK));
    figures
}

fn of_sweep(metrics: &Metrics, combinations: usize) -> Vec<Figure> {
    let mut figures = common(metrics);
    figures.push(("Combinations", combinations.to_string(), INK));
    figures
}

fn card(
    file: &BacktestFile,
    kind: &str,
    period: Option<(Timestamp, Timestamp)>,
    figures: &[Figure],
    drawing: &str,
) -> String {
    let market = file.strategy.market();
    let mut about = format!("{} · {} · {}", cut(&symbols(market)), market.timeframe, market.exchange);
    if let Some((from, to)) = period {
        // writing to a String cannot fail
        let _ = write!(about, " · {} to {}", date(from), date(to));
    }
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"Inter\"><rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#0b1020\"/>\
         <rect width=\"{WIDTH}\" height=\"6\" fill=\"{ACCENT}\"/>\
         <text x=\"48\" y=\"86\" font-size=\"44\" font-weight=\"600\" fill=\"{INK}\">{}</text>\
         <text x=\"48\" y=\"126\" font-size=\"22\" fill=\"{SOFT}\">{}</text>",
        escape(&cut(file.strategy.name())),
        escape(&about)
    );
    svg.push_str(drawing);
    for (place, (name, value, colour)) in (0_u8..).zip(figures) {
        let x = 48.0 + f64::from(place) * 186.0;
        let _ = write!(
            svg,
            "<text x=\"{x}\" y=\"572\" font-size=\"18\" fill=\"{SOFT}\">{}</text>\
             <text x=\"{x}\" y=\"607\" font-size=\"28\" font-weight=\"600\" fill=\"{colour}\">{}</text>",
            escape(name),
            escape(value)
        );
    }
    let _ = write!(
        svg,
        "<text x=\"48\" y=\"650\" font-size=\"16\" fill=\"{SOFT}\">{kind}. What happened says nothing certain about what \
         will.</text><text x=\"1152\" y=\"650\" font-size=\"18\" font-weight=\"600\" fill=\"{INK}\" text-anchor=\"end\">\
         BotCriptoFy</text></svg>"
    );
    svg
}

fn cut(name: &str) -> String {
    if name.chars().count() <= LETTERS {
        return name.to_owned();
    }
    name.chars().take(LETTERS - 1).chain(['…']).collect()
}

const EQUITY: Frame = Frame { width: 1152.0, height: 430.0, left: 112.0, right: 0.0, top: 160.0, bottom: 0.0 };
const DRAWDOWN: Frame = Frame { width: 1152.0, height: 530.0, left: 112.0, right: 0.0, top: 446.0, bottom: 0.0 };

/// The equity beside holding, and the drawdown below.
fn lines(curve: &Curve) -> String {
    let (Some(&first), Some(&last)) = (curve.times.first(), curve.times.last()) else { return String::new() };
    if first == last {
        return String::new();
    }
    let all = curve.equity.iter().chain(&curve.held).copied().filter(|value| value.is_finite());
    let bounds = all.fold((curve.initial, curve.initial), |(low, high), value| (low.min(value), high.max(value)));
    let scale = Scale::new(EQUITY, (first, last), bounds);
    let mut svg = String::new();
    let (marks, step) = axis::values(bounds.0, bounds.1, 4.0);
    for mark in marks {
        let y = scale.y(mark);
        let _ = write!(
            svg,
            "<path d=\"M112 {y:.1}H1152\" stroke=\"#263048\"/>\
             <text x=\"100\" y=\"{:.1}\" font-size=\"16\" fill=\"{SOFT}\" text-anchor=\"end\">{}</text>",
            y + 5.0,
            short(mark, step)
        );
    }
    let (equity, held) = (path(&curve.times, &curve.equity, &scale), path(&curve.times, &curve.held, &scale));
    let base = scale.y(curve.initial);
    let _ = write!(
        svg,
        "<path d=\"{equity}L1152 {base:.1}L112 {base:.1}Z\" fill=\"{ACCENT}\" fill-opacity=\".14\"/>\
         <path d=\"{held}\" fill=\"none\" stroke=\"#6b7790\" stroke-width=\"2\" stroke-linejoin=\"round\"/>\
         <path d=\"{equity}\" fill=\"none\" stroke=\"{ACCENT}\" stroke-width=\"3\" stroke-linejoin=\"round\"/>"
    );
    let deepest = curve.drawdown.iter().copied().fold(0.0, f64::min);
    let scale = Scale::new(DRAWDOWN, (first, last), (deepest.min(-1e-6), 0.0));
    let fall = path(&curve.times, &curve.drawdown, &scale);
    let _ = write!(
        svg,
        "<path d=\"{fall}L1152 446L112 446Z\" fill=\"{LOSS}\" fill-opacity=\".35\"/>\
         <path d=\"{fall}\" fill=\"none\" stroke=\"{LOSS}\" stroke-width=\"1.5\"/>\
         <text x=\"100\" y=\"527\" font-size=\"16\" fill=\"{SOFT}\" text-anchor=\"end\">{}</text>",
        percent(deepest)
    );
    svg
}

/// The returns of all combinations, the best first.
fn returns(combinations: &[Combination]) -> String {
    let mut returns: Vec<f64> = combinations.iter().map(|it| it.metrics.total_return).collect();
    returns.sort_by(|a, b| b.total_cmp(a));
    // more bars than that are thinner than a line
    let every = returns.len().div_ceil(500).max(1);
    let shown: Vec<f64> = returns.into_iter().step_by(every).collect();
    let (low, high) = shown.iter().fold((0.0_f64, 0.0_f64), |(low, high), value| (low.min(*value), high.max(*value)));
    let y = |value: f64| 160.0 + (high - value) / (high - low).max(1e-9) * 370.0;
    let slot = 1104.0 / f64::from(u32::try_from(shown.len().max(1)).unwrap_or(u32::MAX));
    let mut svg = String::new();
    for (place, value) in (0_u32..).zip(&shown) {
        let (top, floor) = (y(value.max(0.0)), y(value.min(0.0)));
        let _ = write!(
            svg,
            "<rect x=\"{:.2}\" y=\"{top:.1}\" width=\"{:.2}\" height=\"{:.1}\" fill=\"{}\"/>",
            48.0 + slot * f64::from(place),
            (slot * 0.8).max(0.5),
            (floor - top).max(0.5),
            if *value >= 0.0 { GAIN } else { LOSS }
        );
    }
    svg
}
