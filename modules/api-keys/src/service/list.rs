use super::form::ListKeys;
use crate::{
    store::{self, Key},
    view::{KeyView, ListView},
};
use auth::protocol::invalid;
use kit::{Result, TenantTx};
use std::cmp::Ordering;

/// The user's own keys in the tenant. There are never many, so they are put in order here.
///
/// # Errors
/// 400 for an order that nobody knows.
pub(crate) async fn list(tx: &mut TenantTx, wish: &ListKeys) -> Result<ListView> {
    let mut keys = store::list(tx, None).await?;
    keys.sort_by(by(wish.sort_by.as_deref().unwrap_or("createdAt"))?);
    if wish.sort_direction.as_deref() == Some("desc") {
        keys.reverse();
    }
    let page = keys.iter().skip(wish.offset.unwrap_or(0)).take(wish.limit.unwrap_or(usize::MAX));
    let api_keys = page.map(KeyView::from).collect();
    Ok(ListView { api_keys, total: keys.len(), limit: wish.limit, offset: wish.offset })
}

fn by(field: &str) -> Result<fn(&Key, &Key) -> Ordering> {
    Ok(match field {
        "createdAt" => |a, b| a.created_at.cmp(&b.created_at),
        "updatedAt" => |a, b| a.updated_at.cmp(&b.updated_at),
        "name" => |a, b| a.name.cmp(&b.name),
        "expiresAt" => |a, b| a.expires_at.cmp(&b.expires_at),
        "lastRequest" => |a, b| a.last_request.cmp(&b.last_request),
        "requestCount" => |a, b| a.request_count.cmp(&b.request_count),
        _ => return Err(invalid("query", "sortBy", "Invalid input: keys are not sorted by this")),
    })
}
