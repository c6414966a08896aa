//! The candles that a report shows: the whole period in few of them, and those around remarkable trades.

use serde::{Deserialize, Serialize};
use std::ops::Range;
use trading::{
    backtest::{BacktestFile, History},
    candle::Candles,
    metrics::approximate,
    position::Trade,
    time::Timestamp,
};

/// Of how many candles the whole period is shown at most.
const OVERVIEW: usize = 240;
/// How many candles are shown before and after a trade.
const AROUND: usize = 24;
/// Of how many candles a trade is shown at most.
const CLOSE_UP: usize = 120;
/// How many of the best trades are shown, and how many of the worst.
const REMARKABLE: usize = 2;

/// What a report shows of the candles.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Scenes {
    /// The whole period; several candles may be drawn as one.
    pub(crate) overview: Vec<Bar>,
    /// The best trades, the best first, then the worst, the worst first.
    pub(crate) trades: Vec<Scene>,
}

/// A trade among the candles around it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Scene {
    /// Which trade it is, from 0.
    pub(crate) trade: usize,
    pub(crate) bars: Vec<Bar>,
}

/// A candle as it is drawn, its opening time in milliseconds since 1970 first: open, high, low, close.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bar(pub(crate) i64, pub(crate) f64, pub(crate) f64, pub(crate) f64, pub(crate) f64);

impl Scenes {
    /// What a report shows of the candles of a file's period and the trades made in them. Of several symbols, the
    /// whole period is not shown.
    pub(crate) fn of(file: &BacktestFile, history: &History, trades: &[Trade]) -> Self {
        let only = file.strategy.market().symbol();
        let scene = |place: usize| {
            let trade = &trades[place];
            let candles = history.markets.get(trade.symbol.as_ref().or(only)?)?;
            let rows = around(candles, &period(file, candles), trade);
            Some(Scene { trade: place, bars: bars(candles, rows, CLOSE_UP) })
        };
        let whole = only.and_then(|symbol| history.markets.get(symbol));
        Self {
            trades: remarkable(trades).into_iter().filter_map(scene).collect(),
            overview: whole.map_or_else(Vec::new, |candles| bars(candles, period(file, candles), OVERVIEW)),
        }
    }
}

fn period(file: &BacktestFile, candles: &Candles) -> Range<usize> {
    candles.rows(file.config.from, file.config.to)
}

/// The best and the worst trades, each at most once; the earlier of two alike.
fn remarkable(trades: &[Trade]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..trades.len()).collect();
    order.sort_by(|&a, &b| trades[b].pnl.cmp(&trades[a].pnl).then(a.cmp(&b)));
    let best = REMARKABLE.min(order.len().div_ceil(2));
    let worst = REMARKABLE.min(order.len() - best);
    order[..best].iter().chain(order.iter().rev().take(worst)).copied().collect()
}

fn around(candles: &Candles, rows: &Range<usize>, trade: &Trade) -> Range<usize> {
    let inside = candles.rows(Some(trade.entry_time), Some(Timestamp::from_millis(trade.exit_time.millis() + 1)));
    let (start, end) = (inside.start.saturating_sub(AROUND).max(rows.start), (inside.end + AROUND).min(rows.end));
    start.min(end)..end
}

/// The candles of these rows, so many at most: several are drawn as one.
fn bars(candles: &Candles, rows: Range<usize>, most: usize) -> Vec<Bar> {
    let span = rows.len().div_ceil(most).max(1);
    let starts = rows.clone().step_by(span);
    starts.filter_map(|start| bar(candles, start..(start + span).min(rows.end))).collect()
}

fn bar(candles: &Candles, rows: Range<usize>) -> Option<Bar> {
    let (first, last) = (candles.get(rows.start), candles.get(rows.end.checked_sub(1)?));
    let (mut high, mut low) = (first.high, first.low);
    for row in rows {
        let candle = candles.get(row);
        (high, low) = (high.max(candle.high), low.min(candle.low));
    }
    let [open, high, low, close] = [first.open, high, low, last.close].map(|price| approximate(price.decimal()));
    Some(Bar(first.open_time.millis(), open, high, low, close))
}
