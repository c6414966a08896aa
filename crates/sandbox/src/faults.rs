//! Faults that can be ordered, each for what it matches and as often as was said.

use rand::{RngExt, SeedableRng, rngs::StdRng};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Serialize};

/// The most faults at a time.
const MOST: usize = 1_000;
/// The longest delay, in milliseconds.
const LONGEST: u64 = 600_000;

/// What goes wrong.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Nothing is done, and nobody answers.
    TimeoutBefore,
    /// It is done, and nobody answers.
    TimeoutAfter,
    /// Nothing is done, and the answer is an error of the server.
    ErrorBefore,
    /// It is done, and the answer is an error of the server.
    ErrorAfter,
    /// 429.
    TooManyRequests,
    /// 418.
    Banned,
    /// The answer takes its time.
    Slow,
    /// The house leaves only a part of what an order wants.
    PartialFill,
    /// All is 503.
    Maintenance,
    /// The clock by which requests are signed goes wrong.
    ClockDrift,
    /// Messages of streams are lost.
    DropMessages,
    /// They come twice.
    DuplicateMessages,
    /// They come after the ones that follow.
    ReorderMessages,
    /// The connection is cut in the place of a message.
    CutConnection,
}

impl Kind {
    /// Whether it is about messages of streams.
    #[must_use]
    pub const fn is_of_streams(self) -> bool {
        matches!(self, Self::DropMessages | Self::DuplicateMessages | Self::ReorderMessages | Self::CutConnection)
    }

    /// Whether it holds as long as it is there, and is not spent.
    const fn is_a_state(self) -> bool {
        matches!(self, Self::ClockDrift)
    }
}

/// A fault as it is ordered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Order {
    /// What goes wrong.
    pub kind: Kind,
    /// Where: what a path or the name of a stream begins with; everywhere, if nothing is said.
    #[serde(default)]
    pub path: String,
    /// For which method; for all, if nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// How often; until it is taken away, if nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// How likely, from 0 to 1.
    #[serde(default = "certain")]
    pub probability: Decimal,
    /// What the likelihood is drawn by.
    #[serde(default)]
    pub seed: u64,
    /// The status of `error-before` and `error-after`.
    #[serde(default = "unavailable")]
    pub status: u16,
    /// Seconds of `too-many-requests` and `banned`.
    #[serde(default = "a_minute")]
    pub retry_after: u32,
    /// Milliseconds of `slow`, and of `clock-drift`, where they may be negative.
    #[serde(default)]
    pub ms: i64,
    /// The part of `partial-fill`.
    #[serde(default = "half")]
    pub fraction: Decimal,
}

const fn certain() -> Decimal {
    Decimal::ONE
}

const fn unavailable() -> u16 {
    503
}

const fn a_minute() -> u32 {
    60
}

const fn half() -> Decimal {
    Decimal::from_parts(5, 0, 0, false, 1)
}

impl Order {
    /// Whether its figures make sense.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), String> {
        let part = |it: Decimal| (Decimal::ZERO..=Decimal::ONE).contains(&it);
        let methods = ["GET", "POST", "PUT", "DELETE"];
        if self.path.len() > 200 {
            return Err("`path` has at most 200 characters".to_owned());
        }
        if self.method.as_deref().is_some_and(|it| !methods.contains(&it)) {
            return Err(format!("`method` is one of {}", methods.join(", ")));
        }
        if !part(self.probability) || !part(self.fraction) {
            return Err("`probability` and `fraction` are from 0 to 1".to_owned());
        }
        if !(500..=599).contains(&self.status) || self.retry_after > 604_800 {
            return Err("`status` is from 500 to 599, `retryAfter` at most 604800".to_owned());
        }
        if self.ms.unsigned_abs() > LONGEST || self.kind == Kind::Slow && self.ms < 0 {
            return Err(format!("`ms` is at most {LONGEST}, and never negative for `slow`"));
        }
        if self.count == Some(0) {
            return Err("`count` is at least 1".to_owned());
        }
        Ok(())
    }
}

/// A fault that is waiting or at work.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    id: u64,
    #[serde(flatten)]
    order: Order,
    /// How often it has struck.
    hits: u64,
    #[serde(skip)]
    dice: StdRng,
}

/// All faults, the oldest first.
#[derive(Debug, Default)]
pub struct Faults {
    list: Vec<Fault>,
    last: u64,
}

impl Faults {
    /// Orders one; gives its number.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn order(&mut self, order: Order) -> Result<u64, String> {
        order.check()?;
        if self.list.len() >= MOST {
            return Err(format!("there are {MOST} faults already"));
        }
        self.last += 1;
        let dice = StdRng::seed_from_u64(order.seed);
        self.list.push(Fault { id: self.last, order, hits: 0, dice });
        Ok(self.last)
    }

    /// All of them.
    #[must_use]
    pub fn list(&self) -> &[Fault] {
        &self.list
    }

    /// Takes one away, or all; gives how many.
    pub fn clear(&mut self, id: Option<u64>) -> usize {
        let before = self.list.len();
        self.list.retain(|fault| id.is_some_and(|id| fault.id != id));
        before - self.list.len()
    }

    /// The fault that strikes a request.
    pub fn strike(&mut self, method: &str, path: &str) -> Option<Order> {
        self.find(|order| {
            !order.kind.is_of_streams()
                && !order.kind.is_a_state()
                && path.starts_with(&order.path)
                && order.method.as_deref().is_none_or(|it| it == method)
        })
    }

    /// The fault that strikes a message.
    pub fn strike_message(&mut self, stream: &str) -> Option<Kind> {
        if self.list.is_empty() {
            return None;
        }
        self.find(|order| order.kind.is_of_streams() && stream.starts_with(&order.path)).map(|order| order.kind)
    }

    /// By how much the clock goes wrong.
    #[must_use]
    pub fn drift(&self) -> i64 {
        self.list.iter().filter(|it| it.order.kind == Kind::ClockDrift).map(|it| it.order.ms).sum()
    }

    fn find(&mut self, matches: impl Fn(&Order) -> bool) -> Option<Order> {
        let struck = |fault: &mut Fault| {
            let chance = fault.order.probability.to_f64().unwrap_or(1.0);
            matches(&fault.order) && (chance >= 1.0 || fault.dice.random_bool(chance))
        };
        let index = self.list.iter_mut().position(struck)?;
        let fault = &mut self.list[index];
        fault.hits += 1;
        let order = fault.order.clone();
        if let Some(left) = &mut fault.order.count {
            *left -= 1;
            if *left == 0 {
                self.list.remove(index);
            }
        }
        Some(order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(json: &str) -> Order {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_fault_strikes_what_it_matches_and_as_often_as_was_said() {
        let mut faults = Faults::default();
        faults.order(order(r#"{"kind":"timeout-after","path":"/api/v3/order","method":"POST","count":2}"#)).unwrap();
        assert_eq!(faults.strike("GET", "/api/v3/order"), None);
        assert_eq!(faults.strike("POST", "/api/v3/time"), None);
        for _ in 0..2 {
            assert_eq!(faults.strike("POST", "/api/v3/order").map(|it| it.kind), Some(Kind::TimeoutAfter));
        }
        assert_eq!(faults.strike("POST", "/api/v3/order"), None);
        assert!(faults.list().is_empty());
    }

    #[test]
    fn what_is_likely_is_the_same_for_the_same_seed() {
        let strikes = |seed: u64| {
            let mut faults = Faults::default();
            faults.order(order(&format!(r#"{{"kind":"slow","ms":5,"probability":"0.3","seed":{seed}}}"#))).unwrap();
            (0..1_000).map(|_| faults.strike("GET", "/").is_some()).collect::<Vec<_>>()
        };
        assert_eq!(strikes(7), strikes(7));
        assert_ne!(strikes(7), strikes(8));
        let struck = strikes(7).iter().filter(|it| **it).count();
        assert!((230..370).contains(&struck), "{struck}");
    }

    #[test]
    fn drifts_add_up_and_are_never_spent() {
        let mut faults = Faults::default();
        faults.order(order(r#"{"kind":"clock-drift","ms":-3000}"#)).unwrap();
        let id = faults.order(order(r#"{"kind":"clock-drift","ms":500}"#)).unwrap();
        assert_eq!((faults.strike("GET", "/"), faults.drift()), (None, -2_500));
        assert_eq!((faults.clear(Some(id)), faults.drift()), (1, -3_000));
        assert_eq!((faults.clear(None), faults.drift()), (1, 0));
    }

    #[test]
    fn figures_that_make_no_sense_are_refused() {
        for json in [
            r#"{"kind":"slow","ms":-1}"#,
            r#"{"kind":"slow","ms":600001}"#,
            r#"{"kind":"error-before","status":200}"#,
            r#"{"kind":"slow","probability":"1.1"}"#,
            r#"{"kind":"slow","count":0}"#,
            r#"{"kind":"slow","method":"PATCH"}"#,
        ] {
            assert!(Faults::default().order(order(json)).is_err(), "{json}");
        }
        assert!(serde_json::from_str::<Order>(r#"{"kind":"slow","colour":1}"#).is_err());
    }
}
