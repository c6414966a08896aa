//! Starting, stopping and starting again.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use common::{connect, data_dir, eventually, major, run, runs, start, text};
use private_postgres::{Durability, Options, PrivatePostgres, running};
use sqlx::Executor;

#[tokio::test]
async fn a_cold_start_gives_an_empty_database_in_utc_and_utf8() {
    let dir = data_dir();
    let postgres = start(dir.path()).await;
    let url = postgres.connection().url();
    assert_eq!(text(&url, "select current_database() || ' ' || current_user").await, "botcriptofy botcriptofy");
    assert_eq!(text(&url, "show server_encoding").await, "UTF8");
    assert_eq!(text(&url, "show timezone").await, "UTC");
    assert_eq!(text(&url, "select string_agg(x, '' order by x) from (values ('a'), ('B'), ('ä')) v(x)").await, "Baä");
    assert_eq!(
        text(&url, "select count(*)::text from pg_class where relnamespace = 'public'::regnamespace").await,
        "0"
    );
    postgres.stop().await.expect("a clean end");
}

#[tokio::test]
async fn the_owner_is_no_superuser_yet_may_create_roles_and_databases() {
    let dir = data_dir();
    let postgres = start(dir.path()).await;
    let url = postgres.connection().url();
    let rights = "select concat_ws(' ', rolsuper, rolcreaterole, rolcreatedb, rolbypassrls) from pg_roles where rolname = current_user";
    assert_eq!(text(&url, rights).await, "f t t f");
    run(&url, "create table kept (word text); insert into kept values ('here')").await;
    run(&url, "create role app nologin; grant app to current_user; grant select on kept to app; set role app").await;
    run(&url, "create database copy template botcriptofy strategy file_copy").await;
    let copy = postgres.connection().with_database("copy").url();
    assert_eq!(text(&copy, "select word from kept").await, "here");
}

#[tokio::test]
async fn the_superuser_can_connect_too() {
    let dir = data_dir();
    let postgres = start(dir.path()).await;
    assert_eq!(text(&postgres.superuser().url(), "show is_superuser").await, "on");
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    let dir = data_dir();
    let postgres = start(dir.path()).await;
    let mut connection = postgres.connection().clone();
    connection.password = "guess".to_owned();
    let refused = <sqlx::PgConnection as sqlx::Connection>::connect(&connection.url()).await;
    assert!(refused.expect_err("no entry").to_string().contains("password authentication failed"));
}

#[tokio::test]
async fn a_warm_start_keeps_data_and_passwords() {
    let dir = data_dir();
    let postgres = start(dir.path()).await;
    let connection = postgres.connection().clone();
    run(&connection.url(), "create table kept (word text); insert into kept values ('still here')").await;
    postgres.stop().await.expect("a clean end");

    let postgres = start(dir.path()).await;
    assert_eq!(postgres.connection(), &connection);
    assert_eq!(text(&connection.url(), "select word from kept").await, "still here");
}

#[tokio::test]
async fn a_durable_cluster_flushes_what_is_committed_and_one_for_tests_does_not() {
    let dir = data_dir();
    let settings = "select string_agg(setting, ' ' order by name) from pg_settings \
                    where name in ('fsync', 'full_page_writes', 'synchronous_commit')";
    for (durability, expected) in [(Durability::Durable, "on on on"), (Durability::ForTests, "off off off")] {
        let options = Options { durability, ..Options::new(dir.path()) };
        let postgres = PrivatePostgres::start(options).await.expect("a private PostgreSQL");
        assert_eq!(text(&postgres.connection().url(), settings).await, expected);
        postgres.stop().await.expect("a clean end");
    }
}

#[tokio::test]
async fn another_database_is_created_in_the_same_cluster() {
    let dir = data_dir();
    start(dir.path()).await.stop().await.expect("a clean end");
    let options = Options { database: "second".to_owned(), ..Options::for_tests(dir.path()) };
    let postgres = PrivatePostgres::start(options).await.expect("a private PostgreSQL");
    let names = "select string_agg(datname, ' ' order by datname) from pg_database \
                 where pg_get_userbyid(datdba) = current_user";
    assert_eq!(text(&postgres.connection().url(), names).await, "botcriptofy second");
}

#[tokio::test]
async fn each_major_version_has_a_directory_of_its_own() {
    let dir = data_dir();
    let postgres = start(dir.path()).await;
    let major = major(&postgres);
    let cluster = dir.path().join("postgres").join(&major);
    assert_eq!(std::fs::read_to_string(cluster.join("data/PG_VERSION")).expect("a cluster").trim(), major);
    assert_eq!(std::fs::metadata(cluster.join("credentials.json")).expect("the passwords").mode() & 0o777, 0o600);
    for private in [dir.path().join("postgres"), cluster.clone(), cluster.join("data"), cluster.join("socket")] {
        assert_eq!(std::fs::metadata(&private).expect("a directory").mode() & 0o777, 0o700, "{}", private.display());
    }
}

#[tokio::test]
async fn the_server_listens_on_its_socket_only() {
    let dir = data_dir();
    let postgres = start(dir.path()).await;
    assert_eq!(text(&postgres.connection().url(), "show listen_addresses").await, "");
    let pid_file = dir.path().join("postgres").join(major(&postgres)).join("data/postmaster.pid");
    let pid_file = std::fs::read_to_string(pid_file).expect("the server writes it");
    let lines: Vec<_> = pid_file.lines().collect();
    assert_eq!(lines[4], postgres.connection().socket_dir.to_str().expect("plain text"));
    assert_eq!(lines[5], "", "the address it listens on");
}

#[tokio::test]
async fn a_temporary_cluster_leaves_nothing_behind() {
    let postgres = PrivatePostgres::temporary().await.expect("a private PostgreSQL");
    let (pid, socket_dir) = (postgres.pid(), postgres.connection().socket_dir.clone());
    assert_eq!(text(&postgres.connection().url(), "select 'reached'").await, "reached");
    let files = socket_dir.ancestors().nth(3).expect("the temporary directory").to_owned();
    assert!(files.join("postgres").exists());
    postgres.stop().await.expect("a clean end");
    assert!(!runs(pid) && !files.exists());
}

#[tokio::test]
async fn a_data_directory_too_deep_for_a_socket_gets_a_short_one_elsewhere() {
    let dir = data_dir();
    let deep = dir.path().join("d".repeat(60)).join("e \"quoted, listed\"");
    let postgres = start(&deep).await;
    let socket_dir = postgres.connection().socket_dir.clone();
    assert!(socket_dir.join(".s.PGSQL.5432").as_os_str().len() <= 107);
    assert!(!socket_dir.starts_with(&deep));
    assert_eq!(text(&postgres.connection().url(), "select 'reached'").await, "reached");
    postgres.stop().await.expect("a clean end");
    std::fs::remove_dir(socket_dir).expect("the server left it empty");
}

#[tokio::test]
async fn a_path_with_signs_that_mean_something_elsewhere_works() {
    let dir = data_dir();
    let postgres = start(&dir.path().join("a, \"b\" & c'd%")).await;
    assert_eq!(text(&postgres.connection().url(), "select 'reached'").await, "reached");
}

#[tokio::test]
async fn a_dropped_supervisor_leaves_no_server_behind() {
    let dir = data_dir();
    let postgres = start(dir.path()).await;
    let (pid, exited) = (postgres.pid(), postgres.exited());
    drop(postgres);
    assert!(!runs(pid));
    exited.await;
}

#[tokio::test]
async fn a_server_that_dies_by_itself_is_noticed_and_starts_again() {
    let dir = data_dir();
    let postgres = PrivatePostgres::start(Options::new(dir.path())).await.expect("a private PostgreSQL");
    let url = postgres.connection().url();
    run(&url, "create table kept (word text); insert into kept values ('still here')").await;
    let mut session = connect(&url).await;
    let pid = rustix::process::Pid::from_raw(i32::try_from(postgres.pid()).expect("a process id")).expect("not zero");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it runs");
    postgres.exited().await;
    assert!(session.execute("select 1").await.is_err(), "its sessions end with it");
    drop(postgres);

    let postgres = start(dir.path()).await;
    assert_eq!(text(&postgres.connection().url(), "select word from kept").await, "still here");
}

#[tokio::test]
async fn an_idle_session_does_not_hold_up_the_end() {
    let dir = data_dir();
    let postgres = start(dir.path()).await;
    let pid = postgres.pid();
    let mut session = connect(&postgres.connection().url()).await;
    session.execute("begin").await.expect("a transaction");
    tokio::time::timeout(Duration::from_secs(10), postgres.stop()).await.expect("in time").expect("a clean end");
    eventually("the server ends", Duration::from_secs(1), || !runs(pid)).await;
}

#[tokio::test]
async fn a_cluster_that_nobody_runs_is_not_running() {
    let dir = data_dir();
    assert_eq!(running(Options::for_tests(dir.path())).await.expect("an answer"), None);
    let postgres = start(dir.path()).await;
    let connection = running(Options::for_tests(dir.path())).await.expect("an answer").expect("it runs");
    assert_eq!(&connection, postgres.connection());
    postgres.stop().await.expect("a clean end");
    assert_eq!(running(Options::for_tests(dir.path())).await.expect("an answer"), None);
}
