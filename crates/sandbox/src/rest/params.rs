//! The parameters of a request, in their order.

use crate::exchange::Refusal;
use percent_encoding::percent_decode_str;
use rust_decimal::Decimal;
use serde_json::Value;
use std::borrow::Cow;

/// The most parameters of a request.
pub const MOST: usize = 100;
/// The longest value.
const LONGEST: usize = 16_384;
const NUMBER: &str = "^([0-9]{1,20})(\\.[0-9]{1,20})?$";
const INTEGER: &str = "^[0-9]{1,20}$";
const NAME: &str = "^[a-zA-Z0-9-_]{1,36}$";
const SYMBOL: &str = "^[A-Z0-9-_.]{1,20}$";

/// Parameters by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads what stands in a query and in a form.
    ///
    /// # Errors
    /// A [`Refusal`] of too many of them, of one that is there twice, or that is no text.
    pub fn read(query: &str, body: &str) -> Result<Self, Refusal> {
        let mut params = Self::default();
        for pair in query.split('&').chain(body.split('&')).filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            params.add(decoded(name)?, decoded(value)?)?;
        }
        Ok(params)
    }

    /// Reads what a message of the WebSocket API holds.
    ///
    /// # Errors
    /// A [`Refusal`] of values that are neither texts, numbers, truths nor lists of texts.
    pub fn of_json(values: &serde_json::Map<String, Value>) -> Result<Self, Refusal> {
        let mut params = Self::default();
        for (name, value) in values {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Bool(truth) => truth.to_string(),
                Value::Array(_) => value.to_string(),
                Value::Null | Value::Object(_) => return Err(Refusal::mandatory(name)),
            };
            params.add(name.clone(), text)?;
        }
        Ok(params)
    }

    fn add(&mut self, name: String, value: String) -> Result<(), Refusal> {
        if self.0.len() == MOST {
            return Err(Refusal::too_many(MOST, MOST + 1));
        }
        if value.len() > LONGEST || name.len() > 64 {
            return Err(Refusal::illegal(&name.chars().take(64).collect::<String>(), ".{0,16384}"));
        }
        if self.0.iter().any(|(known, _)| *known == name) {
            return Err(Refusal { code: -1101, message: format!("Duplicate values for parameter '{name}'.").into() });
        }
        self.0.push((name, value));
        Ok(())
    }

    /// A parameter, which is not empty.
    ///
    /// # Errors
    /// [`Refusal::empty`].
    pub fn text(&self, name: &str) -> Result<Option<&str>, Refusal> {
        match self.0.iter().find(|(known, _)| known == name) {
            Some((_, value)) if value.is_empty() => Err(Refusal::empty(name)),
            found => Ok(found.map(|(_, value)| value.as_str())),
        }
    }

    /// A parameter that must be there.
    ///
    /// # Errors
    /// [`Refusal::mandatory`].
    pub fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.text(name).ok().flatten().ok_or_else(|| Refusal::mandatory(name))
    }

    /// A symbol that must be there.
    ///
    /// # Errors
    /// A [`Refusal`] of what cannot be a symbol's name.
    pub fn symbol(&self) -> Result<&str, Refusal> {
        let text = self.required("symbol")?;
        let plain = |it: u8| it.is_ascii_uppercase() || it.is_ascii_digit() || b"-_.".contains(&it);
        if text.len() <= 20 && text.bytes().all(plain) { Ok(text) } else { Err(Refusal::illegal("symbol", SYMBOL)) }
    }

    /// A decimal of at most eight digits after the point.
    ///
    /// # Errors
    /// A [`Refusal`] of what is no number, or too precise.
    pub fn decimal(&self, name: &str) -> Result<Option<Decimal>, Refusal> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let plain = |it: &str| (1..=20).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_digit());
        if !plain(whole) || !plain(part) {
            return Err(Refusal::illegal(name, NUMBER));
        }
        let (whole, part) = (whole.trim_start_matches('0'), part.trim_end_matches('0'));
        if part.len() > 8 {
            return Err(Refusal::precision(name));
        }
        if whole.len() > 15 {
            return Err(Refusal::illegal(name, NUMBER));
        }
        let number =
            Decimal::from_str_exact(&format!("0{whole}.{part}0")).map_err(|_| Refusal::illegal(name, NUMBER))?;
        Ok(Some(number.normalize()))
    }

    /// A whole number that is not negative.
    ///
    /// # Errors
    /// A [`Refusal`] of what is none.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let plain = (1..=20).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit());
        let number = plain.then(|| text.parse().ok()).flatten();
        number.map(Some).ok_or_else(|| Refusal::illegal(name, INTEGER))
    }

    /// The number of an order, a trade or a list.
    ///
    /// # Errors
    /// A [`Refusal`] of what is none.
    pub fn id(&self, name: &str) -> Result<Option<u64>, Refusal> {
        Ok(self.integer(name)?.and_then(|it| it.try_into().ok()))
    }

    /// How many are wanted: so many usually, so many at most.
    ///
    /// # Errors
    /// A [`Refusal`] of what is no number; more than the most count as the most.
    pub fn limit(&self, usual: usize, most: usize) -> Result<usize, Refusal> {
        let limit = self.integer("limit")?.map(|it| usize::try_from(it).unwrap_or(most).clamp(1, most));
        Ok(limit.unwrap_or(usual))
    }

    /// A truth.
    ///
    /// # Errors
    /// A [`Refusal`] of any other word.
    pub fn truth(&self, name: &str) -> Result<bool, Refusal> {
        match self.text(name)? {
            None => Ok(false),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(Refusal::illegal(name, "^(true|false)$")),
        }
    }

    /// A name that a client gives.
    ///
    /// # Errors
    /// A [`Refusal`] of other characters, or too many.
    pub fn name(&self, name: &str) -> Result<Option<String>, Refusal> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let plain = |it: u8| it.is_ascii_alphanumeric() || it == b'-' || it == b'_';
        let sound = text.len() <= 36 && text.bytes().all(plain);
        if sound { Ok(Some(text.to_owned())) } else { Err(Refusal::illegal(name, NAME)) }
    }

    /// A list of texts as JSON.
    ///
    /// # Errors
    /// A [`Refusal`] of what is none, or has more than 500.
    pub fn list(&self, name: &str) -> Result<Option<Vec<String>>, Refusal> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let list: Option<Vec<String>> = serde_json::from_str(text).ok();
        let sound = list.filter(|it| (1..=500).contains(&it.len()));
        sound
            .map(Some)
            .ok_or_else(|| Refusal::illegal(name, "^\\[(\"[A-Z0-9-_.]{1,20}\"(,\"[A-Z0-9-_.]{1,20}\")*)\\]$"))
    }

    /// `name=value` in alphabetical order, as the WebSocket API signs it.
    #[must_use]
    pub fn sorted_payload(&self) -> String {
        let mut pairs: Vec<_> = self.0.iter().filter(|(name, _)| name != "signature").collect();
        pairs.sort();
        let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("&")
    }
}

/// What is signed of a query or a form: all but the signature, as it was sent.
#[must_use]
pub fn payload(query: &str, body: &str) -> String {
    let rest = |text: &str| {
        let pairs: Vec<&str> = text.split('&').filter(|pair| !pair.starts_with("signature=")).collect();
        pairs.join("&")
    };
    format!("{}{}", rest(query), rest(body))
}

fn decoded(text: &str) -> Result<String, Refusal> {
    let spaced = if text.contains('+') { Cow::Owned(text.replace('+', " ")) } else { Cow::Borrowed(text) };
    let decoded = percent_decode_str(&spaced).decode_utf8().map(Cow::into_owned);
    decoded.map_err(|_| Refusal::illegal(&text.chars().take(64).collect::<String>(), "UTF-8"))
}
