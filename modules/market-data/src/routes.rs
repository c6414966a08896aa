use crate::{
    GapReport, Market, ReadMarketData, WriteMarketData,
    indicators::{self, Computation, IndicatorKind, Values},
    service::{self, CandleFilter, GapFilter, Imported, MAX_UPLOAD, MarketCandle, Series, SeriesFilter},
};
use axum::{
    extract::{FromRequest, Request},
    http::{StatusCode, header::CONTENT_TYPE},
};
use bytes::Buf;
use kit::{
    App, Caller, Error, Feed, Input, Json, NoContent, Operation, Page, Paging, Path, Query, Result, Route, Upload,
    delete, get, post, routes,
};
use uuid::Uuid;

pub(crate) static ROUTES: &[Route] =
    routes![markets, candles, import, gaps, remove, list_indicators, compute_indicator];

/// Lists the series of candles that the tenant sees: its own and the platform's.
#[get("/api/v1/market-data/markets")]
async fn markets(
    caller: Caller<ReadMarketData>,
    Query(filter): Query<SeriesFilter>,
    paging: Paging,
) -> Result<Page<Series>> {
    let mut tx = caller.begin().await?;
    let (series, total) = service::list(&mut tx, &filter, &paging).await?;
    Ok(Page::new(series, &paging, total))
}

/// Lists candles of a market, the oldest first; with `before`, the newest first.
#[get("/api/v1/market-data/candles")]
async fn candles(
    caller: Caller<ReadMarketData>,
    Query(market): Query<Market>,
    Query(filter): Query<CandleFilter>,
) -> Result<Feed<MarketCandle>> {
    let mut tx = caller.begin().await?;
    let candles = service::candles(&mut tx, &market, &filter).await?;
    Ok(Feed::new(candles, filter.limit(), |candle| candle.open_time.to_string()))
}

/// Imports candles of a market from a CSV file, plain or gzip.
///
/// The columns are `open_time_ms,open,high,low,close,volume`, or the twelve of a Binance dump. All
/// of the file is imported or, with the first line that is wrong, nothing. A candle that is there
/// already takes the figures of the file. The series is the tenant's own; no other tenant sees it.
#[post("/api/v1/market-data/candles/import")]
async fn import(
    caller: Caller<WriteMarketData>,
    Query(market): Query<Market>,
    CandleFile(file): CandleFile,
) -> Result<Json<Imported>> {
    let file = file.read(MAX_UPLOAD).await?;
    let candles = service::parse(&market, file.reader()).await?;
    let tx = caller.begin().await?;
    Ok(Json(service::import(tx, &market, candles).await?))
}

/// Tells which candles of a market are missing between those that are there.
#[get("/api/v1/market-data/gaps")]
async fn gaps(
    caller: Caller<ReadMarketData>,
    Query(market): Query<Market>,
    Query(filter): Query<GapFilter>,
) -> Result<Json<GapReport>> {
    let mut tx = caller.begin().await?;
    Ok(Json(service::gaps(&mut tx, &market, &filter).await?))
}

/// Deletes a series of the tenant's own with all its candles.
#[delete("/api/v1/market-data/series/{id}")]
async fn remove(caller: Caller<WriteMarketData>, Path(id): Path<Uuid>) -> Result<NoContent> {
    let mut tx = caller.begin().await?;
    service::remove(&mut tx, id).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Lists the kinds of indicators with their parameters, defaults and outputs.
#[get("/api/v1/indicators")]
async fn list_indicators(_: Caller<ReadMarketData>) -> Result<Json<Vec<IndicatorKind>>> {
    Ok(Json(indicators::catalogue()))
}

/// Computes an indicator on the candles of a market.
#[post("/api/v1/indicators/compute")]
async fn compute_indicator(
    caller: Caller<ReadMarketData>,
    Json(computation): Json<Computation>,
) -> Result<Json<Values>> {
    let mut tx = caller.begin().await?;
    Ok(Json(indicators::compute(&mut tx, &computation).await?))
}

/// A file as the body, of a type that files have.
struct CandleFile(Upload);

const FILE_TYPES: [&str; 5] =
    ["text/csv", "text/plain", "application/gzip", "application/x-gzip", "application/octet-stream"];

impl FromRequest<App> for CandleFile {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        let content_type = request.headers().get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
        let essence = content_type.map(|it| it.split(';').next().unwrap_or_default().trim());
        if essence.is_some_and(|essence| FILE_TYPES.iter().all(|known| !essence.eq_ignore_ascii_case(known))) {
            let message = "Send the file itself as the body, as text/csv or application/gzip: \
                           curl --data-binary @file.csv.gz -H 'Content-Type: application/gzip' …";
            return Err(Error::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message));
        }
        Upload::from_request(request, app).await.map(Self)
    }
}

impl Input for CandleFile {
    fn describe(operation: &mut Operation) {
        Upload::describe(operation);
        operation.error(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
}
