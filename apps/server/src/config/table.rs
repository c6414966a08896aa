use std::collections::BTreeMap;
use std::net::IpAddr;

use super::rules::Rule;
use super::settings::TABLE;
use super::sources::{Found, Sources};
use super::{ConfigError, Listed, Origin};

/// Where the product runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// A developer's machine.
    Development,
    /// An automatic test.
    Test,
    /// Where real tenants are served: weak secrets are refused.
    Production,
}

impl Environment {
    pub(super) const NAMES: &[(&str, Self)] =
        &[("development", Self::Development), ("test", Self::Test), ("production", Self::Production)];

    /// The name as written in `ENVIRONMENT`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Test => "test",
            Self::Production => "production",
        }
    }
}

/// How new passwords are hashed; the hashes of the other kind still verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordHash {
    /// bcrypt, with the cost of `BCRYPT_COST`.
    Bcrypt,
    /// argon2id.
    Argon2id,
}

impl PasswordHash {
    pub(super) const NAMES: &[(&str, Self)] = &[("bcrypt", Self::Bcrypt), ("argon2id", Self::Argon2id)];
}

/// The shape of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object for each line.
    Json,
    /// For people.
    Pretty,
}

impl LogFormat {
    pub(super) const NAMES: &[(&str, Self)] = &[("json", Self::Json), ("pretty", Self::Pretty)];
}

/// A row of the table.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The variable.
    pub name: &'static str,
    /// The heading that it stands under.
    pub group: &'static str,
    /// What it is for.
    pub help: &'static str,
    /// The default, or in words what happens without a value.
    pub default: &'static str,
    /// Whether `default` is a value; otherwise the setting has none.
    pub has_default: bool,
    /// What it takes.
    pub expected: String,
    /// Whether its value is never shown.
    pub secret: bool,
}

/// What stands for a name of the operator's own in the variable of a setting.
const NAME: &str = "<NAME>";
/// The most characters of such a name.
const LONGEST_NAME: usize = 32;

impl Setting {
    /// Whether the operator gives it once for each name of their own.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.name.contains(NAME)
    }

    /// Whether a variable is this setting, and under which name.
    pub(super) fn name_in<'a>(&self, variable: &'a str) -> Option<&'a str> {
        let (before, after) = self.name.split_once(NAME)?;
        let name = variable.strip_prefix(before)?.strip_suffix(after)?;
        let sound = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
        (sound && (1..=LONGEST_NAME).contains(&name.len())).then_some(name)
    }

    /// The row for one name, which lasts as long as the process, as the table does.
    fn called(&self, name: &str) -> &'static Self {
        let variable = self.name.replace(NAME, name).leak();
        Box::leak(Box::new(Self { name: variable, ..self.clone() }))
    }
}

/// Every setting, in the order in which they are listed.
#[must_use]
pub fn settings() -> &'static [Setting] {
    &TABLE
}

/// Declares the table: a row is a doc comment, then `VARIABLE field: type, rule, default`, where a default of
/// `none "words"` makes the field an `Option` and says in words what happens without it, and `named "words"` a map
/// with a value for whatever stands in place of the variable's `NAME`.
macro_rules! table {
    ($( $group:literal { $(
        $(#[doc = $help:literal])+
        $name:ident $field:ident: $type:ty, $rule:expr, $($none:ident)? $default:literal;
    )+ } )+) => {
        /// The settings, each of the type that its user needs.
        #[derive(Debug, Clone)]
        pub struct Settings { $($(
            $(#[doc = $help])+
            pub $field: $type,
        )+)+ }

        pub(super) static TABLE: std::sync::LazyLock<Vec<crate::config::Setting>> = std::sync::LazyLock::new(|| vec![$($({
            let rule = $rule;
            crate::config::Setting {
                name: crate::config::table::variable(stringify!($name), table!(@named $($none)?)),
                group: $group,
                help: concat!($($help),+).trim_ascii(),
                default: $default,
                has_default: !table!(@absent $($none)?),
                expected: crate::config::rules::Rule::expected(&rule),
                secret: crate::config::rules::Rule::secret(&rule),
            }
        },)+)+]);

        impl Settings {
            pub(super) fn read(
                sources: &crate::config::Sources,
                listing: &mut Vec<crate::config::Listed>,
            ) -> Result<Self, crate::config::ConfigError> {
                let mut rows = crate::config::table::Rows::new(sources, listing);
                Ok(Self { $($( $field: table!(@read rows, $rule, $($none)?), )+)+ })
            }
        }
    };
    (@named named) => { true };
    (@named $($other:ident)?) => { false };
    (@absent none) => { true };
    (@absent named) => { true };
    (@absent) => { false };
    (@read $rows:ident, $rule:expr, none) => { $rows.optional(&$rule)? };
    (@read $rows:ident, $rule:expr, named) => { $rows.named(&$rule)? };
    (@read $rows:ident, $rule:expr,) => { $rows.required(&$rule)? };
}
pub(super) use table;

/// A variable as it is shown, with the place of the operator's own name if it has one.
pub(super) fn variable(name: &'static str, named: bool) -> &'static str {
    if named { name.replacen("NAME", NAME, 1).leak() } else { name }
}

/// Walks the table beside the fields of `Settings`, which stand in the same order.
pub(super) struct Rows<'a> {
    rows: std::slice::Iter<'static, Setting>,
    sources: &'a Sources,
    listing: &'a mut Vec<Listed>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(sources: &'a Sources, listing: &'a mut Vec<Listed>) -> Self {
        Self { rows: TABLE.iter(), sources, listing }
    }

    pub(super) fn required<R: Rule>(&mut self, rule: &R) -> Result<R::Value, ConfigError> {
        let row = self.next();
        let found = self.sources.find(row.name)?;
        let found = found.unwrap_or_else(|| Found { text: row.default.to_owned(), origin: Origin::Default });
        self.value(row, rule, &found)
    }

    pub(super) fn optional<R: Rule>(&mut self, rule: &R) -> Result<Option<R::Value>, ConfigError> {
        let row = self.next();
        if let Some(found) = self.sources.find(row.name)? {
            return self.value(row, rule, &found).map(Some);
        }
        self.list(row, None, Origin::Default);
        Ok(None)
    }

    pub(super) fn named<R: Rule>(&mut self, rule: &R) -> Result<BTreeMap<String, R::Value>, ConfigError> {
        let row = self.next();
        let mut values = BTreeMap::new();
        for name in self.sources.names(row) {
            let row = row.called(&name);
            if let Some(found) = self.sources.find(row.name)? {
                values.insert(name, self.value(row, rule, &found)?);
            }
        }
        if values.is_empty() {
            self.list(row, None, Origin::Default);
        }
        Ok(values)
    }

    #[expect(clippy::expect_used, reason = "the table and the fields come from the same rows of one macro")]
    fn next(&mut self) -> &'static Setting {
        self.rows.next().expect("a row for each field")
    }

    fn value<R: Rule>(&mut self, row: &'static Setting, rule: &R, found: &Found) -> Result<R::Value, ConfigError> {
        let value = rule.read(&found.text).map_err(|problem| ConfigError::Value {
            name: row.name,
            value: if row.secret { "the value".to_owned() } else { quoted(&found.text) },
            problem: problem.into_owned(),
            expected: row.expected.clone(),
            origin: found.origin.clone(),
        })?;
        let shown = if row.secret { "***" } else { &found.text };
        self.list(row, Some(shown.to_owned()), found.origin.clone());
        Ok(value)
    }

    fn list(&mut self, row: &'static Setting, value: Option<String>, origin: Origin) {
        let Setting { name, default, secret, help, .. } = *row;
        self.listing.push(Listed { name, value, origin, default, secret, help });
    }
}

/// Quoted, with control characters escaped so that it stays on one line, and short enough to read.
pub(super) fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    let short: String = text.chars().take(SHOWN).collect();
    let rest = if short.len() < text.len() { "…" } else { "" };
    format!("{short:?}{rest}")
}

/// `localhost` or an IP address that only this machine reaches.
pub(super) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
