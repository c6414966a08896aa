//! Trades, and the candles that are made of them.

use super::candles::{Accepted, DataFile};
use crate::{
    ReadMarketData, WriteMarketData,
    service::{
        Imported, MAX_UPLOAD, MarketCandle,
        file::ExportFilter,
        trades::{
            self, Derivation, ImportedTrades, KindAsked, MadeOf, MarketTrade, TradeFile, TradeFilter, TradeMarket,
            TradeSeries, TradeSeriesFilter, export,
        },
    },
};
use kit::{Caller, Download, Feed, Json, NoContent, Page, Paging, Path, Query, Result, delete, get, post};
use std::io::Cursor;
use uuid::Uuid;

/// Lists trades of a market, the oldest first; with `before`, the newest first.
#[get("/api/v1/market-data/trades")]
pub(super) async fn list_trades(
    caller: Caller<ReadMarketData>,
    Query(market): Query<TradeMarket>,
    Query(filter): Query<TradeFilter>,
) -> Result<Feed<MarketTrade>> {
    let mut tx = caller.begin().await?;
    let trades = trades::trades(&mut tx, &market, &filter).await?;
    Ok(Feed::new(trades, filter.limit(), MarketTrade::place))
}

/// Makes candles of a market's trades as they are asked for, also such as are shorter than a minute.
///
/// Only candles are answered of which all of the time was seen, between the first trade and the last. Where nothing was
/// traded, there is no candle. A part may hold fewer candles than its limit and go on all the same, where they are of
/// many trades.
#[get("/api/v1/market-data/trades/candles")]
pub(super) async fn trade_candles(
    caller: Caller<ReadMarketData>,
    Query(market): Query<TradeMarket>,
    Query(asked): Query<MadeOf>,
) -> Result<Feed<MarketCandle>> {
    let mut tx = caller.begin().await?;
    let (candles, full) = trades::made(&mut tx, &market, &asked).await?;
    Ok(Feed::new(candles, full, |candle| candle.open_time.to_string()))
}

/// Exports the trades of a market as CSV or, where `Accept` says `application/x-ndjson`, as lines of JSON.
///
/// The file is made while it is sent, and its CSV can be imported again as it is. Where it breaks off, the connection
/// does.
#[get("/api/v1/market-data/trades/export")]
pub(super) async fn export_trades(
    caller: Caller<ReadMarketData>,
    Query(market): Query<TradeMarket>,
    Query(asked): Query<KindAsked>,
    Query(filter): Query<ExportFilter>,
    Accepted(format): Accepted,
) -> Result<Download> {
    let kind = export::kind(&mut caller.begin().await?, &market, asked).await?;
    let (media_type, name) = filter.file("trades", format);
    Ok(Download::new(media_type, name, export::file(caller, market, kind, &filter, format)?))
}

/// Imports trades of a market from a CSV file: plain, gzip, zstd, or the only file of a zip.
///
/// The columns are those of Binance's dumps of trades (`id,price,qty,quoteQty,time,isBuyerMaker,isBestMatch`) or of
/// aggregate trades (`aggId,price,qty,firstId,lastId,time,isBuyerMaker,isBestMatch`), with or without a header and the
/// last column; the numbers ascend. All of the file is imported or, with the first line that is wrong, nothing. A trade
/// that is there already takes the figures of the file, unless the exchange told it. The series is the tenant's own; no
/// other tenant sees it.
#[post("/api/v1/market-data/trades/import")]
pub(super) async fn import_trades(
    caller: Caller<WriteMarketData>,
    Query(market): Query<TradeMarket>,
    DataFile(file): DataFile,
) -> Result<Json<ImportedTrades>> {
    let file = file.read(MAX_UPLOAD).await?;
    let file = TradeFile::check(move || Ok(Cursor::new(file.clone())), caller.app().clock().now()).await?;
    let tx = caller.begin().await?;
    Ok(Json(trades::import_trades(tx, &market, file).await?))
}

/// Makes candles of a market's trades and writes them into the tenant's own series.
///
/// They have the origin `derived`: what a file or the exchange has told stays as it is, and takes their place later.
/// Without `from` and `to` only candles are made of which all of the time was seen, between the first trade and the
/// last; who says `from` and `to` says that no trade is missing between them. Where nothing was traded, there is no
/// candle.
#[post("/api/v1/market-data/candles/derive")]
pub(super) async fn derive_candles(
    caller: Caller<WriteMarketData>,
    Json(derivation): Json<Derivation>,
) -> Result<Json<Imported>> {
    let Derivation { market, kind, from, to } = derivation;
    let tx = caller.begin().await?;
    Ok(Json(trades::derive(tx, &market, kind, (from, to)).await?))
}

/// Lists the series of trades that the tenant sees: its own and the platform's.
///
/// Sort by `symbol`, `exchange`, `tradeCount`, `firstTradeTime`, `lastTradeTime` or `updatedAt`.
#[get("/api/v1/market-data/trade-series")]
pub(super) async fn list_trade_series(
    caller: Caller<ReadMarketData>,
    Query(filter): Query<TradeSeriesFilter>,
    paging: Paging,
) -> Result<Page<TradeSeries>> {
    let mut tx = caller.begin().await?;
    let (series, total) = trades::list(&mut tx, &filter, &paging).await?;
    Ok(Page::new(series, &paging, total))
}

/// Deletes a series of the tenant's own with all its trades; candles that were made of them stay.
#[delete("/api/v1/market-data/trade-series/{id}")]
pub(super) async fn remove_trades(caller: Caller<WriteMarketData>, Path(id): Path<Uuid>) -> Result<NoContent> {
    let mut tx = caller.begin().await?;
    trades::remove(&mut tx, id).await?;
    tx.commit().await?;
    Ok(NoContent)
}
