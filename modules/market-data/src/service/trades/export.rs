//! Trades as a file, made while it is sent.

use super::{KindAsked, TradeMarket, read::part};
use crate::{
    ReadMarketData,
    service::{
        file::{ExportFilter, Format, parts},
        timestamp,
    },
    store::{self, Place, TradePart},
};
use bytes::Bytes;
use futures::{FutureExt, Stream};
use kit::{Caller, Result, TenantTx, Time};
use std::{fmt::Write as _, sync::Arc};
use trading::trades::{Trade, TradeKind};

/// How many trades are read at once.
const TRADES: i64 = 5_000;

/// The trades of a market in parts of a file, of this kind. No connection is held while somebody reads slowly.
pub(crate) fn file(
    caller: Caller<ReadMarketData>,
    market: TradeMarket,
    kind: TradeKind,
    filter: &ExportFilter,
    format: Format,
) -> Result<impl Stream<Item = Result<Bytes>> + Send + 'static> {
    let first = part(filter.from.map(timestamp), filter.to.map(timestamp), TRADES);
    let source = Arc::new((caller, market));
    parts(filter.pack, head(format, kind), first, move |part| {
        let source = source.clone();
        async move {
            let (caller, market) = source.as_ref();
            let mut tx = caller.begin().await?;
            let (text, last) = page(&mut tx, (market, kind), part, format).await?;
            Ok((text, last.map(|after| TradePart { after, ..part })))
        }
        .boxed()
    })
}

/// Which kind an export is of, said once before it begins.
pub(crate) async fn kind(tx: &mut TenantTx, market: &TradeMarket, asked: KindAsked) -> Result<TradeKind> {
    Ok(super::series(tx, market, asked.kind).await?.kind)
}

/// The text of a part, and the place of its last trade where others follow.
async fn page(
    tx: &mut TenantTx,
    (market, kind): (&TradeMarket, TradeKind),
    part: TradePart,
    format: Format,
) -> Result<(String, Option<Place>)> {
    let series = super::series(tx, market, Some(kind)).await?;
    let (mut text, mut count, mut last) = (String::new(), 0, None);
    store::each_trade(tx, series.id, part, |trade, _| {
        (count, last) = (count + 1, Some((trade.time, trade.id)));
        // a text takes whatever is written
        let _ = write(&trade, format, &mut text);
        Ok(())
    })
    .await?;
    Ok((text, last.filter(|_| count == TRADES)))
}

fn head(format: Format, kind: TradeKind) -> &'static str {
    match (format, kind) {
        (Format::Csv, TradeKind::Single) => "id,price,qty,quoteQty,time,isBuyerMaker\n",
        (Format::Csv, TradeKind::Aggregate) => "aggId,price,qty,firstId,lastId,time,isBuyerMaker\n",
        (Format::Lines, _) => "",
    }
}

fn write(trade: &Trade, format: Format, text: &mut String) -> std::fmt::Result {
    let Trade { id, time, price, quantity, buyer_is_maker, parts, .. } = *trade;
    match (format, parts) {
        (Format::Csv, None) => {
            writeln!(text, "{id},{price},{quantity},{},{},{buyer_is_maker}", trade.value(), time.millis())
        }
        (Format::Csv, Some((first, last))) => {
            writeln!(text, "{id},{price},{quantity},{first},{last},{},{buyer_is_maker}", time.millis())
        }
        (Format::Lines, parts) => {
            let (time, value) = (Time::from_millis(time.millis()), trade.value());
            write!(
                text,
                r#"{{"id":{id},"time":"{time}","price":"{price}","quantity":"{quantity}","quoteQuantity":"{value}","buyerIsMaker":{buyer_is_maker}"#
            )?;
            if let Some((first, last)) = parts {
                write!(text, r#","firstId":{first},"lastId":{last}"#)?;
            }
            text.write_str("}\n")
        }
    }
}
