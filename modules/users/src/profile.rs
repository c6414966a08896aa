use garde::Validate;
use kit::{Time, User};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use std::str::FromStr;
use uuid::Uuid;

/// What a user says of themselves.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    pub id: Uuid,
    pub email: String,
    pub email_verified: bool,
    pub name: String,
    /// The address of a picture.
    pub image: Option<String>,
    /// The role on the whole platform: `user`, `admin` or `super_admin`.
    pub role: String,
    /// A language tag, such as `pt-BR`.
    pub locale: String,
    /// A name of the IANA time zone database, such as `America/Sao_Paulo`.
    pub time_zone: String,
    /// What amounts are shown in, such as `USD`.
    pub currency: String,
    pub created_at: Time,
    pub updated_at: Time,
}

impl From<&User> for Profile {
    fn from(user: &User) -> Self {
        let User {
            id,
            email,
            name,
            image,
            email_verified,
            role,
            locale,
            time_zone,
            currency,
            created_at,
            updated_at,
            ..
        } = user.clone();
        Self { id, email, email_verified, name, image, role, locale, time_zone, currency, created_at, updated_at }
    }
}

/// The whole of what a user may set.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ProfileInput {
    #[garde(length(chars, min = 1, max = 200))]
    pub(crate) name: String,
    /// The address of a picture, by http or https.
    #[garde(inner(length(max = 2048), custom(is_web_address)))]
    pub(crate) image: Option<String>,
    /// A language tag, such as `pt-BR`.
    #[garde(custom(is_language_tag))]
    pub(crate) locale: String,
    /// A name of the IANA time zone database, such as `America/Sao_Paulo`.
    #[garde(custom(is_time_zone))]
    pub(crate) time_zone: String,
    /// A code of three to five letters, such as `USD` or `USDT`.
    #[garde(custom(is_currency))]
    pub(crate) currency: String,
}

/// The part of a profile that changes; what is left out stays.
#[derive(Default, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct ProfilePatch {
    #[garde(length(chars, min = 1, max = 200))]
    pub(crate) name: Option<String>,
    /// The address of a picture, by http or https; `null` takes it away.
    #[serde(deserialize_with = "given")]
    #[garde(inner(inner(length(max = 2048), custom(is_web_address))))]
    pub(crate) image: Option<Option<String>>,
    /// A language tag, such as `pt-BR`.
    #[garde(inner(custom(is_language_tag)))]
    pub(crate) locale: Option<String>,
    /// A name of the IANA time zone database, such as `America/Sao_Paulo`.
    #[garde(inner(custom(is_time_zone)))]
    pub(crate) time_zone: Option<String>,
    /// A code of three to five letters, such as `USD` or `USDT`.
    #[garde(inner(custom(is_currency)))]
    pub(crate) currency: Option<String>,
}

impl ProfilePatch {
    /// The user's profile with these changes.
    pub(crate) fn of(self, user: &User) -> ProfileInput {
        ProfileInput {
            name: self.name.unwrap_or_else(|| user.name.clone()),
            image: self.image.unwrap_or_else(|| user.image.clone()),
            locale: self.locale.unwrap_or_else(|| user.locale.clone()),
            time_zone: self.time_zone.unwrap_or_else(|| user.time_zone.clone()),
            currency: self.currency.unwrap_or_else(|| user.currency.clone()),
        }
    }
}

/// Tells a `null` from what is left out.
pub fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

fn rule(holds: bool, message: &str) -> garde::Result {
    if holds { Ok(()) } else { Err(garde::Error::new(message)) }
}

/// The rule of a picture: an address by http or https.
pub fn is_web_address(text: &str, _: &()) -> garde::Result {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
    let sound = !rest.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    rule(sound, "not an address by http or https")
}

/// A language, then perhaps a script, then perhaps a region (the part of BCP 47 that interfaces use).
pub(crate) fn is_language_tag(text: &str, _: &()) -> garde::Result {
    let mut parts = text.split('-').peekable();
    let letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let language = parts.next().is_some_and(|it| (2..=3).contains(&it.len()) && letters(it) && it == it.to_lowercase());
    parts.next_if(|it| it.len() == 4 && letters(it));
    parts.next_if(|it| {
        (it.len() == 2 && letters(it) && *it == it.to_uppercase())
            || (it.len() == 3 && it.bytes().all(|byte| byte.is_ascii_digit()))
    });
    rule(language && parts.next().is_none(), "not a language tag such as `pt-BR`")
}

pub(crate) fn is_time_zone(text: &str, _: &()) -> garde::Result {
    rule(chrono_tz::Tz::from_str(text).is_ok(), "not a name of the IANA time zone database")
}

pub(crate) fn is_currency(text: &str, _: &()) -> garde::Result {
    let sound = (3..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase());
    rule(sound, "not a currency code of three to five capital letters")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_tags_are_told_from_what_is_none() {
        for sound in ["en", "pt-BR", "zh-Hant-TW", "es-419", "fil"] {
            assert!(is_language_tag(sound, &()).is_ok(), "{sound}");
        }
        for bad in ["", "e", "EN", "pt_BR", "pt-br", "pt-BR-x", "english", "-", "pt-"] {
            assert!(is_language_tag(bad, &()).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_web_addresses_are_pictures() {
        assert!(is_web_address("https://example.com/a.png", &()).is_ok());
        for bad in ["", "https://", "javascript:alert(1)", "data:image/png;base64,AA", "/a.png", "https://a b"] {
            assert!(is_web_address(bad, &()).is_err(), "{bad}");
        }
    }
}
