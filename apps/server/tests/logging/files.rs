//! Log files, and logging as the process starts it.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;
use server::config::LogFormat;
use server::logging::{self, LogSettings, Now, Output, RotatingFile};
use tracing::{debug, info, info_span, warn};

use super::{Chatty, ID, TIME, at};

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
    info_span!(target: "elsewhere", "request", correlation_id = ID).in_scope(|| {
        info!(target: "elsewhere", "of another module");
        warn!(target: "elsewhere", "in a request");
    });
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
    let request = lines.last().expect("a line");
    assert_eq!((&request["message"], &request["correlation_id"]), (&"in a request".into(), &ID.into()));
    assert!(!lines.iter().any(|line| line["message"] == "too detailed" || line["message"] == "of another module"));
    assert_eq!(lines[0]["service"]["environment"], "test");
    assert_eq!(lines[0]["host"]["pid"], std::process::id());
}

#[test]
fn a_log_directory_that_cannot_be_written_is_named() {
    let error = logging::init(&settings(Path::new("/dev/null/logs"), "info")).expect_err("no such directory");
    assert!(error.to_string().starts_with("LOG_DIR: /dev/null/logs: "), "{error}");
}
