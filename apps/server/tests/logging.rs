//! Log lines as their readers meet them.
#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::fmt::{self, Debug};
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};
use server::config::LogFormat;
use server::logging::{self, Identity, LogSettings, Now, Output, RotatingFile, json_layer, pretty_layer};
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

#[test]
fn fields_whose_names_speak_of_secrets_are_masked() {
    let line = line_of(|| {
        let _span = info_span!("request", set_cookie = "c1", apiKey = "k1").entered();
        info!(
            password = "p1", new_Password = ?"p2", clientSecret = "s1", session_token = %"t1", Authorization = "a1",
            api_key = "k2", signature = 42, user_id = "ana", passage = "shown", "x"
        );
    });
    let context = line["context"].as_object().expect("an object");
    let shown: Vec<_> = context.iter().filter(|(_, value)| **value != json!("***")).map(|(name, _)| name).collect();
    assert_eq!(shown, ["passage", "user_id"]);
    assert_eq!(context.len(), 11);
}

#[test]
fn secrets_in_texts_are_masked() {
    let cases = [
        ("GET /verify?token=abc123&next=/home", "GET /verify?token=***&next=/home"),
        ("Authorization: Bearer eyJhbGciOi.J9 sent", "Authorization: *** sent"),
        ("sent with Bearer eyJhbGciOi.J9, refused", "sent with Bearer ***, refused"),
        ("bearer\u{20}\"abc\" refused", "bearer \"***\" refused"),
        ("Cookie: a=1; better-auth.session_token=xyz.abc\nHost: x", "Cookie: ***\nHost: x"),
        (r#"body {"user":"ana","password":"correct horse"}"#, r#"body {"user":"ana","password":"***"}"#),
        (r#"Login { password: Some("correct horse"), x: 1 }"#, "Login { password: ***, x: 1 }"),
        (r#"{\"api_key\":\"abc\"}"#, r#"{\"api_key\":\"***\"}"#),
        ("password = 'correct horse' given", "password = '***' given"),
        ("BETTER_AUTH_SECRET=abc", "BETTER_AUTH_SECRET=***"),
        ("connect postgres://app:hun:ter2@db/bots failed", "connect postgres://app:***@db/bots failed"),
        ("Authorization: Basic YTpi", "Authorization: ***"),
        ("X-Signature=é→ü, next", "X-Signature=***, next"),
    ];
    for (text, masked) in cases {
        let line = line_of(|| info!(value = text, "{text}"));
        assert_eq!((&line["message"], &line["context"]["value"]), (&json!(masked), &json!(masked)), "{text}");
    }
}

#[test]
fn ordinary_texts_are_left_alone() {
    let texts = [
        "← POST /api/auth/reset-password 200 45ms",
        "token::parse failed: a == b",
        "the bearer",
        "http://localhost:3000/a?b=c see https://example.com/@ana:1",
        "password=",
        "=:= :// @",
        "",
    ];
    for text in texts {
        assert_eq!(line_of(|| info!("{text}"))["message"], text);
    }
}

struct Chatty;

impl Debug for Chatty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        info!("from within");
        f.write_str("chatty")
    }
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

fn files(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<_> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_log_file_is_followed_by_the_next_at_its_size_and_the_oldest_are_deleted() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join("other.log"), "not ours").expect("written");
    let mut file = RotatingFile::open(dir.path(), 10, 3, at(TIME)).expect("opened");
    for number in 0..12 {
        writeln!(file, "{number:04}").expect("written");
    }
    let names = ["botcriptofy-2025-10-16.3.log", "botcriptofy-2025-10-16.4.log", "botcriptofy-2025-10-16.5.log"];
    assert_eq!(files(dir.path()), [&names[..], &["other.log"]].concat());
    assert_eq!(fs::read_to_string(dir.path().join(names[2])).expect("read"), "0010\n0011\n");
}

#[test]
fn a_line_larger_than_a_file_is_written_whole() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut file = RotatingFile::open(dir.path(), 4, 9, at(TIME)).expect("opened");
    file.write_all(b"a long line\n").expect("written");
    file.write_all(b"next\n").expect("written");
    let read = |name: &str| fs::read_to_string(dir.path().join(name)).expect("read");
    assert_eq!(read("botcriptofy-2025-10-16.log"), "a long line\n");
    assert_eq!(read("botcriptofy-2025-10-16.1.log"), "next\n");
}

#[test]
fn each_day_has_a_log_file_of_its_own() {
    let dir = tempfile::tempdir().expect("a directory");
    let milliseconds = Arc::new(AtomicU64::new(TIME));
    let clock = milliseconds.clone();
    let now: Now = Arc::new(move || UNIX_EPOCH + Duration::from_millis(clock.load(Ordering::Relaxed)));
    let mut file = RotatingFile::open(dir.path(), 1_000, 2, now).expect("opened");
    for day in 0..3 {
        milliseconds.store(TIME + day * 86_400_000, Ordering::Relaxed);
        writeln!(file, "day {day}").expect("written");
    }
    assert_eq!(files(dir.path()), ["botcriptofy-2025-10-17.log", "botcriptofy-2025-10-18.log"]);
}

#[test]
fn after_a_restart_the_newest_log_file_of_the_day_goes_on() {
    let dir = tempfile::tempdir().expect("a directory");
    for _ in 0..3 {
        let mut file = RotatingFile::open(dir.path(), 10, 9, at(TIME)).expect("opened");
        file.write_all(b"1234\n").expect("written");
    }
    let read = |name: &str| fs::read_to_string(dir.path().join(name)).expect("read");
    assert_eq!(files(dir.path()), ["botcriptofy-2025-10-16.1.log", "botcriptofy-2025-10-16.log"]);
    assert_eq!(read("botcriptofy-2025-10-16.log"), "1234\n1234\n");
    assert_eq!(read("botcriptofy-2025-10-16.1.log"), "1234\n");
}

fn settings(dir: &Path, level: &str) -> LogSettings {
    LogSettings {
        level: level.to_owned(),
        format: Some(LogFormat::Json),
        output: Output::Stderr,
        dir: Some(dir.to_owned()),
        max_files: 3,
        max_size: 1_000_000,
        environment: "test",
    }
}

#[test]
fn the_process_logs_to_files_what_the_level_admits_and_all_is_written_when_the_guard_goes() {
    let dir = tempfile::tempdir().expect("a directory");
    let guard = logging::init(&settings(dir.path(), "warn,logging=info")).expect("started");
    (0..1_000).for_each(|number| info!(number, "admitted"));
    info!(number = 1_000, value = ?Chatty, "its value logs too");
    debug!("too detailed");
    info!(target: "elsewhere", "of another module");
    assert!(matches!(logging::init(&settings(dir.path(), "info")), Err(logging::LogError::Started(_))));
    assert_eq!(guard.dropped_lines(), 0);
    drop(guard);

    let names = files(dir.path());
    let text = fs::read_to_string(dir.path().join(&names[0])).expect("read");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
    let numbers: Vec<_> = lines.iter().filter_map(|line| line["context"]["number"].as_u64()).collect();
    assert!(numbers.iter().copied().eq(0..=1_000), "{numbers:?}");
    let last = lines.iter().find(|line| line["context"]["number"] == 1_000).expect("a line");
    assert_eq!((&last["message"], &last["context"]["value"]), (&"its value logs too".into(), &"chatty".into()));
    assert!(lines.iter().any(|line| line["message"] == "from within"));
    assert_eq!(lines[0]["service"]["environment"], "test");
    assert_eq!(lines[0]["host"]["pid"], std::process::id());
}

#[test]
fn a_log_directory_that_cannot_be_written_is_named() {
    let error = logging::init(&settings(Path::new("/dev/null/logs"), "info")).expect_err("no such directory");
    assert!(error.to_string().starts_with("LOG_DIR: /dev/null/logs: "), "{error}");
}
