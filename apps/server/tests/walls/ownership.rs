//! What is a tenant's is reached by nobody else, by whatever operation, with whatever ids.

use crate::{
    document::{Operation, operations},
    estate::{Estate, send},
};
use serde_json::json;
use testkit::{Client, Member, PgPool, db_test};

#[db_test]
async fn what_one_tenant_did_to_its_things_no_other_can_repeat(db: PgPool) {
    let estate = Estate::of(db).await;
    let before = estate.state().await;
    let known: Vec<&String> = estate.ids.values().flatten().collect();
    let bob = estate.bob().await;
    let mut repeated = 0;
    for (method, path, body) in &estate.deeds {
        let asked = format!("{path}{body}");
        if !known.iter().any(|id| asked.contains(id.as_str())) {
            continue;
        }
        let answer = send(&bob, method, path, body).await;
        assert!(answer.status.is_client_error(), "{method} {path}: {}", answer.text());
        assert_eq!(estate.leak(&asked, &answer), None, "{method} {path}");
        repeated += 1;
    }
    assert!(repeated > 7, "few things were tried");
    assert_eq!(estate.state().await, before);
}

/// What is shown to whoever knows its address.
const SHOWN: [&str; 1] = ["/api/user/avatar/{id}"];

#[db_test]
async fn whoever_may_read_is_told_so_a_leak_would_be_seen(db: PgPool) {
    let estate = Estate::of(db).await;
    let mut telling = 0;
    for operation in operations(estate.app.document()).iter().filter(|it| it.method == "GET") {
        for turn in 0..6 {
            let hers = |place: &str| {
                let of = estate.ids_for(place);
                of[turn % of.len()].clone()
            };
            let path = operation.path_with(&hers);
            let answer = operation.call(&estate.ana, &path, &json!({})).await;
            if estate.leak(&path, &answer).is_some() {
                telling += 1;
                break;
            }
        }
    }
    assert!(telling > 20, "only {telling} operations tell Ana of what is hers");
}

/// One way to use foreign ids upon an operation.
struct Attempt {
    path: String,
    body: serde_json::Value,
    /// Whether the path itself names something of Ana's.
    by_path: bool,
}

/// Every use of the operation with Ana's ids: in the path, the query and the body, and beside Bob's own tenant.
fn attempts(estate: &Estate, operation: &Operation, bob: &Member) -> Vec<Attempt> {
    let ids = |place: &str, turn: usize| {
        let of = estate.ids_for(place);
        of[turn % of.len()].clone()
    };
    let most = std::cell::Cell::new(1);
    let counted = |place: &str| {
        most.set(most.get().max(estate.ids_for(place).len()));
        ids(place, 0)
    };
    operation.path_with(&counted);
    operation.query_with(&counted);
    operation.body_with(&counted, true);
    let home = format!("/api/tenant/{}/", bob.tenant);
    let mut all = vec![];
    for turn in 0..most.get() {
        let hers = |place: &str| ids(place, turn);
        let path = operation.path_with(&hers);
        let at_home = path.replacen(&format!("/api/tenant/{}/", estate.ana.tenant), &home, 1);
        let paths = if at_home == path { vec![path] } else { vec![path, at_home] };
        for path in paths {
            let by_path = operation.places() > 0 && estate.ids.values().flatten().any(|id| path.contains(id.as_str()));
            let query = operation.query_with(&hers);
            let asked = if query.is_empty() { path.clone() } else { format!("{path}?{query}") };
            for whole in [true, false] {
                let body = operation.body_with(&hers, whole);
                all.push(Attempt { path: asked.clone(), body, by_path });
            }
        }
    }
    all.dedup_by(|one, other| one.path == other.path && one.body == other.body);
    all
}

#[db_test]
async fn no_operation_reads_or_changes_another_tenants_things(db: PgPool) {
    let estate = Estate::of(db).await;
    let (mut tried, mut holes, mut before) = (0, vec![], estate.state().await);
    for operation in operations(estate.app.document()) {
        let bob = estate.bob().await;
        let name = operation.name();
        for Attempt { path, body, by_path } in attempts(&estate, &operation, &bob) {
            let answer = operation.call(&bob, &path, &body).await;
            let told = format!("{name} as {path} {body}: {} {}", answer.status, answer.text());
            let open = SHOWN.contains(&operation.path.as_str());
            let told_more = !open && estate.leak(&format!("{path}{body}"), &answer).is_some();
            if answer.status.is_server_error()
                || (by_path && !operation.is_public() && answer.status.is_success())
                || told_more
            {
                holes.push(told);
            }
            tried += 1;
        }
        let after = estate.state().await;
        if after != before {
            let changed: Vec<_> = after.iter().filter(|(table, state)| before[*table] != **state).collect();
            holes.push(format!("{name} changes {changed:?}"));
            before = after;
        }
    }
    estate.app.run_jobs().await;
    assert_eq!(estate.state().await, before, "by a job");
    estate.end().await;
    assert!(tried > 300, "few things were tried");
    assert!(holes.is_empty(), "{holes:#?}");
}

/// The ways to say that a request is about Ana's tenant.
fn disguises(estate: &Estate, bob: &Member, slug: &str) -> [(Client, String); 3] {
    let tenant = estate.ana.tenant;
    [
        (bob.with("x-tenant-id", tenant), String::new()),
        (bob.with("host", format!("{slug}.bots.example")), String::new()),
        (bob.with("x-test", ""), format!("tenant_id={tenant}")),
    ]
}

#[db_test]
async fn no_operation_works_in_another_tenant_however_it_is_named(db: PgPool) {
    let estate = Estate::of(db).await;
    let slug = estate.ana.get("/api/tenant/current").await.ok()["slug"].as_str().unwrap().to_owned();
    let before = estate.state().await;
    for operation in operations(estate.app.document()) {
        let bob = estate.bob().await;
        let name = operation.name();
        for (disguised, question) in disguises(&estate, &bob, &slug) {
            let hers = |place: &str| estate.ids_for(place)[0].clone();
            let path = format!("{}?{question}", operation.path_with(&hers));
            let answer = operation.call(&disguised, &path, &json!({})).await;
            let told = format!("{name} as {path}: {} {}", answer.status, answer.text());
            assert!(!answer.status.is_server_error(), "{told}");
            assert!(operation.permission().is_none() || answer.status.is_client_error(), "{told}");
            let open = SHOWN.contains(&operation.path.as_str());
            assert!(open || estate.leak(&path, &answer).is_none(), "{told}");
        }
        assert_eq!(estate.state().await, before, "{name}");
    }
    estate.end().await;
}
