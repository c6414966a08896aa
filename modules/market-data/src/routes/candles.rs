use crate::{
    CandleOrigin, Market, ReadMarketData, WriteMarketData,
    service::{
        self, CandleFilter, Imported, MAX_UPLOAD, MarketCandle, export,
        file::{ExportFilter, Format},
    },
};
use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::{
        StatusCode,
        header::{ACCEPT, CONTENT_TYPE},
        request::Parts,
    },
};
use bytes::Buf;
use kit::{App, Caller, Download, Error, Feed, Input, Json, Operation, Query, Result, Upload, get, post};

/// Lists candles of a market, the oldest first; with `before`, the newest first.
#[get("/api/v1/market-data/candles")]
pub(super) async fn candles(
    caller: Caller<ReadMarketData>,
    Query(market): Query<Market>,
    Query(filter): Query<CandleFilter>,
) -> Result<Feed<MarketCandle>> {
    let mut tx = caller.begin().await?;
    let candles = service::candles(&mut tx, &market, &filter).await?;
    Ok(Feed::new(candles, filter.limit(), |candle| candle.open_time.to_string()))
}

/// Exports the candles of a market as CSV or, where `Accept` says `application/x-ndjson`, as lines of JSON.
///
/// The file is made while it is sent and can be imported again as it is. Where it breaks off, the connection does.
#[get("/api/v1/market-data/candles/export")]
pub(super) async fn export_candles(
    caller: Caller<ReadMarketData>,
    Query(market): Query<Market>,
    Query(filter): Query<ExportFilter>,
    Accepted(format): Accepted,
) -> Result<Download> {
    let mut tx = caller.begin().await?;
    service::series(&mut tx, &market).await?;
    drop(tx);
    let (media_type, name) = filter.file("candles", format);
    Ok(Download::new(media_type, name, export::candles(caller, market, &filter, format)?))
}

/// Imports candles of a market from a CSV file: plain, gzip, zstd, or the only file of a zip.
///
/// The columns are `open_time_ms,open,high,low,close,volume`, or the twelve of a Binance dump. All
/// of the file is imported or, with the first line that is wrong, nothing; a candle that opens more than a day from now is. A candle that is there
/// already takes the figures of the file, unless the exchange closed it; what it was is kept among the corrections. The series is the tenant's own; no other tenant sees it.
#[post("/api/v1/market-data/candles/import")]
pub(super) async fn import(
    caller: Caller<WriteMarketData>,
    Query(market): Query<Market>,
    DataFile(file): DataFile,
) -> Result<Json<Imported>> {
    let file = file.read(MAX_UPLOAD).await?;
    let candles = service::parse(&market, file.reader(), caller.app().clock().now()).await?;
    let tx = caller.begin().await?;
    Ok(Json(service::import(tx, &market, CandleOrigin::File, candles).await?))
}

/// In which form a file is wanted.
pub(super) struct Accepted(pub(super) Format);

impl FromRequestParts<App> for Accepted {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self> {
        let accept = parts.headers.get(ACCEPT).and_then(|it| it.to_str().ok()).unwrap_or_default();
        let lines = ["application/x-ndjson", "application/jsonl"].iter().any(|it| accept.contains(it));
        Ok(Self(if lines { Format::Lines } else { Format::Csv }))
    }
}

impl Input for Accepted {
    fn describe(_: &mut Operation) {}
}

/// A file as the body, of a type that files have.
pub(super) struct DataFile(pub(super) Upload);

const FILE_TYPES: [&str; 8] = [
    "text/csv",
    "text/plain",
    "application/gzip",
    "application/x-gzip",
    "application/zstd",
    "application/zip",
    "application/x-zip-compressed",
    "application/octet-stream",
];

impl FromRequest<App> for DataFile {
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

impl Input for DataFile {
    fn describe(operation: &mut Operation) {
        Upload::describe(operation);
        operation.error(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
}
