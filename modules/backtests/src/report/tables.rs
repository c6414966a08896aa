//! The tables of the report: months, ways out, settings and trades.

use super::{
    format::{duration, grouped, minute, money, number, percent, signed, signed_percent},
    table::Table,
};
use crate::curve::Month;
use std::{collections::BTreeMap, fmt::Write};
use trading::{backtest::Contribution, metrics::approximate, order::Purpose, position::Trade};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The returns of the months as a heat map, a row a year.
pub(super) fn months(months: &[Month]) -> String {
    let mut years: BTreeMap<i32, [Option<f64>; 12]> = BTreeMap::new();
    for month in months {
        let row = years.entry(month.year).or_default();
        if let Some(cell) = row.get_mut(month.month.saturating_sub(1) as usize) {
            *cell = Some(month.gain);
        }
    }
    let hottest = months.iter().map(|month| month.gain.abs()).fold(0.0, f64::max);
    let heads = ["Year"].into_iter().chain(MONTHS).chain(["Whole"]);
    let mut table = Table::of("months", "Monthly returns in per cent", heads);
    for (year, gains) in years.iter().rev() {
        let whole = gains.iter().flatten().map(|gain| 1.0 + gain).product::<f64>() - 1.0;
        let mut cells: String = gains.iter().map(|gain| cell(*gain, hottest)).collect();
        let _ = write!(cells, "<td class=\"year {}\">{}</td>", sign(whole), percent(whole));
        table.row(&year.to_string(), &cells);
    }
    table.end()
}

/// A month: the larger its return beside the others', the stronger its colour.
fn cell(gain: Option<f64>, hottest: f64) -> String {
    let Some(gain) = gain else { return "<td class=\"none\"></td>".to_owned() };
    let heat = if hottest > 0.0 { 8.0 + 62.0 * (gain.abs() / hottest).sqrt() } else { 0.0 };
    // a month that reads as 0.0 has no colour
    let gain = (gain * 1_000.0).round() / 1_000.0;
    let class = if gain > 0.0 {
        "up"
    } else if gain < 0.0 {
        "down"
    } else {
        ""
    };
    format!("<td class=\"{class}\" style=\"--heat:{heat:.0}%\">{}</td>", grouped(gain * 100.0, 1))
}

/// The class that colours a profit.
pub(super) fn sign(value: f64) -> &'static str {
    if value > 0.0 {
        "gain"
    } else if value < 0.0 {
        "loss"
    } else {
        ""
    }
}

/// Names and texts, which are markup already.
pub(super) fn pairs(caption: &str, heads: [&str; 2], rows: &[(&str, String)]) -> String {
    let mut table = Table::new(caption, heads);
    rows.iter().for_each(|(name, text)| table.row(name, &format!("<td>{text}</td>")));
    table.end()
}

pub(super) fn words(reason: Purpose) -> &'static str {
    match reason {
        Purpose::Entry => "Entry",
        Purpose::Exit => "Signal",
        Purpose::StopLoss => "Stop loss",
        Purpose::TrailingStop => "Trailing stop",
        Purpose::TakeProfit => "Take profit",
        Purpose::MaxHold => "Longest time",
        Purpose::MaxDrawdown => "Largest drawdown",
        Purpose::Stopped => "Stopped",
    }
}

pub(super) fn pnl(trade: &Trade) -> f64 {
    approximate(trade.pnl.decimal())
}

/// For how long a trade went on.
pub(super) fn held(trade: &Trade) -> String {
    duration(trade.exit_time.millis() - trade.entry_time.millis())
}

/// What a trade earned of what it cost.
pub(super) fn gain(trade: &Trade) -> f64 {
    let cost = approximate((trade.entry_price * trade.quantity).decimal());
    if cost > 0.0 { pnl(trade) / cost } else { 0.0 }
}

/// How trades ended: one row for each reason.
pub(super) fn ways_out(trades: &[Trade]) -> String {
    let mut ways: Vec<(&str, Vec<&Trade>)> = vec![];
    for trade in trades {
        let reason = words(trade.reason);
        match ways.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, of)) => of.push(trade),
            None => ways.push((reason, vec![trade])),
        }
    }
    ways.sort_by_key(|(_, of)| std::cmp::Reverse(of.len()));
    let mut table = Table::new("How trades ended", ["Reason", "Trades", "Won", "Profit"]);
    for (reason, of) in &ways {
        let won = of.iter().filter(|trade| trade.pnl.is_positive()).count();
        let profit: f64 = of.iter().map(|trade| pnl(trade)).sum();
        let cells = format!(
            "<td>{}</td><td>{}</td><td class=\"{}\">{}</td>",
            of.len(),
            percent(number(won) / number(of.len())),
            sign(profit),
            signed(profit)
        );
        table.row(reason, &cells);
    }
    table.end()
}

/// What each symbol contributed: one row for each.
pub(super) fn symbols(contributions: &[Contribution]) -> String {
    let mut table = Table::new("What each symbol contributed", ["Symbol", "Trades", "Profit", "Fees"]);
    for Contribution { symbol, trades, pnl, fees } in contributions {
        let (profit, fees) = (approximate(pnl.decimal()), approximate(fees.decimal()));
        let (class, profit) = (sign(profit), signed(profit));
        let cells = format!("<td>{trades}</td><td class=\"{class}\">{profit}</td><td>{}</td>", money(fees));
        table.row(symbol.as_str(), &cells);
    }
    table.end()
}

const HEADS: [&str; 9] = ["#", "Entry", "Price", "Exit", "Price", "Held", "Quantity", "Profit", "Reason"];

/// The first and the last so many trades.
pub(super) fn trades(trades: &[Trade], most: usize) -> String {
    let skipped = trades.len().saturating_sub(2 * most);
    let first = if skipped == 0 { trades.len() } else { most };
    let several = name_symbols(trades);
    let mut table = begin("Closed trades", several);
    for (index, trade) in trades.iter().enumerate() {
        if index < first || index >= first + skipped {
            row(index + 1, trade, &mut table);
        } else if index == first {
            let count = HEADS.len() + usize::from(several);
            table.push(&format!("<tr><td class=\"skipped\" colspan=\"{count}\">… {skipped} more …</td></tr>"));
        }
    }
    table.end()
}

/// So many trades, in order of what they earned: the best first, or the worst.
pub(super) fn ranked(trades: &[Trade], most: usize, best: bool) -> String {
    let mut order: Vec<usize> = (0..trades.len()).collect();
    let by_profit = |a: &usize, b: &usize| trades[*a].pnl.cmp(&trades[*b].pnl);
    order.sort_by(|a, b| if best { by_profit(b, a) } else { by_profit(a, b) }.then(a.cmp(b)));
    let mut table = begin(if best { "Best trades" } else { "Worst trades" }, name_symbols(trades));
    order.iter().take(most).for_each(|&index| row(index + 1, &trades[index], &mut table));
    table.end()
}

/// Whether trades are of several symbols, and say of which.
fn name_symbols(trades: &[Trade]) -> bool {
    trades.iter().any(|trade| trade.symbol.is_some())
}

fn begin(caption: &str, several: bool) -> Table {
    let (number, others) = HEADS.split_at(1);
    let symbol: &[&str] = if several { &["Symbol"] } else { &[] };
    Table::new(caption, number.iter().chain(symbol).chain(others).copied())
}

fn row(place: usize, trade: &Trade, table: &mut Table) {
    let symbol = trade.symbol.map_or_else(String::new, |symbol| format!("<td class=\"word\">{symbol}</td>"));
    let cells = format!(
        "{symbol}<td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>\
         <td class=\"{}\">{} ({})</td><td class=\"word\">{}</td>",
        minute(trade.entry_time),
        money(approximate(trade.entry_price.decimal())),
        minute(trade.exit_time),
        money(approximate(trade.exit_price.decimal())),
        held(trade),
        trade.quantity.decimal().round_sf(8).unwrap_or_default().normalize(),
        sign(pnl(trade)),
        signed(pnl(trade)),
        signed_percent(gain(trade)),
        words(trade.reason)
    );
    table.row(&place.to_string(), &cells);
}
