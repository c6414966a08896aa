//! The limits, as they are set.

use crate::{
    limits::{Currency, CurrencyLimits, Limits},
    store,
};
use audit::Change;
use kit::{Error, Result, SystemTx, TenantTx, Tx};

/// The most currencies that a tenant limits.
const MOST_CURRENCIES: usize = 50;

pub(crate) async fn list<K>(tx: &mut Tx<K>) -> Result<Vec<CurrencyLimits>> {
    store::limits::list(tx).await
}

/// Sets all limits of a currency; what is absent is not limited any more.
pub(crate) async fn set(tx: &mut TenantTx, currency: &Currency, limits: &Limits) -> Result<CurrencyLimits> {
    // what is being let through at this moment was so by the old ones
    store::figures::lock(tx).await?;
    let before = store::limits::find(tx, currency).await?;
    if before.is_none() && list(tx).await?.len() >= MOST_CURRENCIES {
        let message = format!("{MOST_CURRENCIES} currencies are limited, the most that can be; remove one first.");
        return Err(Error::conflict("TOO_MANY_CURRENCIES", message).with("limit", MOST_CURRENCIES));
    }
    store::limits::set(tx, currency, limits).await?;
    written(tx, currency, before).await
}

pub(crate) async fn set_platform(tx: &mut SystemTx, currency: &Currency, limits: &Limits) -> Result<CurrencyLimits> {
    let before = store::limits::find(tx, currency).await?;
    store::limits::set_platform(tx, currency, limits).await?;
    written(tx, currency, before).await
}

async fn written<K>(tx: &mut Tx<K>, currency: &Currency, before: Option<CurrencyLimits>) -> Result<CurrencyLimits> {
    let after = find(tx, currency).await?;
    let change = Change::new("risk_limits", currency, "risk_limits.set").after(&after);
    audit::record(tx, if let Some(before) = before { change.before(before) } else { change }).await?;
    Ok(after)
}

pub(crate) async fn remove(tx: &mut TenantTx, currency: &Currency) -> Result<()> {
    let before = find(tx, currency).await?;
    store::limits::remove(tx, currency).await?;
    audit::record(tx, Change::new("risk_limits", currency, "risk_limits.removed").before(before)).await
}

pub(crate) async fn remove_platform(tx: &mut SystemTx, currency: &Currency) -> Result<()> {
    let before = find(tx, currency).await?;
    store::limits::remove_platform(tx, currency).await?;
    audit::record(tx, Change::new("risk_limits", currency, "risk_limits.removed").before(before)).await
}

async fn find<K>(tx: &mut Tx<K>, currency: &Currency) -> Result<CurrencyLimits> {
    store::limits::find(tx, currency).await?.ok_or_else(|| Error::not_found("limits"))
}
