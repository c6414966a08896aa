//! What happens when the program that holds the server dies, or another one wants it.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use common::{Holder, data_dir, eventually, major, run, runs, start, text};
use private_postgres::{Error, Options, PrivatePostgres, running};

#[tokio::test]
async fn the_server_ends_when_its_program_is_killed_and_the_data_is_kept() {
    let dir = data_dir();
    let holder = Holder::start(dir.path());
    run(&holder.url, "create table kept (word text); insert into kept values ('still here')").await;
    let (pid, _) = holder.kill();
    eventually("the server ends", Duration::from_secs(10), || !runs(pid)).await;

    let postgres = start(dir.path()).await;
    assert_eq!(text(&postgres.connection().url(), "select word from kept").await, "still here");
}

#[tokio::test]
async fn an_instant_restart_waits_out_the_server_of_the_killed_program() {
    let dir = data_dir();
    for round in 0..5 {
        let holder = Holder::start(dir.path());
        let session = common::connect(&holder.url).await;
        let (pid, url) = holder.kill();
        let postgres = start(dir.path()).await;
        assert!(!runs(pid), "round {round}: two servers on one cluster");
        assert_eq!(postgres.connection().url(), url);
        drop((session, postgres));
    }
}

#[tokio::test]
async fn a_restart_waits_for_a_program_that_is_still_ending() {
    let dir = data_dir();
    let holder = Holder::start(dir.path());
    let pid = rustix::process::Pid::from_raw(i32::try_from(holder.program()).expect("a process id")).expect("not zero");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it runs");
    let postgres = start(dir.path()).await;
    assert_eq!(text(&postgres.connection().url(), "select 'reached'").await, "reached");
    holder_is_gone(holder);
}

fn holder_is_gone(holder: Holder) {
    assert!(!runs(holder.program()));
    holder.kill();
}

#[tokio::test]
async fn a_second_program_learns_who_holds_the_cluster() {
    let dir = data_dir();
    let holder = Holder::start(dir.path());
    let begun = Instant::now();
    let refused = PrivatePostgres::start(Options::for_tests(dir.path())).await.expect_err("it is in use");
    assert!(begun.elapsed() < Duration::from_secs(5), "it says so at once");
    assert!(matches!(refused, Error::InUse { .. }), "{refused}");
    assert!(refused.to_string().contains(&format!("in use by the running process {}", holder.program())), "{refused}");

    let connection = running(Options::for_tests(dir.path())).await.expect("an answer").expect("it runs");
    assert_eq!(text(&connection.url(), "select 'still served'").await, "still served");
    holder.kill();
}

#[tokio::test]
async fn a_pid_file_that_names_an_unrelated_process_is_not_believed() {
    let dir = data_dir();
    let postgres = start(dir.path()).await;
    let data = dir.path().join("postgres").join(major(&postgres)).join("data");
    let pid_file = data.join("postmaster.pid");
    let left = std::fs::read_to_string(&pid_file).expect("a pid file");
    let (own, stale) = (postgres.pid().to_string(), std::process::id().to_string());
    postgres.stop().await.expect("a clean end");
    // The number of this test, which is no server.
    std::fs::write(&pid_file, left.replacen(&own, &stale, 1)).expect("it can be written");

    let postgres = start(dir.path()).await;
    assert_eq!(text(&postgres.connection().url(), "select 'reached'").await, "reached");
}

#[tokio::test]
async fn an_interrupted_creation_is_begun_anew() {
    let dir = data_dir();
    let postgres = start(dir.path()).await;
    let major = major(&postgres);
    postgres.stop().await.expect("a clean end");
    let base = dir.path().join("postgres");
    std::fs::rename(base.join(&major), base.join(format!("{major}.new"))).expect("it is renamed");
    std::fs::remove_file(base.join(format!("{major}.new/credentials.json"))).expect("it was there");

    let postgres = start(dir.path()).await;
    assert_eq!(text(&postgres.connection().url(), "select 'reached'").await, "reached");
    assert!(!base.join(format!("{major}.new")).exists());
}

#[tokio::test]
async fn two_paths_to_one_data_directory_are_one_cluster() {
    let dir = data_dir();
    let real = dir.path().join("real");
    std::fs::create_dir(&real).expect("a directory");
    let link = dir.path().join("link");
    symlink(&real, &link).expect("a link");
    let postgres = start(&real).await;
    let refused = PrivatePostgres::start(Options::for_tests(&link)).await.expect_err("it is in use");
    assert!(matches!(refused, Error::InUse { .. }), "{refused}");
    postgres.stop().await.expect("a clean end");
}
