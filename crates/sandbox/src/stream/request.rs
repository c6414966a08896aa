//! What clients send over WebSockets.

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The longest message.
pub const LONGEST: usize = 65_536;

/// What a connection of market streams asks.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// To listen.
    Subscribe(Vec<String>),
    /// To listen no more.
    Unsubscribe(Vec<String>),
    /// What it listens to.
    List,
    /// To be told the name of the stream with each message, or not.
    SetCombined(bool),
    /// Whether it is.
    GetCombined,
}

/// A message that is no request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The protocol's number.
    pub code: i32,
    /// What is wrong.
    pub message: &'static str,
}

impl Unreadable {
    /// As it is answered.
    #[must_use]
    pub fn answer(&self, id: &Value) -> Value {
        json!({ "error": { "code": self.code, "msg": self.message }, "id": id })
    }
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    id: Value,
    method: Option<String>,
    params: Option<Value>,
}

/// The name by which an answer finds its question: a number, a text or nothing.
fn sound_id(id: Value) -> Option<Value> {
    match id {
        Value::Null | Value::Number(_) => Some(id),
        Value::String(text) if text.len() <= 64 => Some(Value::String(text)),
        _ => None,
    }
}

const fn unreadable(code: i32, message: &'static str) -> Unreadable {
    Unreadable { code, message }
}

/// Reads what a connection of market streams asks, with the id of its answer.
pub fn read(text: &str) -> (Value, Result<Request, Unreadable>) {
    let syntax =
        || (Value::Null, Err(unreadable(3, "Invalid JSON: a request is an object with method, params and id")));
    if text.len() > LONGEST {
        return syntax();
    }
    let Ok(Envelope { id, method, params }) = serde_json::from_str(text) else { return syntax() };
    let Some(id) = sound_id(id) else {
        return (Value::Null, Err(unreadable(2, "Invalid request: request ID must be an unsigned integer or a text")));
    };
    let names = || {
        let names: Option<Vec<String>> = params.clone().and_then(|it| serde_json::from_value(it).ok());
        names.ok_or(unreadable(2, "Invalid request: params must be a list of names"))
    };
    let request = match method.as_deref() {
        Some("SUBSCRIBE") => names().map(Request::Subscribe),
        Some("UNSUBSCRIBE") => names().map(Request::Unsubscribe),
        Some("LIST_SUBSCRIPTIONS") => Ok(Request::List),
        Some("GET_PROPERTY") => Ok(Request::GetCombined),
        Some("SET_PROPERTY") => {
            match params.as_ref().and_then(|it| Some((it.get(0)?.as_str()?, it.get(1)?.as_bool()?))) {
                Some(("combined", combined)) => Ok(Request::SetCombined(combined)),
                _ => Err(unreadable(2, "Invalid request: the only property is `combined`, true or false")),
            }
        }
        Some(_) => Err(unreadable(2, "Invalid request: unknown variant")),
        None => Err(unreadable(2, "Invalid request: missing field `method`")),
    };
    (id, request)
}

/// What a connection of the WebSocket API asks.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// The name of its answer.
    pub id: Value,
    /// What is wanted.
    pub method: String,
    /// With what.
    pub params: Map<String, Value>,
}

/// Reads what a connection of the WebSocket API asks.
///
/// # Errors
/// What is wrong, with the id of the answer where there is one.
pub fn read_ask(text: &str) -> Result<Ask, (Value, &'static str)> {
    let refused = (Value::Null, "Malformed request: an object with id, method and params is expected.");
    if text.len() > LONGEST {
        return Err(refused);
    }
    let Ok(Envelope { id, method, params }) = serde_json::from_str(text) else { return Err(refused) };
    let id = sound_id(id).ok_or((Value::Null, "Invalid 'id' in JSON request; expected a text, a number or null."))?;
    let Some(method) = method.filter(|it| it.len() <= 64) else {
        return Err((id, "Missing 'method' in JSON request."));
    };
    match params {
        None | Some(Value::Null) => Ok(Ask { id, method, params: Map::new() }),
        Some(Value::Object(params)) => Ok(Ask { id, method, params }),
        Some(_) => Err((id, "Invalid 'params' in JSON request; expected an object.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_with_their_id() {
        let subscribe = read(r#"{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":7}"#);
        assert_eq!(subscribe, (json!(7), Ok(Request::Subscribe(vec!["btcusdt@trade".to_owned()]))));
        assert_eq!(read(r#"{"method":"LIST_SUBSCRIPTIONS","id":"x"}"#), (json!("x"), Ok(Request::List)));
        let set = read(r#"{"method":"SET_PROPERTY","params":["combined",true],"id":1}"#);
        assert_eq!(set.1, Ok(Request::SetCombined(true)));
        for (wrong, code) in
            [("", 3), ("[]", 3), (r#"{"method":"SUBSCRIBE","id":1}"#, 2), (r#"{"id":{}}"#, 2), (r#"{"id":1}"#, 2)]
        {
            assert_eq!(read(wrong).1.map_err(|it| it.code), Err(code), "{wrong}");
        }
    }
}
