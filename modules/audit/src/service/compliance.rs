//! What touched the personal data of a tenant's members, for whoever must answer for it.

use crate::{
    Change, record,
    service::export::cell,
    store::compliance as store,
    view::{Bounds, Deed, Period},
};
use kit::{Error, Result, SystemTx, TenantTx};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

/// What the report tells of: personal data taken along, people forgotten, and what they agreed to.
const ACTIONS: [&str; 8] = [
    "export.asked",
    "export.fetched",
    "user.erasure-planned",
    "user.erasure-withdrawn",
    "user.erased",
    "user.deleted",
    "consent.granted",
    "consent.withdrawn",
];
/// How many events a report holds at most.
const MOST: i64 = 10_000;

/// What touched the personal data of the tenant's members in a period.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ComplianceReport")]
pub(crate) struct Report {
    /// How often members had their data made into an archive, or fetched one.
    accesses: usize,
    /// How often members wished to be forgotten, took that back, or were.
    erasures: usize,
    /// How often members agreed to something or took that back.
    consents: usize,
    /// All of these, the oldest first.
    events: Vec<Deed>,
}

/// Records that somebody has the report made.
pub(crate) async fn note(tx: &mut TenantTx, period: &Period) -> Result<()> {
    record(tx, Change::new("audit", tx.tenant(), "audit.reported").after(period)).await
}

/// The report on a tenant. What its members did outside any tenant counts while they were members, which the tenant's
/// own trail tells.
///
/// # Errors
/// 422 `PERIOD_TOO_LONG`.
pub(crate) async fn report(tx: &mut SystemTx, tenant: Uuid, period: &Period) -> Result<Report> {
    let actions = ACTIONS.map(str::to_owned);
    let events = store::deeds(tx, tenant, Bounds::between(period.from, period.to), &actions, MOST + 1).await?;
    if i64::try_from(events.len()).is_ok_and(|count| count > MOST) {
        let message = format!("More than {MOST} events: choose a shorter period.");
        return Err(Error::invalid("from", "PERIOD_TOO_LONG", message));
    }
    let count = |kind: &str| events.iter().filter(|it| it.action.starts_with(kind)).count();
    Ok(Report { accesses: count("export."), erasures: count("user."), consents: count("consent."), events })
}

impl Report {
    pub(crate) fn csv(&self) -> String {
        let rows = self.events.iter().map(|it| {
            let user = it.user_id.map(|id| id.to_string()).unwrap_or_default();
            let details = it.details.as_ref().map(ToString::to_string).unwrap_or_default();
            let cells = [it.id.to_string(), it.at.to_string(), user, it.action.clone(), details];
            format!("{}\r\n", cells.map(|text| cell(&text)).join(","))
        });
        format!("id,at,userId,action,details\r\n{}", rows.collect::<String>())
    }
}
