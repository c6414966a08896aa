use serde_json::Value;

/// Keys whose values are secrets wherever they stand.
const SECRET: [&str; 8] = ["password", "secret", "token", "cookie", "authorization", "apikey", "api_key", "signature"];

/// Whether a key names a secret.
pub(crate) fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SECRET.iter().any(|secret| key.contains(secret))
}

/// The value with every secret in it replaced by `***`.
pub fn mask(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| {
                let value = if is_secret(&key) && !value.is_null() { "***".into() } else { mask(value) };
                (key, value)
            })
            .collect(),
        Value::Array(items) => items.into_iter().map(mask).collect(),
        other => other,
    }
}
