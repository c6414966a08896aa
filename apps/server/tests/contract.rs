//! What the whole product promises of all its operations and tables, read from its own document and catalogue:
//! no list is kept by hand.

#![allow(clippy::unwrap_used, reason = "a test that cannot be prepared has failed")]

use serde_json::Value;
use server::{assemble::document, modules, system};
use std::{fs, path::Path};
use tenants::Kind;
use testkit::{Client, Member, PgPool, TestApp, db_test};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

#[derive(Clone)]
struct Operation {
    method: String,
    path: String,
    about: Value,
}

impl Operation {
    /// Calls it with something that could be meant in each place of its path.
    async fn call(&self, client: &Client) -> testkit::Answer {
        let path = self.path.replace("{version}", "1").replace("{provider}", "google").replace("{token}", "t");
        let parts = path.split('/').map(|part| if part.starts_with('{') { NOBODYS } else { part });
        let path = parts.collect::<Vec<_>>().join("/");
        let body = axum::body::Body::from("{}");
        client.send(&self.method.to_uppercase(), &path, body, Some("application/json")).await
    }

    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn is_public(&self) -> bool {
        self.about["x-public"] == true
    }

    fn takes_keys(&self) -> bool {
        self.about["security"].to_string().contains("apiKey")
    }

    fn permission(&self) -> Option<&str> {
        self.about["x-permission"].as_str()
    }
}

/// An id that nothing has.
const NOBODYS: &str = "00000000-0000-7000-8000-000000000000";

fn operations(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, item)| {
        let item = item.as_object().unwrap().iter();
        item.map(|(method, about)| Operation { method: method.clone(), path: path.clone(), about: about.clone() })
    });
    let operations: Vec<_> = operations.collect();
    assert!(operations.len() > 60 && operations.iter().all(|it| METHODS.contains(&it.method.as_str())));
    operations
}

async fn product(db: PgPool) -> TestApp {
    TestApp::with(db, modules::ALL.iter().copied(), |parts| parts.provide(system::Document::default())).await
}

#[db_test]
async fn every_operation_that_is_not_public_refuses_a_stranger(db: PgPool) {
    let app = product(db).await;
    let stranger = app.stranger();
    for operation in operations(app.document()).iter().filter(|it| !it.is_public()) {
        let answer = operation.call(&stranger).await;
        assert_eq!(answer.status.as_u16(), 401, "{}: {}", operation.name(), answer.text());
    }
}

#[db_test]
async fn every_operation_with_a_permission_refuses_a_member_without_it(db: PgPool) {
    let app = product(db).await;
    let member = app.member([]).await;
    let guarded = operations(app.document());
    let guarded: Vec<_> = guarded.iter().filter(|it| it.permission().is_some()).collect();
    assert!(guarded.len() > 30);
    for operation in guarded {
        let path = operation.path.replace("/api/tenant/{id}", &format!("/api/tenant/{}", member.tenant));
        let answer = Operation { path, ..operation.clone() }.call(&member).await;
        let name = operation.name();
        assert_eq!(answer.status.as_u16(), 403, "{name}: {}", answer.text());
        assert_eq!(answer.body()["context"]["permission"], operation.about["x-permission"], "{name}");
    }
}

/// Who calls by a key of this user's with these permissions.
async fn by_key(app: &TestApp, user: &Member, permissions: &Value) -> Client {
    let wish = serde_json::json!({ "permissions": permissions });
    let made = user.post("/api/auth/api-key/create", &wish).await;
    assert_eq!(made.status.as_u16(), 200, "{}", made.text());
    app.stranger().with("x-api-key", made.body()["key"].as_str().unwrap())
}

#[db_test]
async fn every_operation_that_does_not_take_keys_refuses_even_the_owners(db: PgPool) {
    let app = product(db).await;
    let key = by_key(&app, &app.owner(Kind::Company).await, &serde_json::json!({ "bots": ["read"] })).await;
    let own = operations(app.document()).into_iter().filter(|it| {
        // what another platform sends back is led on in nobody's name
        let led_on = it.path == "/api/auth/callback/{provider}";
        !it.takes_keys() && !led_on && (!it.is_public() || (it.path.starts_with("/api/auth/") && it.method == "post"))
    });
    let own: Vec<_> = own.collect();
    assert!(own.len() > 20);
    for operation in own {
        let answer = operation.call(&key).await;
        let refused = (answer.status.as_u16(), answer.body()["code"].clone());
        assert_eq!(refused, (403, "SESSION_REQUIRED".into()), "{}: {}", operation.name(), answer.text());
    }
}

#[db_test]
async fn every_operation_that_takes_keys_refuses_one_without_its_permission(db: PgPool) {
    let app = product(db).await;
    let owner = app.owner(Kind::Company).await;
    let key = by_key(&app, &owner, &serde_json::json!({ "nothing": ["read"] })).await;
    for operation in operations(app.document()).iter().filter(|it| it.permission().is_some() && it.takes_keys()) {
        let path = operation.path.replace("/api/tenant/{id}", &format!("/api/tenant/{}", owner.tenant));
        let answer = Operation { path, ..operation.clone() }.call(&key).await;
        let name = operation.name();
        assert_eq!(answer.status.as_u16(), 403, "{name}: {}", answer.text());
        assert_eq!(answer.body()["context"]["permission"], operation.about["x-permission"], "{name}");
    }
}

#[db_test]
async fn every_operation_says_who_may_call_it_and_how_it_fails(db: PgPool) {
    let app = product(db).await;
    for operation in operations(app.document()) {
        let (name, about) = (operation.name(), &operation.about);
        assert!(operation.is_public() || about["security"].is_array(), "{name} says nothing of who may call it");
        assert!(about["summary"].as_str().is_some_and(|summary| summary.ends_with('.')), "{name} has no summary");
        assert!(about["responses"]["default"].is_object(), "{name} does not say how it fails");
    }
}

#[db_test]
async fn what_another_tenant_has_does_not_exist(db: PgPool) {
    let app = product(db).await;
    let owner = app.owner(Kind::Company).await;
    for operation in operations(app.document()).iter().filter(|it| it.method == "get" && it.path.contains("{id}")) {
        let answer = operation.call(&owner).await;
        assert_eq!(answer.status.as_u16(), 404, "{}: {}", operation.name(), answer.text());
    }
}

/// What tests a secret, sends a mail or has an exchange asked, and is therefore counted strictly; a `*` is any end, and
/// one of several methods of a path is named by it.
const STRICT: [&str; 20] = [
    "/api/auth/sign-in/*",
    "/api/auth/sign-up/*",
    "/api/auth/send-verification-email",
    "/api/auth/two-factor/*",
    "/api/auth/passkey/verify-*",
    "/api/auth/magic-link/*",
    "/api/auth/change-password",
    "/api/auth/change-email",
    "/api/auth/verify-password",
    "/api/auth/request-password-reset",
    "/api/auth/forget-password",
    "/api/auth/reset-password",
    "/api/auth/delete-user",
    "/api/user/account",
    "/api/auth/callback/*",
    "/api/auth/api-key/create",
    "/api/auth/api-key/rotate",
    "post /api/v1/exchange-connections",
    "/api/v1/exchange-connections/{id}/test",
    "/api/v1/exchange-connections/{id}/balances",
];
/// What those who watch over the server ask, and the page that tells of the API.
const UNLIMITED: [&str; 8] = [
    "/health",
    "/health/live",
    "/health/ready",
    "/metrics",
    "/docs",
    "/docs/scalar.js",
    "/docs/start.js",
    // the alerts of all tenants come from the same few addresses; each bot counts its own
    "/api/v1/hooks/{token}",
];

#[test]
fn what_tests_a_secret_or_sends_a_mail_may_be_called_rarely_and_the_rest_often() {
    let among = |operation: &Operation| {
        let (name, path) = (operation.name(), operation.path.as_str());
        STRICT.iter().any(|&known| match known.strip_suffix('*') {
            Some(begin) => path.starts_with(begin),
            None => known == path || known == name,
        })
    };
    for operation in operations(&document()) {
        let path = operation.path.as_str();
        let most = match () {
            () if UNLIMITED.contains(&path) => Value::Null,
            () if among(&operation) => 5.into(),
            () => 100.into(),
        };
        assert_eq!(operation.about["x-rate-limit"]["perMinute"], most, "{}", operation.name());
        assert_eq!(operation.about["responses"]["429"].is_object(), !most.is_null(), "{}", operation.name());
    }
}

#[test]
fn every_setting_is_what_it_may_be_while_nobody_has_set_it() {
    let declared: Vec<_> = modules::ALL.iter().flat_map(|module| module.settings).collect();
    assert!(declared.len() > 4);
    for setting in declared {
        let (name, preset) = (setting.name, configurations::preset(setting));
        assert!(preset.is_null() || configurations::faults(setting, &preset, name).is_empty(), "{name}: {preset}");
        // the words of the paths beside it have no dot
        assert!(name.contains('.') && !setting.levels.is_empty(), "{name}");
        assert!(setting.description.ends_with('.'), "{name}: {}", setting.description);
    }
}

#[test]
fn the_committed_document_is_the_codes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi.json");
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let fresh = format!("{:#}\n", document());
    assert!(committed == fresh, "openapi.json is out of date: run `cargo xtask openapi`");
}

#[test]
fn every_topic_of_the_stream_is_told_of_with_its_permission() {
    let document = document();
    let about = document["paths"]["/api/v1/stream"]["get"]["description"].as_str().unwrap();
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide-trader.md");
    let guide = fs::read_to_string(guide).unwrap();
    let topics: Vec<_> = modules::ALL.iter().flat_map(|module| module.topics).collect();
    assert!(topics.len() > 4);
    for topic in topics {
        let name = format!("`{}`", topic.name);
        let row = guide.lines().find(|line| line.starts_with('|') && line.contains(&name));
        assert!(row.is_some_and(|row| row.contains(topic.permission)), "{name} is not in the guide");
        assert!(about.contains(&name), "{name} is not in the document");
    }
}

/// Tables that are nobody's in particular, and why.
const GLOBAL: &[(&str, &str)] = &[
    ("_sqlx_migrations", "what has been applied to the database"),
    ("encryption_keys", "which keys seal and which have been replaced; the keys themselves are not there"),
    ("bot_runners", "which processes run bots, until when; nobody's in particular"),
    ("memories", "which processes answer from memory, until when; nobody's in particular"),
    ("stream_places", "how far the events of all tenants are numbered and removed"),
    ("candle_rollups", "reached like the candles that they sum"),
    ("candles", "reached only through a series, which is looked up under row level security"),
    ("trades", "reached only through a series, as candles are"),
];

#[db_test]
async fn every_table_is_behind_row_level_security_or_says_why_not(db: PgPool) {
    let tables: Vec<(String, bool, bool)> = sqlx::query_as(
        "select relname::text, relrowsecurity, relforcerowsecurity from pg_class c
         where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition order by 1",
    )
    .fetch_all(&db)
    .await
    .unwrap();
    assert!(tables.len() > 15);
    for (table, enabled, forced) in &tables {
        let global = GLOBAL.iter().any(|(name, _)| name == table);
        assert_eq!((*enabled, *forced), (!global, !global), "{table}: protect it, or say why it is global");
    }
    for (name, _) in GLOBAL {
        assert!(tables.iter().any(|(table, ..)| table == name), "{name} is no longer there");
    }
}

/// Columns of bytes that are not sealed, and why.
const OPEN: &[(&str, &[&str])] = &[
    (
        "hashes, which nobody reads again",
        &[
            "api_keys.key_hash",
            "backup_codes.code_hash",
            "bot_hooks.token_hash",
            "exchange_connections.fingerprint",
            "known_devices.agent_hash",
            "known_devices.network_hash",
            "link_tokens.token_hash",
            "passkey_challenges.token_hash",
            "sessions.token_hash",
            "sign_in_failures.account",
            "social_states.hash",
            "trusted_devices.token_hash",
            "two_factor_challenges.agent_hash",
            "two_factor_challenges.token_hash",
            "unlock_links.token_hash",
        ],
    ),
    (
        "what proves the audit trail, and what is signed stays signed as it was",
        &[
            "audit_anchors.hash",
            "audit_entries.signature",
            "audit_seals.anchors",
            "audit_seals.digest",
            "audit_seals.hash",
            "audit_seals.previous",
            "audit_seals.signature",
        ],
    ),
    ("what a passkey shows to everybody", &["passkeys.credential_id", "passkeys.public_key"]),
    (
        "documents and pictures",
        &[
            "backtest_results.content",
            "backtest_results.digest",
            "backtest_trades.content",
            "user_avatars.content",
            "user_exports.content",
        ],
    ),
    ("what files and keys are called by", &["_sqlx_migrations.checksum", "encryption_keys.id", "memories.seals_with"]),
];

#[db_test]
async fn every_column_of_bytes_is_declared_as_sealed_or_says_why_not(db: PgPool) {
    let mut columns: Vec<String> = sqlx::query_scalar(
        "select c.relname || '.' || a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
           and a.atttypid = 'bytea'::regtype and not a.attisdropped",
    )
    .fetch_all(&db)
    .await
    .unwrap();
    let sealed = modules::ALL.iter().flat_map(|module| module.sealed).map(|it| format!("{}.{}", it.table, it.column));
    let open = OPEN.iter().flat_map(|(_, columns)| *columns).map(|&column| column.to_owned());
    let mut known: Vec<_> = sealed.chain(open).collect();
    columns.sort();
    known.sort();
    assert_eq!(columns, known, "declare it in `Module::sealed`, or say why it is none");
}

#[db_test]
async fn a_reference_between_tenants_tables_carries_the_tenant(db: PgPool) {
    let bare: Vec<(String, String)> = sqlx::query_as(
        "select c.conrelid::regclass::text, c.conname::text
         from pg_constraint c
         where c.contype = 'f'
           and exists (select from pg_attribute a where a.attrelid = c.conrelid and a.attname = 'tenant_id' and a.attnotnull)
           and exists (select from pg_attribute a where a.attrelid = c.confrelid and a.attname = 'tenant_id' and a.attnotnull)
           and not exists (select from pg_attribute a
                           where a.attrelid = c.conrelid and a.attnum = any (c.conkey) and a.attname = 'tenant_id')",
    )
    .fetch_all(&db)
    .await
    .unwrap();
    assert!(bare.is_empty(), "these references accept another tenant's id: {bare:?}");
}

#[db_test]
async fn a_tenants_table_fills_its_tenant_in_by_itself(db: PgPool) {
    let without: Vec<String> = sqlx::query_scalar(
        "select a.attrelid::regclass::text from pg_attribute a
         join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
         left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
         where a.attname = 'tenant_id' and coalesce(pg_get_expr(d.adbin, d.adrelid), '') <> 'current_tenant()'",
    )
    .fetch_all(&db)
    .await
    .unwrap();
    assert!(without.is_empty(), "`tenant_id` does not default to current_tenant(): {without:?}");
}

/// Scopes are opened where a caller or a job has been recognised, and nowhere else.
#[test]
fn a_tenant_is_opened_in_few_places() {
    assert_eq!(
        homes_of("Scope::new("),
        [
            "crates/kit/src/caller.rs",
            "crates/kit/src/jobs/worker.rs",
            "modules/api-keys/src/service/mod.rs",
            "modules/audit/src/service/retention.rs",
            "modules/auth/src/service/mod.rs",
            "modules/bots/src/platform.rs",
            "modules/bots/src/run/session.rs",
            "modules/bots/src/service/hooks.rs",
            "modules/market-data/src/service/retention.rs",
            "modules/portfolio/src/keeper.rs",
            "modules/tenants/src/service.rs",
        ]
    );
}

/// A request that changes something records it, but for what these say is not worth it.
#[test]
fn what_is_changed_without_a_record_is_changed_in_few_places() {
    assert_eq!(
        homes_of(".unaudited("),
        [
            "modules/auth/src/service/account/deletion.rs",
            "modules/auth/src/service/account/email.rs",
            "modules/auth/src/service/account/reset.rs",
            "modules/auth/src/service/confirm.rs",
            "modules/auth/src/service/magic_link.rs",
            "modules/auth/src/service/sign_in.rs",
            "modules/auth/src/service/verification.rs",
            "modules/bots/src/service/hooks.rs",
            "modules/passkeys/src/service/ceremony.rs",
            "modules/security/src/service/notice.rs",
            "modules/social/src/service/arrive.rs",
            "modules/social/src/service/depart.rs",
        ]
    );
}

/// The files of the product in which this stands.
fn homes_of(call: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut homes = vec![];
    for folder in ["crates", "modules", "adapters", "apps"] {
        sources(&root.join(folder), &mut |path, text| {
            let of_tests = ["/tests/", "/testkit/", "/examples/"].iter().any(|folder| path.contains(folder));
            if text.contains(call) && !of_tests {
                homes.push(path.rsplit("/../../").next().unwrap_or(path).to_owned());
            }
        });
    }
    homes.sort();
    homes
}

fn sources(folder: &Path, see: &mut impl FnMut(&str, &str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, see);
        } else if path.extension().is_some_and(|it| it == "rs") {
            see(&path.to_string_lossy(), &fs::read_to_string(&path).unwrap());
        }
    }
}
