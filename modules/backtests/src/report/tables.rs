//! The tables of the report: months, ways out, settings and trades.

use super::format::{duration, grouped, minute, money, percent, signed, signed_percent};
use crate::curve::Month;
use rust_decimal::prelude::ToPrimitive;
use std::{collections::BTreeMap, fmt::Write};
use trading::{backtest::Contribution, order::Purpose, position::Trade};

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
    let heads: String = MONTHS.iter().map(|month| format!("<th scope=\"col\">{month}</th>")).collect();
    let mut html = format!(
        "<table class=\"months\"><thead><tr><th scope=\"col\">Year</th>{heads}<th scope=\"col\">Whole</th></tr></thead>\
         <tbody>"
    );
    for (year, gains) in years.iter().rev() {
        let whole = gains.iter().flatten().map(|gain| 1.0 + gain).product::<f64>() - 1.0;
        let cells: String = gains.iter().map(|gain| cell(*gain, hottest)).collect();
        let sign = sign(whole);
        let _ = write!(
            html,
            "<tr><th scope=\"row\">{year}</th>{cells}<td class=\"year {sign}\">{}</td></tr>",
            percent(whole)
        );
    }
    html.push_str("</tbody></table>");
    html
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

/// A pair of names and texts, which are markup already.
pub(super) fn pairs(rows: &[(&str, String)]) -> String {
    let rows: String = rows.iter().map(|(name, text)| format!("<tr><td>{name}</td><td>{text}</td></tr>")).collect();
    format!("<table><tbody>{rows}</tbody></table>")
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

fn float(value: rust_decimal::Decimal) -> f64 {
    value.to_f64().unwrap_or_default()
}

pub(super) fn pnl(trade: &Trade) -> f64 {
    float(trade.pnl.decimal())
}

/// For how long a trade went on.
pub(super) fn held(trade: &Trade) -> String {
    duration(trade.exit_time.millis() - trade.entry_time.millis())
}

/// What a trade earned of what it cost.
pub(super) fn gain(trade: &Trade) -> f64 {
    let cost = float((trade.entry_price * trade.quantity).decimal());
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
    let mut html =
        "<table><thead><tr><th scope=\"col\">Reason</th><th scope=\"col\">Trades</th><th scope=\"col\">Won</th>\
                    <th scope=\"col\">Profit</th></tr></thead><tbody>"
            .to_owned();
    for (reason, of) in &ways {
        let won = of.iter().filter(|trade| trade.pnl.is_positive()).count();
        let profit: f64 = of.iter().map(|trade| pnl(trade)).sum();
        let _ = write!(
            html,
            "<tr><td>{reason}</td><td>{}</td><td>{}</td><td class=\"{}\">{}</td></tr>",
            of.len(),
            percent(ratio(won, of.len())),
            sign(profit),
            signed(profit)
        );
    }
    html.push_str("</tbody></table>");
    html
}

/// What each symbol contributed: one row for each.
pub(super) fn symbols(contributions: &[Contribution]) -> String {
    let mut html =
        "<table><thead><tr><th scope=\"col\">Symbol</th><th scope=\"col\">Trades</th><th scope=\"col\">Profit</th>\
                    <th scope=\"col\">Fees</th></tr></thead><tbody>"
            .to_owned();
    for Contribution { symbol, trades, pnl, fees } in contributions {
        let (profit, fees) = (float(pnl.decimal()), float(fees.decimal()));
        let _ = write!(
            html,
            "<tr><td>{symbol}</td><td>{trades}</td><td class=\"{}\">{}</td><td>{}</td></tr>",
            sign(profit),
            signed(profit),
            money(fees)
        );
    }
    html.push_str("</tbody></table>");
    html
}

#[expect(clippy::cast_precision_loss, reason = "a percentage on a page")]
fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

const HEADS: [&str; 9] = ["#", "Entry", "Price", "Exit", "Price", "Held", "Quantity", "Profit", "Reason"];

/// The first and the last so many trades.
pub(super) fn trades(trades: &[Trade], most: usize) -> String {
    let skipped = trades.len().saturating_sub(2 * most);
    let first = if skipped == 0 { trades.len() } else { most };
    let several = name_symbols(trades);
    let mut rows = String::new();
    for (index, trade) in trades.iter().enumerate() {
        if index < first || index >= first + skipped {
            row(index + 1, trade, &mut rows);
        } else if index == first {
            let count = HEADS.len() + usize::from(several);
            let _ = write!(rows, "<tr><td class=\"skipped\" colspan=\"{count}\">… {skipped} more …</td></tr>");
        }
    }
    table(several, &rows)
}

/// So many trades, in order of what they earned: the best first, or the worst.
pub(super) fn ranked(trades: &[Trade], most: usize, best: bool) -> String {
    let mut order: Vec<usize> = (0..trades.len()).collect();
    let by_profit = |a: &usize, b: &usize| trades[*a].pnl.cmp(&trades[*b].pnl);
    order.sort_by(|a, b| if best { by_profit(b, a) } else { by_profit(a, b) }.then(a.cmp(b)));
    let mut rows = String::new();
    order.iter().take(most).for_each(|&index| row(index + 1, &trades[index], &mut rows));
    table(name_symbols(trades), &rows)
}

/// Whether trades are of several symbols, and say of which.
fn name_symbols(trades: &[Trade]) -> bool {
    trades.iter().any(|trade| trade.symbol.is_some())
}

fn table(several: bool, rows: &str) -> String {
    let (number, others) = HEADS.split_at(1);
    let symbol: &[&str] = if several { &["Symbol"] } else { &[] };
    let word = |head: &str| if ["Symbol", "Reason"].contains(&head) { " class=\"word\"" } else { "" };
    let heads: String = [number, symbol, others]
        .concat()
        .iter()
        .map(|head| format!("<th scope=\"col\"{}>{head}</th>", word(head)))
        .collect();
    format!("<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>")
}

fn row(number: usize, trade: &Trade, html: &mut String) {
    let symbol = trade.symbol.map_or_else(String::new, |symbol| format!("<td class=\"word\">{symbol}</td>"));
    let _ = write!(
        html,
        "<tr><td>{number}</td>{symbol}<td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>\
         <td class=\"{}\">{} ({})</td><td class=\"word\">{}</td></tr>",
        minute(trade.entry_time),
        money(float(trade.entry_price.decimal())),
        minute(trade.exit_time),
        money(float(trade.exit_price.decimal())),
        held(trade),
        trade.quantity.decimal().round_sf(8).unwrap_or_default().normalize(),
        sign(pnl(trade)),
        signed(pnl(trade)),
        signed_percent(gain(trade)),
        words(trade.reason)
    );
}
