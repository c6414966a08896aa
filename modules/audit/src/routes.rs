use crate::{
    ReadAudit,
    service::{self, Entry, Filter},
};
use kit::{Caller, Cursor, Feed, Query, Result, Route, get, routes};

pub(crate) static ROUTES: &[Route] = routes![list];

/// Lists the tenant's audit entries, the newest first.
#[get("/api/v1/audit")]
async fn list(
    caller: Caller<ReadAudit>,
    Query(filter): Query<Filter>,
    Query(cursor): Query<Cursor>,
) -> Result<Feed<Entry>> {
    let mut tx = caller.begin().await?;
    let entries = service::list(&mut tx, &filter, &cursor).await?;
    Ok(Feed::new(entries, cursor.limit(), |entry| entry.id.to_string()))
}
