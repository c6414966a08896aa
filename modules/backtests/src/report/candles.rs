//! Candles with the trades that were made in them.

use super::{
    chart::{Scale, roomy},
    format::{minute, money, short, signed},
    frame::{About, Frame, drawing, half},
    tables::{pnl, words},
};
use crate::scenes::{Bar, Scene};
use std::fmt::Write;
use trading::{metrics::approximate, money::Price, order::Purpose, position::Trade, time::Timestamp};

/// At most so many trades are marked in one picture.
const MARKED: usize = 150;
/// More marks than that are drawn smaller.
const CROWD: usize = 40;

/// The whole period. Where there are too many trades to be marked, every so many are.
pub(super) fn overview(bars: &[Bar], trades: &[Trade]) -> String {
    let every = trades.len().div_ceil(MARKED).max(1);
    let marked: Vec<&Trade> = trades.iter().step_by(every).collect();
    let about = About {
        title: "The market and the trades",
        description: &format!("{} candles; {} of {} trades are marked.", bars.len(), marked.len(), trades.len()),
    };
    picture(bars).map_or_else(String::new, |bounds| {
        drawing(&about, 360.0, |frame, svg| draw(frame, bars, &marked, &bounds, svg))
    })
}

/// A trade among the candles around it.
pub(super) fn close_up(scene: &Scene, trade: &Trade) -> String {
    let description = format!(
        "Bought {} at {}, sold {} at {}: {}.",
        minute(trade.entry_time),
        price(trade.entry_price),
        minute(trade.exit_time),
        price(trade.exit_price),
        words(trade.reason)
    );
    let about =
        About { title: &format!("Trade {}, {}", scene.trade + 1, signed(pnl(trade))), description: &description };
    picture(&scene.bars).map_or_else(String::new, |bounds| {
        half(&about, 240.0, |frame, svg| draw(frame, &scene.bars, &[trade], &bounds, svg))
    })
}

fn price(price: Price) -> String {
    money(approximate(price.decimal()))
}

/// From when to when and from which price to which; nothing without two candles.
struct Bounds {
    times: (Timestamp, Timestamp),
    prices: (f64, f64),
}

fn picture(bars: &[Bar]) -> Option<Bounds> {
    let (first, last) = (bars.first()?, bars.last()?);
    let length = bars.get(1)?.0 - first.0;
    let (low, high) =
        bars.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), bar| (low.min(bar.3), high.max(bar.2)));
    let air = ((high - low) * 0.06).max(high.abs() * 1e-6);
    let times = (Timestamp::from_millis(first.0), Timestamp::from_millis(last.0 + length));
    (times.0 < times.1).then_some(Bounds { times, prices: (low - air, high + air) })
}

fn draw(frame: Frame, bars: &[Bar], trades: &[&Trade], bounds: &Bounds, svg: &mut String) {
    let frame = roomy(frame, bounds.prices, short);
    let scale = Scale::new(frame, bounds.times, bounds.prices);
    scale.marks(bounds.times, short, svg);
    let step = bars.windows(2).map(|pair| pair[1].0 - pair[0].0).min().unwrap_or(1);
    let width = (scale.x(Timestamp::from_millis(bounds.times.0.millis() + step)) - frame.left).max(0.8);
    let body = (width * 0.7).max(0.6);
    let [mut wicks, mut rising, mut falling] = [const { String::new() }; 3];
    for Bar(at, open, high, low, close) in bars {
        let middle = scale.x(Timestamp::from_millis(*at)) + width / 2.0;
        // writing to a String cannot fail
        let _ = write!(wicks, "M{middle:.1} {:.1}V{:.1}", scale.y(*high), scale.y(*low));
        let (top, floor) = (scale.y(open.max(*close)), scale.y(open.min(*close)));
        let bodies = if close >= open { &mut rising } else { &mut falling };
        let height = (floor - top).max(0.8);
        let _ = write!(bodies, "M{:.1} {top:.1}h{body:.1}v{height:.1}h-{body:.1}z", middle - body / 2.0);
    }
    let _ = write!(
        svg,
        "<path class=\"wick\" d=\"{wicks}\"/><path class=\"up\" d=\"{rising}\"/><path class=\"down\" d=\"{falling}\"/>"
    );
    // many marks of full size would hide the candles
    let size = if trades.len() > CROWD { 0.5 } else { 1.0 };
    trades.iter().for_each(|trade| mark(trade, &scale, size, svg));
}

/// A way from where it was entered to where it was left: a triangle upwards, then one downwards or a cross for a stop.
fn mark(trade: &Trade, scale: &Scale, size: f64, svg: &mut String) {
    let place = |at: Timestamp, price: Price| (scale.x(at), scale.y(approximate(price.decimal())));
    let (x, y) = place(trade.entry_time, trade.entry_price);
    let (to, down) = place(trade.exit_time, trade.exit_price);
    let won = if trade.pnl.is_positive() { "won" } else { "lost" };
    let stopped = matches!(
        trade.reason,
        Purpose::StopLoss | Purpose::TrailingStop | Purpose::MaxHold | Purpose::MaxDrawdown | Purpose::Stopped
    );
    let exit = if stopped {
        let (half, whole) = (4.0 * size, 8.0 * size);
        format!("M{:.1} {:.1}l{whole} {whole}m0 -{whole}l-{whole} {whole}", to - half, down - half)
    } else {
        format!("M{to:.1} {:.1}l{} -{}h-{}z", down - 1.0, 5.0 * size, 9.0 * size, 10.0 * size)
    };
    let _ = write!(
        svg,
        "<g class=\"trade {won}\"><title>{} at {} to {} at {}, {}: {}</title>\
         <path class=\"way\" d=\"M{x:.1} {y:.1}L{to:.1} {down:.1}\"/>\
         <path class=\"entry\" d=\"M{x:.1} {:.1}l{} {}h-{}z\"/><path class=\"{}\" d=\"{exit}\"/></g>",
        minute(trade.entry_time),
        price(trade.entry_price),
        minute(trade.exit_time),
        price(trade.exit_price),
        words(trade.reason),
        signed(pnl(trade)),
        y + 1.0,
        5.0 * size,
        9.0 * size,
        10.0 * size,
        if stopped { "stop" } else { "exit" }
    );
}
