//! Log lines as their readers meet them.
#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod files;
mod redaction;

use std::fmt::{self, Debug};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};
use server::logging::{Identity, Now, json_layer, pretty_layer};
use tracing::{debug, error, field, info, info_span, trace, warn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

/// 2025-10-16T10:30:00.007Z.
const TIME: u64 = 1_760_610_600_007;
const ID: &str = "550e8400-e29b-41d4-a716-446655440000";

fn identity() -> Identity {
    Identity {
        service: "botcriptofy-api".to_owned(),
        version: "1.0.0".to_owned(),
        environment: "production".to_owned(),
        hostname: "server-1".to_owned(),
        platform: "linux".to_owned(),
        pid: 12345,
    }
}

fn at(milliseconds: u64) -> Now {
    Arc::new(move || UNIX_EPOCH + Duration::from_millis(milliseconds))
}

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Memory {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no panic").clone()).expect("UTF-8")
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn text_of(work: impl FnOnce()) -> String {
    let memory = Memory::default();
    let writer = memory.clone();
    let layer = json_layer(&identity(), at(TIME), move || writer.clone());
    tracing::subscriber::with_default(registry().with(layer), work);
    memory.text()
}

fn lines_of(work: impl FnOnce()) -> Vec<Value> {
    text_of(work).lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}

fn line_of(work: impl FnOnce()) -> Value {
    let mut lines = lines_of(work);
    assert_eq!(lines.len(), 1);
    lines.remove(0)
}

fn pretty_of(colours: bool, work: impl FnOnce()) -> String {
    let memory = Memory::default();
    let writer = memory.clone();
    let layer = pretty_layer(colours, at(TIME), move || writer.clone());
    tracing::subscriber::with_default(registry().with(layer), work);
    memory.text()
}

#[test]
fn a_line_has_exactly_the_documented_shape() {
    let text = text_of(|| {
        let _request = info_span!("request", correlation_id = ID).entered();
        info!(user_id = "user_123", tenant_id = "tenant_456", "← GET /api/user/profile 200 45ms");
    });
    let expected = format!(
        concat!(
            r#"{{"@timestamp":"2025-10-16T10:30:00.007Z","level":"INFO","severity":3,"#,
            r#""message":"← GET /api/user/profile 200 45ms","#,
            r#""service":{{"name":"botcriptofy-api","version":"1.0.0","environment":"production"}},"#,
            r#""host":{{"hostname":"server-1","platform":"linux","pid":12345}},"correlation_id":"{}","#,
            r#""context":{{"user_id":"user_123","tenant_id":"tenant_456"}}}}"#,
            "\n"
        ),
        ID
    );
    assert_eq!(text, expected);
}

#[test]
fn each_level_has_its_severity() {
    let lines = lines_of(|| {
        error!("a");
        warn!("b");
        info!("c");
        debug!("d");
        trace!("e");
    });
    let levels: Vec<_> = lines.iter().map(|line| (line["level"].clone(), line["severity"].clone())).collect();
    let expected = [("ERROR", 1), ("WARN", 2), ("INFO", 3), ("DEBUG", 4), ("TRACE", 5)];
    assert_eq!(levels, expected.map(|(level, severity)| (json!(level), json!(severity))));
}

#[test]
fn outside_a_request_the_correlation_id_is_null_and_the_context_empty() {
    let line = line_of(|| info!("started"));
    assert_eq!((&line["correlation_id"], &line["context"]), (&Value::Null, &json!({})));
}

#[test]
fn the_nearest_span_wins_where_names_meet() {
    let line = line_of(|| {
        let _outer = info_span!("outer", correlation_id = "far", user_id = "outer", path = "/health").entered();
        let _inner = info_span!("inner", correlation_id = "near", user_id = "inner", step = 1).entered();
        info!(user_id = "event", "x");
    });
    assert_eq!(line["correlation_id"], "near");
    assert_eq!(line["context"], json!({ "user_id": "event", "step": 1, "path": "/health" }));
}

#[test]
fn a_field_recorded_later_is_in_the_lines_after_it() {
    let lines = lines_of(|| {
        let span = info_span!("request", correlation_id = ID, user_id = field::Empty, status = 0);
        span.in_scope(|| info!("before"));
        span.record("user_id", "ana").record("status", 200).record("status", 204);
        span.in_scope(|| info!("after"));
    });
    assert_eq!(lines[0]["context"], json!({ "status": 0 }));
    assert_eq!(lines[1]["context"], json!({ "user_id": "ana", "status": 204 }));
    assert_eq!(lines[1]["correlation_id"], ID);
}

#[test]
fn values_keep_their_types() {
    let line = line_of(|| {
        let missing: Option<&str> = None;
        info!(int = -1, big = u64::MAX, float = 0.5, nan = f64::NAN, yes = true, debug = ?Some(1), missing, "x");
    });
    let expected = json!({ "int": -1, "big": u64::MAX, "float": 0.5, "nan": null, "yes": true, "debug": "Some(1)" });
    assert_eq!(line["context"], expected);
}

#[test]
fn any_text_stays_within_one_line_of_right_json() {
    let nasty = "a\"b\\c\nd\te\u{0}f\u{1b}[31mg{\"level\":\"ERROR\"}→ü🦀\u{2028}";
    let text = text_of(|| info!(value = nasty, "{nasty}"));
    assert_eq!(text.lines().count(), 1);
    let line: Value = serde_json::from_str(&text).expect("a JSON line");
    assert_eq!((&line["message"], &line["context"]["value"]), (&json!(nasty), &json!(nasty)));
}

#[test]
fn a_very_long_text_is_cut_at_a_letter() {
    let line = line_of(|| info!(value = "→".repeat(20_000), "x"));
    let length = line["context"]["value"].as_str().map_or(0, str::len);
    assert!((32_700..=32_768).contains(&length), "{length}");
}

#[derive(Debug, thiserror::Error)]
#[error("order refused")]
struct Refused(#[source] io::Error);

#[test]
fn an_error_is_logged_with_its_causes() {
    let refused = Refused(io::Error::other("exchange closed the connection"));
    let line = line_of(|| error!(error = &refused as &(dyn std::error::Error + 'static), "x"));
    assert_eq!(line["context"]["error"], "order refused: exchange closed the connection");
}

struct Chatty;

impl Debug for Chatty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        info!("from within");
        f.write_str("chatty")
    }
}

#[test]
fn two_outputs_of_one_shape_say_the_same() {
    let (one, other) = (Memory::default(), Memory::default());
    let (first, second) = (one.clone(), other.clone());
    let first = json_layer(&identity(), at(TIME), move || first.clone());
    let second = json_layer(&identity(), at(TIME), move || second.clone());
    tracing::subscriber::with_default(registry().with(first).with(second), || {
        let span = info_span!("request", correlation_id = ID, user_id = field::Empty);
        span.record("user_id", "ana");
        span.in_scope(|| info!("x"));
    });
    assert!(one.text().contains(r#""context":{"user_id":"ana"}"#));
    assert_eq!(one.text(), other.text());
}

#[test]
fn a_value_that_logs_while_it_is_recorded_disturbs_nobody() {
    let lines = lines_of(|| {
        let span = info_span!("request", correlation_id = ID, value = field::Empty);
        let _request = span.enter();
        span.record("value", field::debug(Chatty));
        info!("outer");
    });
    let messages: Vec<_> = lines.iter().map(|line| line["message"].clone()).collect();
    assert_eq!(messages, ["from within", "outer"]);
    assert_eq!(lines[1]["context"]["value"], "chatty");
}

#[test]
fn threads_do_not_mix_their_lines() {
    let memory = Memory::default();
    let writer = memory.clone();
    let subscriber = registry().with(json_layer(&identity(), at(TIME), move || writer.clone()));
    let dispatch = tracing::Dispatch::new(subscriber);
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let dispatch = dispatch.clone();
            scope.spawn(move || {
                tracing::dispatcher::with_default(&dispatch, || {
                    let _request = info_span!("request", correlation_id = %thread).entered();
                    (0..500).for_each(|number| info!(thread, number, "x"));
                });
            });
        }
    });
    let text = memory.text();
    assert_eq!(text.lines().count(), 2_000);
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).expect("a JSON line");
        assert_eq!(line["correlation_id"], line["context"]["thread"].to_string());
    }
}

#[test]
fn a_pretty_line_is_short_and_coloured_only_when_wanted() {
    let work = || {
        let _request = info_span!("request", correlation_id = "c-1").entered();
        warn!(user_id = "ana", note = "two words", token = "abc", "slow: took {}ms", 900);
    };
    let plain = "10:30:00.007  WARN slow: took 900ms user_id=ana note=\"two words\" token=*** correlation_id=c-1\n";
    assert_eq!(pretty_of(false, work), plain);
    let coloured = pretty_of(true, work);
    assert!(coloured.contains("\u{1b}[33m WARN\u{1b}[0m slow"), "{coloured:?}");
}

#[test]
fn a_pretty_line_passes_no_control_characters_on_to_the_terminal() {
    let text = pretty_of(false, || info!(value = "\u{1b}[2J", "one\r\n10:30:00.007 ERROR forged\u{1b}[2J"));
    assert_eq!(text, "10:30:00.007  INFO one\\r\n    10:30:00.007 ERROR forged\\u{1b}[2J value=\"\\u{1b}[2J\"\n");
}
