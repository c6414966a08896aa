use crate::{ReadSecurity, event::EventView, filter::EventFilter, service::events};
use kit::{Caller, Cursor, Feed, Operator, Query, Reason, Result, SignedIn, get};

/// Lists what was noticed about the user's own account, the newest first.
#[get("/api/user/security-events")]
pub(crate) async fn list_own_events(
    user: SignedIn,
    Query(filter): Query<EventFilter>,
    Query(cursor): Query<Cursor>,
) -> Result<Feed<EventView>> {
    let mut tx = user.begin().await?;
    let events = events::own(&mut tx, user.app(), &filter, &cursor).await?;
    Ok(Feed::new(events, cursor.limit(), |event| event.id.to_string()))
}

/// Lists what was noticed about the tenant and its members in it, the newest first.
#[get("/api/v1/security/events")]
pub(crate) async fn list_events(
    caller: Caller<ReadSecurity>,
    Query(filter): Query<EventFilter>,
    Query(cursor): Query<Cursor>,
) -> Result<Feed<EventView>> {
    let mut tx = caller.begin().await?;
    let events = events::of_tenant(&mut tx, caller.app(), &filter, &cursor).await?;
    Ok(Feed::new(events, cursor.limit(), |event| event.id.to_string()))
}

/// Lists what was noticed on the whole platform, the newest first.
#[get("/api/v1/security/platform/events")]
pub(crate) async fn list_platform_events(
    caller: Operator<ReadSecurity>,
    Query(filter): Query<EventFilter>,
    Query(cursor): Query<Cursor>,
) -> Result<Feed<EventView>> {
    let mut tx = caller.begin_across(Reason::Security).await?;
    let events = events::all(&mut tx, caller.app(), &filter, &cursor).await?;
    Ok(Feed::new(events, cursor.limit(), |event| event.id.to_string()))
}
