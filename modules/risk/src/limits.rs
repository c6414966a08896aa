use garde::Validate;
use kit::{Error, Time};
use rust_decimal::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt};
use trading::money::{Notional, Percent};

/// How much live bots may venture of a currency. What is absent is not limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "LiveLimits")]
pub(crate) struct Limits {
    /// The largest value of an order that opens or enlarges a position.
    #[garde(custom(positive))]
    pub(crate) max_order_notional: Option<Notional>,
    /// The largest value of a bot's position with its waiting purchases, the order included.
    #[garde(custom(positive))]
    pub(crate) max_position_notional: Option<Notional>,
    /// The largest value of all positions and waiting purchases, the order included.
    #[garde(custom(positive))]
    pub(crate) max_exposure: Option<Notional>,
    /// The most orders that open or enlarge a position, of all bots in any 60 seconds.
    #[garde(range(min = 1, max = 100_000))]
    pub(crate) max_orders_per_minute: Option<i32>,
    /// The loss of all bots in a UTC day, held coins at their last prices, from which on there are no entries.
    #[garde(custom(positive))]
    pub(crate) max_daily_loss: Option<Notional>,
    /// How far the profit of all bots may fall from its peak, in per cent of their capital.
    #[garde(custom(within_a_hundred))]
    pub(crate) max_drawdown_percent: Option<Percent>,
    /// How far the price of an order may lie from the last one, in per cent.
    #[garde(custom(within_a_hundred))]
    pub(crate) price_collar: Option<Percent>,
}

fn positive(amount: &Option<Notional>, (): &()) -> garde::Result {
    match amount {
        Some(amount) if !amount.is_positive() => Err(garde::Error::new("must be above 0; leave it out for no limit")),
        _ => Ok(()),
    }
}

fn within_a_hundred(percent: &Option<Percent>, (): &()) -> garde::Result {
    match percent {
        Some(percent) if percent.is_zero() || percent.decimal() > Decimal::ONE_HUNDRED => {
            Err(garde::Error::new("must be above 0 and at most 100; leave it out for no limit"))
        }
        _ => Ok(()),
    }
}

/// What is limited, by the name of its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "LimitName")]
pub enum Limit {
    MaxOrderNotional,
    MaxPositionNotional,
    MaxExposure,
    MaxOrdersPerMinute,
    MaxDailyLoss,
    MaxDrawdownPercent,
    PriceCollar,
}

impl Limit {
    pub(crate) const ALL: [Self; 7] = [
        Self::MaxOrderNotional,
        Self::MaxPositionNotional,
        Self::MaxExposure,
        Self::MaxOrdersPerMinute,
        Self::MaxDailyLoss,
        Self::MaxDrawdownPercent,
        Self::PriceCollar,
    ];
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl Limits {
    fn of(&self, limit: Limit) -> Option<Decimal> {
        let amount = |amount: Option<Notional>| amount.map(|it| it.decimal().normalize());
        let percent = |percent: Option<Percent>| percent.map(|it| it.decimal().normalize());
        match limit {
            Limit::MaxOrderNotional => amount(self.max_order_notional),
            Limit::MaxPositionNotional => amount(self.max_position_notional),
            Limit::MaxExposure => amount(self.max_exposure),
            Limit::MaxOrdersPerMinute => self.max_orders_per_minute.map(Decimal::from),
            Limit::MaxDailyLoss => amount(self.max_daily_loss),
            Limit::MaxDrawdownPercent => percent(self.max_drawdown_percent),
            Limit::PriceCollar => percent(self.price_collar),
        }
    }
}

/// Who has set a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "LimitOwner")]
pub enum Owner {
    Tenant,
    Platform,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// A limit that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bound {
    pub(crate) owner: Owner,
    pub(crate) allowed: Decimal,
}

/// What the tenant and the platform have set for a currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) tenant: Limits,
    pub(crate) platform: Limits,
}

impl Bounds {
    /// The stricter of both.
    pub(crate) fn of(&self, limit: Limit) -> Option<Bound> {
        let of = |owner, limits: &Limits| limits.of(limit).map(|allowed| Bound { owner, allowed });
        let both = [of(Owner::Tenant, &self.tenant), of(Owner::Platform, &self.platform)];
        both.into_iter().flatten().min_by_key(|bound| bound.allowed)
    }

    /// Whether what other bots do at this moment matters.
    pub(crate) fn bind_together(&self) -> bool {
        [Limit::MaxExposure, Limit::MaxOrdersPerMinute].into_iter().any(|limit| self.of(limit).is_some())
    }
}

/// Limits of a currency as they are told.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CurrencyLimits")]
pub(crate) struct CurrencyLimits {
    /// The quote currency that the amounts are in.
    pub(crate) currency: Currency,
    #[serde(flatten)]
    pub(crate) limits: Limits,
    pub(crate) updated_at: Time,
}

/// A quote currency: 1 to 20 capital letters and digits, such as `USDT`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Currency(String);

impl JsonSchema for Currency {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Currency".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[A-Z0-9]{1,20}$", "examples": ["USDT"] })
    }
}

impl Currency {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Currency {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        if (1..=20).contains(&name.len()) && name.bytes().all(plain) {
            return Ok(Self(name));
        }
        let start: String = name.chars().take(40).collect();
        Err(format!("`{start}` is no currency; expected capital letters and digits, such as USDT"))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An amount of the database's, within the bounds in which it can be reckoned with.
pub(crate) fn notional(amount: Decimal) -> kit::Result<Notional> {
    amount.try_into().map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(text: &str) -> Limits {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn the_stricter_limit_holds_whoever_has_set_it() {
        let tenant = limits(r#"{"maxExposure": "100", "maxOrdersPerMinute": 9, "priceCollar": "5"}"#);
        let platform = limits(r#"{"maxExposure": "99.5", "maxOrdersPerMinute": 10, "maxDailyLoss": "7"}"#);
        let bounds = Bounds { tenant, platform };
        let held = |limit| bounds.of(limit).map(|it| (it.owner, it.allowed.to_string()));
        assert_eq!(held(Limit::MaxExposure), Some((Owner::Platform, "99.5".to_owned())));
        assert_eq!(held(Limit::MaxOrdersPerMinute), Some((Owner::Tenant, "9".to_owned())));
        assert_eq!(held(Limit::PriceCollar), Some((Owner::Tenant, "5".to_owned())));
        assert_eq!(held(Limit::MaxDailyLoss), Some((Owner::Platform, "7".to_owned())));
        assert_eq!(held(Limit::MaxOrderNotional), None);
    }

    #[test]
    fn every_limit_that_can_be_set_has_a_name_and_is_found_by_it() {
        let all = limits(
            r#"{"maxOrderNotional": "1", "maxPositionNotional": "1", "maxExposure": "1", "maxOrdersPerMinute": 1,
                "maxDailyLoss": "1", "maxDrawdownPercent": "1", "priceCollar": "1"}"#,
        );
        let fields = serde_json::to_value(all).unwrap();
        let names: Vec<_> = Limit::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(fields.as_object().unwrap().keys().collect::<Vec<_>>().len(), names.len());
        for (limit, name) in Limit::ALL.iter().zip(&names) {
            assert!(!fields[name].is_null(), "{name}");
            assert_eq!(all.of(*limit), Some(Decimal::ONE), "{name}");
        }
    }
}
