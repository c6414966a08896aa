//! Trades and equity as files, made while they are sent.

use crate::{ReadBacktests, packed, service::Equity, store};
use bytes::Bytes;
use futures::{
    Stream,
    stream::{once, try_unfold},
};
use kit::{Caller, Format, Result};
use serde::Serialize;
use serde_json::Value;
use std::{fmt::Write, sync::Arc};
use tokio::task::spawn_blocking;
use trading::position::Trade;
use uuid::Uuid;

const TRADE_HEAD: &str =
    "symbol,entryIndex,entryTime,entryPrice,exitIndex,exitTime,exitPrice,quantity,fees,pnl,reason\r\n";
const EQUITY_HEAD: &str = "time,equity,buyAndHold\r\n";

/// What the file of trades is called.
pub(crate) fn trades_file(format: Format) -> &'static str {
    match format {
        Format::Csv => "trades.csv",
        Format::Json => "trades.ndjson",
    }
}

/// What the file of the equity is called.
pub(crate) fn equity_file(format: Format) -> &'static str {
    match format {
        Format::Csv => "equity.csv",
        Format::Json => "equity.ndjson",
    }
}

/// The trades in their order, a stored part at a time. No connection is held while somebody reads slowly.
pub(crate) fn trades(
    caller: Caller<ReadBacktests>,
    id: Uuid,
    format: Format,
) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
    let caller = Arc::new(caller);
    try_unfold(0, move |part| {
        let caller = caller.clone();
        async move {
            let stored = store::trades_part(&mut caller.begin().await?, id, part).await?;
            let head = if part == 0 && format == Format::Csv { TRADE_HEAD } else { "" };
            let Some(stored) = stored else {
                // a file without trades has its heads all the same
                return Ok((part == 0).then(|| (Bytes::from(head), i32::MAX)));
            };
            let write = move || packed::trades(&stored).map(|trades| rows(head, &trades, format));
            let text = spawn_blocking(write).await.map_err(kit::Error::internal)??;
            Ok(Some((Bytes::from(text), part + 1)))
        }
    })
}

fn rows(head: &str, trades: &[Trade], format: Format) -> String {
    let mut text = head.to_owned();
    for trade in trades {
        match format {
            Format::Csv => row(trade, &mut text),
            Format::Json => line(trade, &mut text),
        }
    }
    text
}

fn row(trade: &Trade, text: &mut String) {
    // a reason is written as a JSON text, whose words need no quotes
    let reason = serde_json::to_value(trade.reason).unwrap_or_default();
    let symbol = trade.symbol.map_or_else(String::new, |symbol| symbol.to_string());
    let Trade { entry_index, entry_time, entry_price, exit_index, exit_time, exit_price, quantity, fees, pnl, .. } =
        trade;
    // writing to a String cannot fail
    let _ = write!(
        text,
        "{symbol},{entry_index},{},{entry_price},{exit_index},{},{exit_price},{quantity},{fees},{pnl},{}\r\n",
        entry_time.millis(),
        exit_time.millis(),
        reason.as_str().unwrap_or_default()
    );
}

fn line(row: &impl Serialize, text: &mut String) {
    // a row is made of numbers and texts, which always serialise
    text.push_str(&serde_json::to_string(row).unwrap_or_default());
    text.push('\n');
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Point<'a> {
    time: &'a Value,
    equity: &'a Value,
    buy_and_hold: Option<&'a Value>,
}

/// The points of the equity in their order: two thousand at most, so they are one part.
pub(crate) fn equity(equity: &Equity, format: Format) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
    let empty = vec![];
    let points = equity.equity.as_array().unwrap_or(&empty);
    let held = equity.buy_and_hold.as_array().unwrap_or(&empty);
    let mut text = if format == Format::Csv { EQUITY_HEAD.to_owned() } else { String::new() };
    for (index, point) in points.iter().enumerate() {
        let point = Point { time: &point[0], equity: &point[1], buy_and_hold: held.get(index).map(|held| &held[1]) };
        match format {
            Format::Csv => {
                let amount = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let held = point.buy_and_hold.map(amount).unwrap_or_default();
                let _ = write!(text, "{},{},{held}\r\n", point.time, amount(point.equity));
            }
            Format::Json => line(&point, &mut text),
        }
    }
    once(async { Ok(Bytes::from(text)) })
}
