use super::{Charge, EVERYTHING, LimitSettings, Subject};
use axum::http::Method;
use serde_json::{Value, json};
use std::collections::HashMap;

/// How often an operation may be called. Its attribute says it: `#[post("/path", strict)]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rate {
    /// As often as everything together.
    #[default]
    General,
    /// Rarely, and counted apart: it tests a secret or sends a mail.
    Strict,
    /// Always: those who watch over the server ask it, or it counts its callers by itself.
    Unlimited,
}

/// How an operation is counted.
#[derive(Clone, Copy)]
pub(super) struct Toll {
    path: &'static str,
    pub(super) rate: Rate,
    /// By address even when somebody is signed in: what anyone may try, whoever has many accounts would try with each.
    pub(super) by_address: bool,
}

impl Toll {
    /// What an unknown path costs.
    pub(super) const GENERAL: Self = Self { path: EVERYTHING, rate: Rate::General, by_address: false };

    pub(super) fn strict(&self, subject: Subject, limits: LimitSettings) -> Option<Charge> {
        let strict = self.rate == Rate::Strict;
        strict.then_some(Charge { subject, bucket: self.path, limit: limits.auth_per_minute })
    }
}

/// How the operations of the API are counted, by path and method.
#[derive(Default)]
pub(crate) struct Rates(HashMap<&'static str, Vec<(&'static str, Toll)>>);

impl Rates {
    pub(crate) fn enter(&mut self, method: &'static str, path: &'static str, rate: Rate, public: bool) {
        let toll = Toll { path, rate, by_address: public && rate == Rate::Strict };
        self.0.entry(path).or_default().push((method, toll));
    }

    pub(super) fn find(&self, method: &Method, path: Option<&str>) -> Toll {
        let method = if method == Method::HEAD { Method::GET } else { method.clone() };
        let known = path.and_then(|path| self.0.get(path)).into_iter().flatten();
        let mut known = known.filter(|(name, _)| method.as_str().eq_ignore_ascii_case(name));
        known.next().map_or(Toll::GENERAL, |(_, toll)| *toll)
    }
}

impl Rate {
    /// What the document says of it; nothing when there is no limit.
    pub(crate) fn describe(self, limits: LimitSettings, public: bool) -> Option<Value> {
        let LimitSettings { per_minute, auth_per_minute } = limits;
        match self {
            Self::Unlimited => None,
            Self::General => Some(json!({ "perMinute": per_minute, "countedBy": "caller" })),
            Self::Strict if public => {
                Some(json!({ "perMinute": auth_per_minute, "countedBy": "address and operation" }))
            }
            Self::Strict => Some(json!({ "perMinute": auth_per_minute, "countedBy": "caller and operation" })),
        }
    }
}
