//! What the values of a setting may be, by its declaration.

use kit::{Declaration, Fault, Preset, Values};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use users::{Email, is_web_address};

/// The longest address.
const MOST_ADDRESS: usize = 2048;
/// A decimal has no more digits than that.
const MOST_DIGITS: usize = 30;

/// What a setting is while nobody has set it.
pub fn preset(setting: &Declaration) -> Value {
    match setting.preset {
        Preset::Nothing => Value::Null,
        Preset::Truth(truth) => truth.into(),
        Preset::Integer(number) => number.into(),
        Preset::Decimal(number) => number.to_string().into(),
        Preset::Text(text) => text.into(),
        Preset::Texts(texts) => json!(texts),
    }
}

/// What is wrong with a value of a setting, by its place below the path.
pub fn faults(setting: &Declaration, value: &Value, path: &str) -> Vec<Fault> {
    if let (Values::Texts { most, length }, Value::Array(texts)) = (setting.values, value) {
        let long = (texts.len() > most).then(|| Fault::new(path, "TOO_MANY", format!("At most {most} are expected.")));
        let each = texts.iter().enumerate().filter_map(|(at, text)| {
            let wrong = wrong(Values::Text { most: length }, text)?;
            Some(Fault::new(format!("{path}[{at}]"), "INVALID", wrong))
        });
        return long.into_iter().chain(each).collect();
    }
    wrong(setting.values, value).map(|wrong| Fault::new(path, "INVALID", wrong)).into_iter().collect()
}

fn wrong(values: Values, value: &Value) -> Option<String> {
    let sound = match (values, value) {
        (Values::Truth, Value::Bool(_)) => true,
        (Values::Integer { least, most }, value) => value.as_i64().is_some_and(|it| (least..=most).contains(&it)),
        (Values::Decimal { least, most }, Value::String(text)) => {
            text.len() <= MOST_DIGITS && text.parse::<Decimal>().is_ok_and(|it| (least..=most).contains(&it))
        }
        (Values::Text { most }, Value::String(text)) => text.chars().count() <= most,
        (Values::Secret { most }, Value::String(text)) => (1..=most).contains(&text.chars().count()),
        (Values::Choice(words), Value::String(text)) => words.contains(&text.as_str()),
        (Values::WebAddress, Value::String(text)) => text.len() <= MOST_ADDRESS && is_web_address(text, &()).is_ok(),
        (Values::Email, Value::String(text)) => Email::parse(text).is_some(),
        _ => false,
    };
    (!sound).then(|| expected(values))
}

fn expected(values: Values) -> String {
    match values {
        Values::Truth => "`true` or `false` is expected.".to_owned(),
        Values::Integer { least, most } => format!("A whole number from {least} to {most} is expected."),
        Values::Decimal { least, most } => format!("A decimal from {least} to {most} is expected, as a text."),
        Values::Text { most } => format!("A text of at most {most} characters is expected."),
        Values::Choice(words) => format!("One of `{}` is expected.", words.join("`, `")),
        Values::Texts { .. } => "A list of texts is expected.".to_owned(),
        Values::WebAddress => "An address by http or https is expected.".to_owned(),
        Values::Email => "An e-mail address is expected.".to_owned(),
        Values::Secret { most } => format!("A text of 1 to {most} characters is expected."),
    }
}

/// The JSON Schema of a setting's values.
pub(crate) fn schema(setting: &Declaration) -> Value {
    match setting.values {
        Values::Truth => json!({ "type": "boolean" }),
        Values::Integer { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Values::Decimal { least, most } => {
            json!({ "type": "string", "format": "decimal", "x-minimum": least.to_string(), "x-maximum": most.to_string() })
        }
        Values::Text { most } => json!({ "type": "string", "maxLength": most }),
        Values::Choice(words) => json!({ "enum": words }),
        Values::Texts { most, length } => {
            json!({ "type": "array", "maxItems": most, "items": { "type": "string", "maxLength": length } })
        }
        Values::WebAddress => json!({ "type": "string", "format": "uri", "maxLength": MOST_ADDRESS }),
        Values::Email => json!({ "type": "string", "format": "email" }),
        Values::Secret { most } => json!({ "type": "string", "minLength": 1, "maxLength": most, "writeOnly": true }),
    }
}

/// Whether its values are sealed and never shown.
pub(crate) fn is_secret(setting: &Declaration) -> bool {
    matches!(setting.values, Values::Secret { .. })
}
