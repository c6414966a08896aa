//! What an alert from outside says, as TradingView's placeholders fill it in and as people write it.

use chrono::{DateTime, TimeDelta};
use kit::Time;
use serde_json::{Map, Value};
use trading::{engine::Signal, money::Symbol};

/// The most bytes of an alert.
pub(crate) const MAX_BYTES: usize = 8 * 1024;
/// The most letters of its name.
const MAX_ID: usize = 200;
/// How old a signal may be when it is taken.
pub(crate) const MAX_AGE: TimeDelta = TimeDelta::seconds(60);

/// A message to paste where alerts are made.
pub(crate) const EXAMPLE: &str = r#"{"id": "{{strategy.order.id}} {{timenow}}", "action": "{{strategy.order.action}}", "position": "{{strategy.market_position}}", "symbol": "{{ticker}}", "time": "{{timenow}}"}"#;

/// An alert that a bot can follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Alert {
    /// The sender's name of it.
    pub(crate) id: String,
    /// What it is about, if it says so.
    pub(crate) symbol: Option<Symbol>,
    pub(crate) signal: Signal,
}

/// Why an alert is not followed, with its name where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unfit {
    pub(crate) id: Option<String>,
    pub(crate) message: String,
}

/// Reads an alert about symbols: about one of them, or about all if it does not say which.
///
/// `position` (`long`, `flat` or `short`) says what is to be held after it; a bot that trades coins it owns holds none
/// where others are short. Without it `action` says what to do. What else the alert says is passed over.
///
/// # Errors
/// In words, for what cannot be followed.
pub(crate) fn read(body: &[u8], symbols: &[Symbol], now: Time) -> Result<Alert, Unfit> {
    let unfit = |id: Option<&str>, message: String| Unfit { id: id.map(str::to_owned), message };
    let Ok(Value::Object(told)) = serde_json::from_slice(body) else {
        return Err(unfit(None, format!("The alert is no JSON object. Write it like {EXAMPLE}.")));
    };
    let id = match told.get("id") {
        Some(Value::String(id)) if (1..=MAX_ID).contains(&id.chars().count()) && !id.contains('\0') => id.clone(),
        Some(Value::Number(id)) => id.to_string(),
        _ => {
            let message = format!("`id` names the alert, in 1 to {MAX_ID} letters: no alert is followed twice.");
            return Err(unfit(None, message));
        }
    };
    let about = about(&told, symbols);
    let checked = about.and_then(|about| in_time(&told, now).and_then(|()| signal(&told)).map(|it| (about, it)));
    match checked {
        Ok((symbol, signal)) => Ok(Alert { id, symbol, signal }),
        Err(message) => Err(unfit(Some(&id), message)),
    }
}

fn signal(told: &Map<String, Value>) -> Result<Signal, String> {
    let (key, word) = match (word(told, "position"), word(told, "action")) {
        (Some(position), _) => ("position", position),
        (None, Some(action)) => ("action", action),
        (None, None) => return Err("`action` says what to do: `buy` or `sell`.".to_owned()),
    };
    match word.as_str() {
        "long" => Ok(Signal::Enter),
        "flat" | "short" => Ok(Signal::Exit),
        "buy" | "enter" if key == "action" => Ok(Signal::Enter),
        "sell" | "exit" | "close" if key == "action" => Ok(Signal::Exit),
        other => Err(format!("`{key}` says `{}`, which is not known.", shortened(other))),
    }
}

/// The symbol that it names, such as `BTC/USDT`, `BTCUSDT` or `BINANCE:BTCUSDT`.
fn about(told: &Map<String, Value>, symbols: &[Symbol]) -> Result<Option<Symbol>, String> {
    let Some(given) = word(told, "symbol") else { return Ok(None) };
    let plain = given.rsplit(':').next().unwrap_or_default().replace(['/', '-'], "");
    let named = symbols.iter().find(|symbol| plain == symbol.as_str().replace('/', "").to_lowercase());
    let traded = || symbols.iter().map(Symbol::to_string).collect::<Vec<_>>().join(", ");
    let refused = || format!("The alert is about `{}`, the bot trades {}.", shortened(&given), traded());
    named.copied().map(Some).ok_or_else(refused)
}

fn in_time(told: &Map<String, Value>, now: Time) -> Result<(), String> {
    let Some(given) = word(told, "time") else { return Ok(()) };
    let Ok(at) = DateTime::parse_from_rfc3339(&given.to_uppercase()) else {
        return Err(format!("`time` is no moment: write it like `2026-01-31T12:00:00Z`, not `{}`.", shortened(&given)));
    };
    if (now.utc() - at.to_utc()).abs() <= MAX_AGE {
        return Ok(());
    }
    Err(format!("The alert is of {at}, more than {} seconds from now.", MAX_AGE.num_seconds()))
}

/// A text in small letters; an empty one says nothing.
fn word(told: &Map<String, Value>, key: &str) -> Option<String> {
    let text = told.get(key)?.as_str()?.trim().to_lowercase();
    (!text.is_empty()).then_some(text)
}

fn shortened(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOON: i64 = 1_767_268_800_000; // 2026-01-01T12:00:00Z

    fn told(alert: &Value) -> Result<Signal, String> {
        let symbol = "BTC/USDT".parse().unwrap();
        let read = read(alert.to_string().as_bytes(), &[symbol], Time::from_millis(NOON));
        read.map(|it| it.signal).map_err(|it| it.message)
    }

    #[test]
    fn the_example_is_read_as_it_is_filled_in() {
        let filled = |action, position| {
            let filled =
                EXAMPLE.replace("{{strategy.order.id}}", "Long").replace("{{timenow}}", "2026-01-01T12:00:01Z");
            let filled = filled.replace("{{strategy.order.action}}", action).replace("{{ticker}}", "BTCUSDT");
            told(&serde_json::from_str(&filled.replace("{{strategy.market_position}}", position)).unwrap())
        };
        assert_eq!(filled("buy", "long"), Ok(Signal::Enter));
        assert_eq!(filled("sell", "flat"), Ok(Signal::Exit));
        assert_eq!(filled("sell", "short"), Ok(Signal::Exit));
        // a short position is closed by buying: nothing is held after it
        assert_eq!(filled("buy", "flat"), Ok(Signal::Exit));
    }

    #[test]
    fn actions_are_read_as_people_write_them() {
        for (action, signal) in [("BUY", Signal::Enter), ("enter", Signal::Enter), ("long", Signal::Enter)] {
            assert_eq!(told(&json!({ "id": 1, "action": action })), Ok(signal));
        }
        for action in ["Sell", "exit", "close", "flat"] {
            assert_eq!(told(&json!({ "id": "a", "action": action, "price": 1.5 })), Ok(Signal::Exit));
        }
    }

    #[test]
    fn what_cannot_be_followed_says_why() {
        for (alert, words) in [
            (json!([]), "no JSON object"),
            (json!({ "action": "buy" }), "`id` names the alert"),
            (json!({ "id": "", "action": "buy" }), "`id` names the alert"),
            (json!({ "id": "a".repeat(201), "action": "buy" }), "`id` names the alert"),
            (json!({ "id": "a" }), "`action` says what to do"),
            (json!({ "id": "a", "action": "hodl" }), "`action` says `hodl`"),
            (json!({ "id": "a", "position": "buy" }), "`position` says `buy`"),
            (json!({ "id": "a", "action": "buy", "symbol": "ETHUSDT" }), "the bot trades BTC/USDT"),
            (json!({ "id": "a", "action": "buy", "time": "noon" }), "`time` is no moment"),
            (json!({ "id": "a", "action": "buy", "time": "2026-01-01T11:58:59Z" }), "more than 60 seconds"),
            (json!({ "id": "a", "action": "buy", "time": "2026-01-01T12:01:01Z" }), "more than 60 seconds"),
        ] {
            let refused = told(&alert).unwrap_err();
            assert!(refused.contains(words), "{alert}: {refused}");
        }
    }

    #[test]
    fn symbols_are_read_in_their_usual_spellings() {
        for symbol in ["BTC/USDT", "btcusdt", "BTC-USDT", "BINANCE:BTCUSDT"] {
            assert!(told(&json!({ "id": "a", "action": "buy", "symbol": symbol })).is_ok(), "{symbol}");
        }
    }
}
