use kit::{Result, SystemTx, Time, User};
use schemars::JsonSchema;
use serde::Deserialize;
use std::str::FromStr;
use uuid::Uuid;

/// What users are searched, filtered and sorted by. What is not here is nobody's to search by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "UserField")]
pub enum Field {
    Id,
    Name,
    Email,
    EmailVerified,
    Image,
    Role,
    Banned,
    BanReason,
    BanExpires,
    TwoFactorEnabled,
    CreatedAt,
    UpdatedAt,
}

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "UserOperator")]
pub enum Operator {
    Eq,
    Ne,
    Lt,
    Lte,
    Gt,
    Gte,
    In,
    NotIn,
    Contains,
    StartsWith,
    EndsWith,
}

/// A comparison of a field with values of its type.
#[derive(Clone, Debug)]
pub struct Condition {
    pub(crate) field: Field,
    pub(crate) operator: Operator,
    pub(crate) values: Values,
}

#[derive(Clone, Debug)]
pub(crate) enum Values {
    Texts(Vec<String>),
    Flags(Vec<bool>),
    Times(Vec<Time>),
    Ids(Vec<Uuid>),
}

/// Which users are asked for, in which order.
#[derive(Clone, Debug)]
pub struct Search {
    /// What must hold, all of it.
    pub conditions: Vec<Condition>,
    pub sort: Field,
    pub descending: bool,
    pub limit: i64,
    pub offset: i64,
}

/// The users of a search, and how many there are without its limits.
pub async fn search(tx: &mut SystemTx, search: &Search) -> Result<(Vec<User>, i64)> {
    Ok((crate::store::search(tx, search).await?, crate::store::count(tx, search).await?))
}

impl Field {
    pub(crate) fn column(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Name => "name",
            Self::Email => "email",
            Self::EmailVerified => "email_verified",
            Self::Image => "image",
            Self::Role => "role",
            Self::Banned => "banned",
            Self::BanReason => "ban_reason",
            Self::BanExpires => "ban_expires",
            Self::TwoFactorEnabled => "two_factor_enabled",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
        }
    }
}

impl Condition {
    /// The condition, or `None` where the values are not of the field's type or not as many as the operator takes.
    pub fn new(field: Field, operator: Operator, values: &[String]) -> Option<Self> {
        let many = matches!(operator, Operator::In | Operator::NotIn);
        if !many && values.len() != 1 {
            return None;
        }
        let values = match field {
            _ if operator.pattern("").is_some() => Values::Texts(patterns(field, operator, values)?),
            Field::Email => Values::Texts(values.iter().map(|value| value.to_lowercase()).collect()),
            Field::Name | Field::Image | Field::Role | Field::BanReason => Values::Texts(values.to_vec()),
            Field::EmailVerified | Field::Banned | Field::TwoFactorEnabled => Values::Flags(all(values)?),
            Field::Id => Values::Ids(all(values)?),
            Field::BanExpires | Field::CreatedAt | Field::UpdatedAt => {
                let times: Vec<kit::chrono::DateTime<kit::chrono::Utc>> = all(values)?;
                Values::Times(times.into_iter().map(Time::from).collect())
            }
        };
        Some(Self { field, operator, values })
    }
}

fn all<T: FromStr>(values: &[String]) -> Option<Vec<T>> {
    values.iter().map(|value| value.parse().ok()).collect()
}

fn patterns(field: Field, operator: Operator, values: &[String]) -> Option<Vec<String>> {
    let text = matches!(field, Field::Name | Field::Email | Field::Image | Field::Role | Field::BanReason);
    let patterns = values.iter().filter_map(|value| operator.pattern(value));
    text.then(|| patterns.collect())
}

impl Operator {
    /// How it stands between a column and the values, any of which may fit.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Eq | Self::In | Self::Ne | Self::NotIn => "=",
            Self::Lt => "<",
            Self::Lte => "<=",
            Self::Gt => ">",
            Self::Gte => ">=",
            Self::Contains | Self::StartsWith | Self::EndsWith => "ilike",
        }
    }

    /// Whether it holds where its sign does not.
    pub(crate) fn negates(self) -> bool {
        matches!(self, Self::Ne | Self::NotIn)
    }

    /// What `ilike` takes, with its own signs in the text taken as plain ones.
    fn pattern(self, text: &str) -> Option<String> {
        let text = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        match self {
            Self::Contains => Some(format!("%{text}%")),
            Self::StartsWith => Some(format!("{text}%")),
            Self::EndsWith => Some(format!("%{text}")),
            _ => None,
        }
    }
}
