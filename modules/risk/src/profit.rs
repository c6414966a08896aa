//! What live bots have earned, and when that is too little to go on.

use crate::{
    halts::{self, Cause, Halt},
    limits::{Bound, Limit},
    store,
};
use kit::{Result, TenantTx, Time};
use rust_decimal::Decimal;
use trading::money::Notional;
use uuid::Uuid;

/// How the live bots of a currency stand together.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    pub(crate) currency: String,
    /// What was earned since ever, by deleted bots too.
    pub(crate) profit: Decimal,
    /// The most that it was.
    pub(crate) peak: Decimal,
    /// What was earned in this UTC day.
    pub(crate) today: Decimal,
    /// So much of the day's loss does not count.
    pub(crate) forgiven: Decimal,
    /// What the bots that are at work began with.
    pub(crate) capital: Decimal,
    /// All positions and waiting purchases.
    pub(crate) exposure: Decimal,
    /// The largest of a bot.
    pub(crate) largest: Decimal,
    /// Entries in the last minute.
    pub(crate) orders: i64,
}

impl Figures {
    /// What the day has lost and counts.
    pub(crate) fn loss(&self) -> Decimal {
        (-self.today - self.forgiven).max(Decimal::ZERO)
    }

    /// How far the profit is below its peak, in per cent of the capital.
    pub(crate) fn drawdown(&self) -> Decimal {
        let fallen = (self.peak - self.profit) * Decimal::ONE_HUNDRED;
        fallen.checked_div(self.capital).unwrap_or_default().round_dp(6)
    }
}

/// Takes in what a live bot has earned since it was made, coins at the last price; answers the halts that follow from it,
/// which begin in this transaction.
pub async fn report(tx: &mut TenantTx, currency: &str, profits: &[(Uuid, Notional)]) -> Result<Vec<Halt>> {
    if profits.is_empty() {
        return Ok(vec![]);
    }
    let change = store::figures::tell(tx, currency, profits).await?;
    if !change.is_zero() {
        store::figures::move_peak(tx, currency, change).await?;
    }
    let bounds = store::limits::bounds(tx, currency).await?;
    let (loss, drawdown) = (bounds.of(Limit::MaxDailyLoss), bounds.of(Limit::MaxDrawdownPercent));
    if loss.or(drawdown).is_none() {
        return Ok(vec![]);
    }
    let Some(figures) = store::figures::all(tx, Some(currency)).await?.pop() else { return Ok(vec![]) };
    let breaches = [loss.and_then(|it| lost(&figures, it)), drawdown.and_then(|it| fallen(&figures, it))];
    let held = halts::in_force(tx, currency).await?;
    let mut begun = vec![];
    for (cause, message) in breaches.into_iter().flatten() {
        if !held.iter().any(|halt| halt.cause == cause) {
            let until = (cause == Cause::DailyLoss).then(|| midnight(tx.now()));
            begun.push(halts::begin(tx, cause, Some(currency.to_owned()), message, until).await?);
        }
    }
    Ok(begun)
}

/// Whether the day has lost too much.
pub(crate) fn lost(figures: &Figures, Bound { owner, allowed }: Bound) -> Option<(Cause, String)> {
    let (loss, currency) = (figures.loss().normalize(), &figures.currency);
    let message = format!("The day has lost {loss} {currency}; the limit of the {owner} is {allowed}.");
    (loss >= allowed).then_some((Cause::DailyLoss, message))
}

/// Whether the profit has fallen too far.
pub(crate) fn fallen(figures: &Figures, Bound { owner, allowed }: Bound) -> Option<(Cause, String)> {
    let (drawdown, currency) = (figures.drawdown().normalize(), &figures.currency);
    let message = format!(
        "The profit in {currency} is {drawdown} % of the capital below its peak; the limit of the {owner} is {allowed} %."
    );
    (drawdown >= allowed).then_some((Cause::Drawdown, message))
}

/// When the UTC day of a moment ends.
fn midnight(at: Time) -> Time {
    const DAY: i64 = 86_400_000;
    Time::from_millis((at.millis().div_euclid(DAY) + 1) * DAY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Owner;

    fn figures(profit: i64, peak: i64, today: i64, forgiven: i64, capital: i64) -> Figures {
        let [profit, peak, today, forgiven, capital] = [profit, peak, today, forgiven, capital].map(Decimal::from);
        let (exposure, largest, currency) = (Decimal::ZERO, Decimal::ZERO, "USDT".to_owned());
        Figures { currency, profit, peak, today, forgiven, capital, exposure, largest, orders: 0 }
    }

    fn bound(allowed: i64) -> Bound {
        Bound { owner: Owner::Tenant, allowed: allowed.into() }
    }

    #[test]
    fn a_limit_is_broken_by_what_reaches_it() {
        assert!(lost(&figures(0, 0, -50, 0, 0), bound(50)).is_some());
        assert!(lost(&figures(0, 0, -49, 0, 0), bound(50)).is_none());
        assert!(lost(&figures(0, 0, 60, 0, 0), bound(50)).is_none());
        assert!(lost(&figures(0, 0, -90, 60, 0), bound(50)).is_none(), "what was forgiven does not count");
        assert!(fallen(&figures(100, 300, 0, 0, 1_000), bound(20)).is_some());
        assert!(fallen(&figures(101, 300, 0, 0, 1_000), bound(20)).is_none());
        assert!(fallen(&figures(0, 300, 0, 0, 0), bound(20)).is_none(), "nothing is ventured");
    }

    #[test]
    fn a_day_ends_at_midnight_and_not_before() {
        let at = |millis| midnight(Time::from_millis(millis)).millis();
        assert_eq!((at(0), at(86_399_999), at(86_400_000)), (86_400_000, 86_400_000, 172_800_000));
    }
}
