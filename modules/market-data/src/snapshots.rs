//! Order books that were kept as their exchange told them.

use crate::{
    Exchange,
    book::{self, OrderBook},
    service::{retention::days_ago, trades::TradeMarket},
    store,
};
use audit::Change;
use configurations::Setting;
use garde::Validate;
use kit::{App, Cursor, Error, Level, Result, TenantTx, Time, Tx, kind::Kind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use trading::{money::Symbol, time::Timestamp};
use uuid::Uuid;

pub(crate) static MOST_SNAPSHOTS: Setting<i64> = Setting::integer(
    "market-data.most-book-snapshots",
    [1, 10_000, 10_000_000],
    &[Level::System],
    "How many stored order books a tenant may have.",
);
/// Levels a side that are kept, if not said.
const USUAL_LEVELS: u16 = 100;
/// Levels a side of each book of a list, at most and if not said.
const LISTED_LEVELS: [i32; 2] = [100, 10];

/// Which book is to be kept.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewBookSnapshot")]
pub(crate) struct SnapshotWish {
    #[garde(skip)]
    exchange: Exchange,
    #[garde(skip)]
    symbol: Symbol,
    /// At most so many levels a side: 1000 at most, 100 if not said.
    #[garde(range(min = 1, max = 1_000))]
    levels: Option<u16>,
}

/// An order book as its exchange told it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BookSnapshot {
    pub(crate) id: Uuid,
    /// Whether it is the platform's, which every tenant reads, and not the tenant's own.
    pub(crate) shared: bool,
    #[serde(flatten)]
    pub(crate) book: OrderBook,
    /// When the exchange was asked.
    pub(crate) taken_at: Time,
}

/// Which books of a market are asked for.
#[derive(Deserialize, JsonSchema, Validate)]
#[garde(allow_unvalidated)]
pub(crate) struct SnapshotFilter {
    /// Only books of this time or later.
    from: Option<Time>,
    /// Only books before this time.
    to: Option<Time>,
    /// At most so many levels a side: 100 at most, 10 if not said.
    levels: Option<i32>,
}

/// Asks the exchange and keeps what it says, for the tenant, or for all where a system transaction is begun. None is
/// open while the exchange is asked.
pub(crate) async fn take<K: Kind>(
    app: &App,
    wish: SnapshotWish,
    begin: impl AsyncFnOnce() -> Result<Tx<K>>,
) -> Result<BookSnapshot> {
    let SnapshotWish { exchange, symbol, levels } = wish;
    let book = book::ask(app, exchange, symbol, levels.unwrap_or(USUAL_LEVELS)).await?;
    let mut tx = begin().await?;
    within_limit(&mut tx).await?;
    let (id, taken_at, shared) = (tx.new_id(), tx.now(), tx.inside().is_none());
    store::insert_snapshot(&mut tx, id, &book).await?;
    let about = json!({
        "exchange": &book.exchange, "symbol": &book.symbol, "lastUpdateId": book.last_update_id,
        "bids": book.bids.len(), "asks": book.asks.len(),
    });
    audit::record(&mut tx, Change::new("book_snapshot", id, "book_snapshot.taken").after(&about)).await?;
    tx.commit().await?;
    Ok(BookSnapshot { id, shared, book, taken_at })
}

async fn within_limit<K: Kind>(tx: &mut Tx<K>) -> Result<()> {
    let most = MOST_SNAPSHOTS.get(tx).await?;
    if store::own_snapshots(tx).await? < most {
        return Ok(());
    }
    let message = format!("There may be {most} stored order books; delete one first.");
    Err(Error::conflict("TOO_MANY_SNAPSHOTS", message).with("limit", most))
}

pub(crate) async fn list(
    tx: &mut TenantTx,
    market: &TradeMarket,
    filter: &SnapshotFilter,
    cursor: &Cursor,
) -> Result<Vec<BookSnapshot>> {
    let [most, usual] = LISTED_LEVELS;
    let levels = filter.levels.unwrap_or(usual).clamp(1, most);
    let after = place(cursor.after.as_deref(), "after")?.max(filter.from.map(just_before)).unwrap_or(Uuid::nil());
    let until = [place(cursor.before.as_deref(), "before")?, filter.to.map(just_before)];
    let before = until.into_iter().flatten().min().unwrap_or(Uuid::max());
    let newest_first = cursor.after.is_none();
    store::list_snapshots(tx, market, (after, before), newest_first, (cursor.limit(), levels)).await
}

/// An identifier that nothing has, between those before this moment and those from it on.
fn just_before(moment: Time) -> Uuid {
    let millis = u128::try_from(moment.millis()).unwrap_or(0).min((1 << 48) - 1);
    Uuid::from_u128(millis << 80)
}

fn place(text: Option<&str>, path: &str) -> Result<Option<Uuid>> {
    let place = text.map(Uuid::parse_str).transpose();
    place.map_err(|_| Error::invalid(path, "BAD_CURSOR", "Not a place among the order books."))
}

pub(crate) async fn get(tx: &mut TenantTx, id: Uuid) -> Result<BookSnapshot> {
    store::find_snapshot(tx, id).await?.ok_or_else(|| Error::not_found("snapshot"))
}

/// Deletes one of the tenant's own.
pub(crate) async fn remove(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    let snapshot = store::delete_snapshot(tx, id).await?.ok_or_else(|| Error::not_found("snapshot"))?;
    let (exchange, symbol) = snapshot;
    let about = json!({ "exchange": exchange, "symbol": symbol });
    audit::record(tx, Change::new("book_snapshot", id, "book_snapshot.deleted").before(&about)).await
}

/// Removes the tenant's own that are older than so many days.
pub(crate) async fn prune(mut tx: TenantTx, days: i64) -> Result<()> {
    let before: Timestamp = days_ago(tx.now(), days);
    let removed = store::delete_snapshots_before(&mut tx, before).await?;
    if removed == 0 {
        return Ok(());
    }
    let about = json!({ "before": Time::from_millis(before.millis()), "removed": removed, "retentionDays": days });
    let tenant = tx.tenant();
    audit::record(&mut tx, Change::new("book_snapshots", tenant, "book_snapshots.pruned").after(&about)).await?;
    tx.commit().await
}
