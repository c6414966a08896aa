use crate::{Geo, Security, event::EventView, filter::*, store};
use kit::{App, Cursor, Result, SystemTx, TenantTx, UserTx};

pub(crate) async fn own(tx: &mut UserTx, app: &App, filter: &EventFilter, cursor: &Cursor) -> Result<Vec<EventView>> {
    let mut events = store::own_events(tx, filter, Span::of(cursor)?).await?;
    // a tenant that was guessed at does not come back as something known
    events.iter_mut().filter_map(|event| event.detail.as_object_mut()).for_each(|detail| drop(detail.remove("tenant")));
    located(app, events)
}

pub(crate) async fn of_tenant(
    tx: &mut TenantTx,
    app: &App,
    filter: &EventFilter,
    cursor: &Cursor,
) -> Result<Vec<EventView>> {
    located(app, store::tenant_events(tx, filter, Span::of(cursor)?).await?)
}

pub(crate) async fn all(tx: &mut SystemTx, app: &App, filter: &EventFilter, cursor: &Cursor) -> Result<Vec<EventView>> {
    located(app, store::all_events(tx, filter, Span::of(cursor)?).await?)
}

/// The events, with the country of each address as the server knows it now.
fn located(app: &App, mut events: Vec<EventView>) -> Result<Vec<EventView>> {
    let Some(geo) = &app.the::<Security>()?.settings.geo else { return Ok(events) };
    for event in &mut events {
        event.country = event.ip.as_deref().and_then(|ip| country(geo, ip));
    }
    Ok(events)
}

fn country(geo: &Geo, ip: &str) -> Option<String> {
    geo.find(ip.parse().ok()?).map(|place| place.country())
}
