//! What keeps live bots from making entries.

use crate::{limits::Currency, store};
use audit::Change;
use garde::Validate;
use kit::{Error, Result, Scope, SystemTx, TenantTx, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Those who are woken when a halt of the platform begins or ends.
const TOPIC: &str = "risk";

/// Why entries are halted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, sqlx::Type)]
#[serde(rename_all = "camelCase")]
#[sqlx(type_name = "text", rename_all = "camelCase")]
#[schemars(rename = "HaltCause")]
pub enum Cause {
    /// The day has lost what it may lose; it ends with the UTC day.
    DailyLoss,
    /// The profit has fallen too far from its peak.
    Drawdown,
    /// Somebody said so.
    Manual,
    /// An operator of the platform said so, for all tenants.
    Platform,
}

/// A halt: while it holds, live bots make no entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Halt {
    pub id: Uuid,
    pub cause: Cause,
    /// Of this currency only; `null` for all.
    pub currency: Option<String>,
    /// What happened, or why somebody wanted it.
    pub message: String,
    pub at: Time,
    /// When it ends by itself, if it does.
    pub until: Option<Time>,
    pub lifted_at: Option<Time>,
}

/// A halt as it is asked for.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(crate) struct NewHalt {
    /// Why.
    #[garde(length(chars, min = 1, max = 500))]
    pub(crate) reason: String,
    /// Only of bots that trade for this currency; of all without.
    pub(crate) currency: Option<Currency>,
}

/// What becomes of the live bots when the platform halts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, sqlx::Type)]
#[serde(rename_all = "camelCase")]
#[sqlx(type_name = "text", rename_all = "camelCase")]
#[schemars(rename = "PlatformStop")]
pub enum Stopping {
    /// They make no entries; what they hold is looked after.
    #[default]
    None,
    /// They are stopped and keep their coins.
    Keep,
    /// They are stopped and sell.
    Sell,
}

/// A halt of the platform as it is asked for.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct NewPlatformHalt {
    /// Why; every tenant reads it.
    #[garde(length(chars, min = 1, max = 500))]
    pub reason: String,
    /// What becomes of the bots besides.
    #[serde(default)]
    pub stop: Stopping,
}

/// A halt of the platform.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlatformHalt {
    pub id: Uuid,
    pub message: String,
    pub stop: Stopping,
    pub at: Time,
    pub lifted_at: Option<Time>,
}

/// The topics on which a tenant's live bots are told that a halt begins or ends: the platform's and its own.
#[must_use]
pub fn topics(scope: Scope) -> [String; 2] {
    [TOPIC.to_owned(), scope.key(TOPIC)]
}

/// The halts that hold for live bots of a currency, the tenant's and the platform's, the oldest first.
pub async fn in_force(tx: &mut TenantTx, currency: &str) -> Result<Vec<Halt>> {
    store::halts::in_force(tx, Some(currency)).await
}

/// Halts the tenant's live bots by hand.
pub(crate) async fn halt(tx: &mut TenantTx, new: &NewHalt) -> Result<Halt> {
    let currency = new.currency.as_ref().map(|it| it.as_str().to_owned());
    begin(tx, Cause::Manual, currency, new.reason.clone(), None).await
}

/// Begins a halt, in the transaction that found its reason.
pub(crate) async fn begin(
    tx: &mut TenantTx,
    cause: Cause,
    currency: Option<String>,
    message: String,
    until: Option<Time>,
) -> Result<Halt> {
    let (id, at) = (tx.new_id(), tx.now());
    let halt = Halt { id, cause, currency, message, at, until, lifted_at: None };
    store::halts::insert(tx, &halt).await?;
    audit::record(tx, Change::new("risk_halt", id, "risk_halt.began").after(&halt)).await?;
    let topic = tx.scope().key(TOPIC);
    tx.announce(&topic).await?;
    Ok(halt)
}

/// Ends a halt before its time. What was lost until now, or since the peak, does not count against the limit again.
pub(crate) async fn lift(tx: &mut TenantTx, id: Uuid) -> Result<Halt> {
    let before = store::halts::lock(tx, id).await?.ok_or_else(|| Error::not_found("halt"))?;
    if before.lifted_at.is_some() || before.until.is_some_and(|until| until <= tx.now()) {
        return Err(Error::conflict("HALT_OVER", "The halt is over already."));
    }
    store::halts::lift(tx, id).await?;
    match (before.cause, &before.currency) {
        (Cause::DailyLoss, Some(currency)) => store::figures::forgive_loss(tx, currency).await?,
        (Cause::Drawdown, Some(currency)) => store::figures::forget_peak(tx, currency).await?,
        _ => {}
    }
    let after = Halt { lifted_at: Some(tx.now()), ..before.clone() };
    audit::record(tx, Change::new("risk_halt", id, "risk_halt.lifted").before(&before).after(&after)).await?;
    let topic = tx.scope().key(TOPIC);
    tx.announce(&topic).await?;
    Ok(after)
}

/// Halts the live bots of all tenants; what is to become of them besides is for the caller to see to.
pub async fn halt_platform(tx: &mut SystemTx, new: &NewPlatformHalt) -> Result<PlatformHalt> {
    let (id, at, message) = (tx.new_id(), tx.now(), new.reason.clone());
    let halt = PlatformHalt { id, message, stop: new.stop, at, lifted_at: None };
    store::halts::insert_platform(tx, &halt).await?;
    audit::record(tx, Change::new("risk_halt", id, "risk_halt.began").after(&halt)).await?;
    tx.announce(TOPIC).await?;
    Ok(halt)
}

pub(crate) async fn lift_platform(tx: &mut SystemTx, id: Uuid) -> Result<PlatformHalt> {
    let before = store::halts::lock_platform(tx, id).await?.ok_or_else(|| Error::not_found("halt"))?;
    if before.lifted_at.is_some() {
        return Err(Error::conflict("HALT_OVER", "The halt is over already."));
    }
    store::halts::lift_platform(tx, id).await?;
    let after = PlatformHalt { lifted_at: Some(tx.now()), ..before.clone() };
    audit::record(tx, Change::new("risk_halt", id, "risk_halt.lifted").before(&before).after(&after)).await?;
    tx.announce(TOPIC).await?;
    Ok(after)
}
