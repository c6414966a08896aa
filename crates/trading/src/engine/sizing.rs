//! How much an entry buys.

use super::io::Reason;
use crate::money::{Instrument, Notional, Price, Quantity};
use crate::order::Size;
use crate::strategy::plan::{EntryOrder, Plan, Sizing};

/// The size of an entry, and how far below it a stop must stand for that size to be right.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) size: Size,
    pub(super) risk_distance: Option<Notional>,
}

/// What there is to buy with.
#[derive(Copy, Clone, Debug)]
pub(super) struct Means {
    /// Worth of the whole account.
    pub(super) equity: Notional,
    /// Cash that no open order may spend.
    pub(super) cash: Notional,
}

/// Sizes an entry at the last price. What is sized by value never exceeds the cash at hand.
pub(super) fn entry(
    plan: &Plan,
    instrument: &Instrument,
    means: Means,
    price: Price,
    atr: Option<Notional>,
) -> Result<Entry, Reason> {
    let Means { equity, cash } = means;
    let mut risk_distance = None;
    let budget = match plan.sizing {
        Sizing::FixedQuantity { quantity } => {
            let coins = match plan.orders.entry {
                EntryOrder::Market {} => instrument.market_quantity_down(quantity),
                _ => instrument.quantity_down(quantity),
            };
            // of what is less than a lot, the check says so
            let coins = if coins.is_zero() { quantity } else { coins };
            return Ok(Entry { size: Size::Base(coins), risk_distance });
        }
        Sizing::FixedQuote { quote } => quote,
        Sizing::PercentEquity { percent } => equity.part(percent),
        Sizing::AllIn {} => cash,
        Sizing::RiskPercent { percent } => {
            let stop = plan.protect.stop_loss.ok_or(Reason::NoStop)?;
            by_risk(equity.part(percent), (price * Quantity::ONE).part(stop.percent), price)?
        }
        Sizing::AtrRisk { percent, multiple, .. } => {
            let distance = atr.ok_or(Reason::IndicatorNotReady)?.times(multiple);
            risk_distance = Some(distance);
            by_risk(equity.part(percent), distance, price)?
        }
    };
    let budget = budget.min(cash);
    if budget.is_positive() { Ok(Entry { size: Size::Quote(budget), risk_distance }) } else { Err(Reason::NoCash) }
}

/// What to spend so that a fall by `distance` a coin costs `risk`.
fn by_risk(risk: Notional, distance: Notional, price: Price) -> Result<Notional, Reason> {
    risk.scaled(price * Quantity::ONE, distance).ok_or(Reason::IndicatorNotReady)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn size(plan: Value, atr: Option<&str>) -> Result<Entry, Reason> {
        let plan: Plan = serde_json::from_value(plan).unwrap();
        plan.check().unwrap();
        let instrument = Instrument::unfiltered("BTC/USDT".parse().unwrap());
        let cash = "1000".parse().unwrap();
        entry(
            &plan,
            &instrument,
            Means { equity: cash, cash },
            "50".parse().unwrap(),
            atr.map(|atr| atr.parse().unwrap()),
        )
    }

    #[expect(clippy::needless_pass_by_value, reason = "the cases read better")]
    fn spends(sizing: Value) -> String {
        let plan = json!({"sizing": sizing, "protect": {"stopLoss": {"percent": "4"}}});
        match size(plan, Some("2.5")).unwrap().size {
            Size::Quote(budget) => budget.to_string(),
            Size::Base(coins) => format!("{coins} coins"),
        }
    }

    #[test]
    fn each_sizing_spends_what_its_name_says_but_never_more_than_the_cash() {
        assert_eq!(spends(json!({"kind": "fixedQuantity", "quantity": "3"})), "3 coins");
        assert_eq!(spends(json!({"kind": "fixedQuote", "quote": "150"})), "150");
        assert_eq!(spends(json!({"kind": "fixedQuote", "quote": "1500"})), "1000");
        assert_eq!(spends(json!({"kind": "percentEquity", "percent": "25"})), "250");
        assert_eq!(spends(json!({"kind": "allIn"})), "1000");
        // A stop 4 % below costs 10 of 250 spent: 1 % of the equity.
        assert_eq!(spends(json!({"kind": "riskPercent", "percent": "1"})), "250");
        assert_eq!(spends(json!({"kind": "riskPercent", "percent": "10"})), "1000");
        // Two average true ranges are 5 a coin: two coins of 50 risk 10.
        assert_eq!(spends(json!({"kind": "atrRisk", "percent": "1", "period": 14, "multiple": "2"})), "100");
    }

    #[test]
    fn sizing_by_the_average_true_range_waits_until_there_is_one() {
        let plan = || json!({"sizing": {"kind": "atrRisk", "percent": "1", "period": 14, "multiple": "2"}});
        assert_eq!(size(plan(), None), Err(Reason::IndicatorNotReady));
        assert_eq!(size(plan(), Some("0")), Err(Reason::IndicatorNotReady));
        assert_eq!(size(plan(), Some("2.5")).unwrap().risk_distance, Some("5".parse().unwrap()));
    }
}
