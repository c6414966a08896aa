//! What is sent by people who are nobody here, and by those who send what was never meant.

use crate::{
    document::{Operation, operations},
    estate::{Estate, SECRET, product},
};
use sqlx::AssertSqlSafe;
use tenants::Kind;
use testkit::{Client, Member, PgPool, TestApp, db_test, json};

/// Meant for a place where a text becomes a part of a statement, a path or a number.
const HOSTILE: [&str; 10] = [
    "'",
    "' or 1=1 --",
    "name; drop table bots",
    "-createdAt, (select token_hash from sessions)",
    "%",
    "%00",
    "[]",
    "-99999999999999999999",
    "../../../x",
    "\u{202e}\u{ffff}",
];

fn encoded(text: &str) -> String {
    if text == "%00" {
        return text.to_owned();
    }
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

#[db_test]
async fn what_is_hostile_in_a_query_is_a_text_like_any_other(db: PgPool) {
    let estate = Estate::of(db).await;
    let before = estate.state().await;
    let bob = estate.bob().await;
    let mut tried = 0;
    for operation in operations(estate.app.document()).into_iter().filter(|it| it.method == "GET") {
        let path = operation.path_with(&|place| estate.ids_for(place)[0].clone());
        for question in operation.questions() {
            let hers = estate.ids_for(question)[0].clone();
            for value in HOSTILE.into_iter().chain([SECRET, hers.as_str()]) {
                let asked = format!("{path}?{question}={}", encoded(value));
                let answer = bob.get(&asked).await;
                let told = format!("{asked}: {} {}", answer.status, answer.text());
                assert!(!answer.status.is_server_error(), "{told}");
                assert_eq!(estate.leak(&format!("{path}{value}"), &answer), None, "{told}");
                tried += 1;
            }
        }
    }
    assert!(tried > 500, "few things were tried");
    assert_eq!(estate.state().await, before);
}

/// Calls everything that needs a permission in a tenant; what comes of it is one of these.
async fn all_refuse(app: &TestApp, by: &Client, tenant: &str, expected: &[u16], who: &str) {
    let guarded = operations(app.document());
    let guarded: Vec<Operation> = guarded.into_iter().filter(|it| it.permission().is_some()).collect();
    assert!(guarded.len() > 30);
    for operation in guarded {
        let path = operation.path_with(&|place| {
            if place == "tenant" { tenant.to_owned() } else { "00000000-0000-7000-8000-000000000000".to_owned() }
        });
        let answer = operation.call(by, &path, &json!({})).await;
        let status = answer.status.as_u16();
        assert!(expected.contains(&status), "{who}: {path}: {status} {}", answer.text());
    }
}

async fn change(app: &TestApp, statement: &str, of: &Member) {
    let mut tx = app.system().await;
    let statement = statement.replace("{user}", &of.user.to_string()).replace("{tenant}", &of.tenant.to_string());
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(tx.conn()).await.unwrap();
    tx.takes_away();
    tx.commit().await.unwrap();
}

#[db_test]
async fn whoever_lost_their_place_is_refused_everywhere_at_every_server(db: PgPool) {
    let app = product(&db).await;
    let other = app.beside(db.clone(), server::modules::ALL.iter().copied()).await;
    let _memories = (app.remembers().await, other.remembers().await);
    let cases = [
        ("banned", "update users set banned = true where id = '{user}'", &[401, 403][..]),
        ("closed session", "delete from sessions where user_id = '{user}'", &[401]),
        ("member no more", "delete from tenant_members where user_id = '{user}'", &[403, 404]),
        ("of a tenant that is gone", "delete from tenants where id = '{tenant}'", &[403, 404]),
    ];
    for (who, taken, expected) in cases {
        let bob = app.owner(Kind::Company).await;
        for server in [&app, &other] {
            bob.at(server).get("/api/tenant/current").await.ok();
        }
        change(&app, taken, &bob).await;
        for server in [&other, &app] {
            all_refuse(server, &bob.at(server), &bob.tenant.to_string(), expected, who).await;
        }
    }
}

#[db_test]
async fn a_demoted_member_may_no_longer_do_at_one_server_what_was_taken_at_the_other(db: PgPool) {
    let app = product(&db).await;
    let other = app.beside(db.clone(), server::modules::ALL.iter().copied()).await;
    let _memories = (app.remembers().await, other.remembers().await);
    let ana = app.owner(Kind::Company).await;
    let bob = app.colleague(&ana, "admin").await;
    let there = bob.at(&other);
    assert_eq!(there.post("/api/v1/strategies", &json!({})).await.status.as_u16(), 422);
    let place = format!("/api/tenant/{}/members/{}", ana.tenant, bob.user);
    ana.patch(&place, &json!({ "role": "viewer" })).await.ok();
    let beyond = operations(app.document());
    let beyond = beyond.iter().filter(|it| it.permission().is_some_and(|name| !name.ends_with(":read")));
    for operation in beyond {
        let path = operation.path_with(&|place| if place == "tenant" { ana.tenant } else { bob.user }.to_string());
        let answer = operation.call(&there, &path, &json!({})).await;
        assert_eq!(answer.status.as_u16(), 403, "{path}: {}", answer.text());
    }
    ana.delete(&place).await.no_content();
    all_refuse(&other, &there, &ana.tenant.to_string(), &[403, 404], "removed").await;
}

#[db_test]
async fn a_key_opens_its_own_tenant_and_no_other_whatever_is_asked_for(db: PgPool) {
    let app = product(&db).await;
    let (ana, bob) = (app.owner(Kind::Company).await, app.owner(Kind::Company).await);
    let rights = json!({ "permissions": { "bots": ["read"], "strategies": ["read", "write"], "tenants": ["read"] } });
    let made = bob.post("/api/auth/api-key/create", &rights).await.body();
    let key = app.stranger().with("x-api-key", made["key"].as_str().unwrap());
    assert_eq!(key.get("/api/tenant/current").await.ok()["id"], json!(bob.tenant));
    let disguised = key.with("x-tenant-id", ana.tenant);
    for operation in operations(app.document()).iter().filter(|it| it.permission().is_some() && it.takes_keys()) {
        let path = operation.path_with(&|_| ana.tenant.to_string());
        for (by, path) in [(&disguised, path.clone()), (&key, format!("{path}?tenant_id={}", ana.tenant))] {
            let answer = operation.call(by, &path, &json!({})).await;
            assert!(answer.status.is_client_error(), "{path}: {} {}", answer.status, answer.text());
        }
    }
}

#[db_test]
async fn what_is_no_tenants_id_is_no_tenant(db: PgPool) {
    let app = product(&db).await;
    let bob = app.owner(Kind::Company).await;
    let garbled = format!("{}'", bob.tenant);
    let nonsense = ["", "null", "*", "0", "' or 1=1 --", "../", "00000000-0000-0000-0000-000000000000", &garbled];
    let guarded = operations(app.document());
    let guarded = guarded.iter().filter(|it| it.permission().is_some() && it.places() == 0 && it.method == "GET");
    for operation in guarded {
        for tenant in nonsense {
            let by_header = bob.with("x-tenant-id", tenant).get(&operation.path).await;
            let by_query = bob.get(&format!("{}?tenant_id={}", operation.path, encoded(tenant))).await;
            for answer in [by_header, by_query] {
                let status = answer.status.as_u16();
                assert_eq!(status, 404, "{} in {tenant:?}: {}", operation.path, answer.text());
            }
        }
    }
}
