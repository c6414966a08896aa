use crate::{
    ReadSecurity,
    access_log::Access,
    filter::{AccessFilter, Span},
    store,
};
use kit::{Caller, Cursor, Feed, Operator, Query, Reason, Result, get};

/// Lists who called what in the tenant, the newest first.
#[get("/api/v1/security/access-log")]
pub(crate) async fn list_accesses(
    caller: Caller<ReadSecurity>,
    Query(filter): Query<AccessFilter>,
    Query(cursor): Query<Cursor>,
) -> Result<Feed<Access>> {
    let mut tx = caller.begin().await?;
    let accesses = store::tenant_accesses(&mut tx, &filter, Span::of(&cursor)?).await?;
    Ok(Feed::new(accesses, cursor.limit(), |access| access.id.to_string()))
}

/// Lists who called what on the whole platform, and who was refused, the newest first.
#[get("/api/v1/security/platform/access-log")]
pub(crate) async fn list_platform_accesses(
    caller: Operator<ReadSecurity>,
    Query(filter): Query<AccessFilter>,
    Query(cursor): Query<Cursor>,
) -> Result<Feed<Access>> {
    let mut tx = caller.begin_across(Reason::Security).await?;
    let accesses = store::all_accesses(&mut tx, &filter, Span::of(&cursor)?).await?;
    Ok(Feed::new(accesses, cursor.limit(), |access| access.id.to_string()))
}
