//! `botcriptofy keys`, beside servers that run and without them.

#![allow(clippy::unwrap_used, reason = "a test that cannot be prepared has failed")]

use base64::{Engine, prelude::BASE64_STANDARD};
use kit::{Ids, KeyId, Vault};
use server::{modules, system::Document};
use sqlx::ConnectOptions;
use std::{
    fs,
    process::{Command, Output},
};
use tempfile::TempDir;
use testkit::{KEY, Member, PgPool, TestApp, Value, db_test};

/// An installation with a data directory, and somebody with a second factor.
struct Installation {
    db: PgPool,
    data: TempDir,
    app: TestApp,
    ana: Member,
}

impl Installation {
    async fn new(db: PgPool) -> Self {
        let app = TestApp::with(db.clone(), modules::ALL.iter().copied(), |it| it.provide(Document::default())).await;
        let ana = app.member([]).await;
        let it = Self { db, data: tempfile::tempdir().unwrap(), app, ana };
        it.keep(&[KEY]);
        it.second_factor(KEY).await;
        it
    }

    fn keep(&self, keys: &[[u8; 32]]) {
        let text = keys.iter().map(|key| BASE64_STANDARD.encode(key) + "\n").collect::<String>();
        fs::write(self.data.path().join("encryption-key"), text).unwrap();
    }

    /// The keys that are kept, the first one first.
    fn kept(&self) -> Vec<[u8; 32]> {
        let text = fs::read_to_string(self.data.path().join("encryption-key")).unwrap();
        text.lines().map(|line| BASE64_STANDARD.decode(line).unwrap().try_into().unwrap()).collect()
    }

    async fn second_factor(&self, by: [u8; 32]) {
        let sealed =
            Vault::new(by).seal(&Ids::Random, &self.ana.user.to_string(), "two_factor.secret", b"hers").unwrap();
        let put = "insert into two_factors (user_id, secret, created_at, updated_at) values ($1, $2, now(), now())
                   on conflict (user_id) do update set secret = excluded.secret";
        let mut tx = self.app.system().await;
        sqlx::query(put).bind(self.ana.user).bind(sealed).execute(tx.conn()).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Whether a key opens it.
    async fn opens(&self, by: [u8; 32]) -> bool {
        let sealed: Vec<u8> = sqlx::query_scalar("select secret from two_factors")
            .fetch_one(self.app.system().await.conn())
            .await
            .unwrap();
        Vault::new(by).open(&self.ana.user.to_string(), "two_factor.secret", &sealed).is_ok_and(|open| open == b"hers")
    }

    async fn keys(&self, arguments: &[&str], configured: &[[u8; 32]]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_botcriptofy"));
        command.env_clear().current_dir(self.data.path()).arg("keys").args(arguments);
        command.env("DATABASE_URL", self.db.connect_options().to_url_lossy().as_str());
        command.env("BOTCRIPTOFY_DATA_DIR", self.data.path());
        if !configured.is_empty() {
            let keys: Vec<_> = configured.iter().map(|key| BASE64_STANDARD.encode(key)).collect();
            command.env("ENCRYPTION_KEY", keys.join(","));
        }
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    async fn rotate(&self, configured: &[[u8; 32]]) -> Value {
        done(&self.keys(&["rotate", "--json"], configured).await)
    }

    /// What the trail says of keys, the oldest entry first.
    async fn trail(&self) -> Vec<(String, String)> {
        let entries = "select action, resource_id || coalesce(after::text, '') from audit_entries
                       where resource = 'encryption-key' and tenant_id is null order by id";
        sqlx::query_as(entries).fetch_all(self.app.system().await.conn()).await.unwrap()
    }
}

fn done(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn id(key: [u8; 32]) -> KeyId {
    Vault::new(key).current().unwrap()
}

#[db_test]
async fn a_key_is_made_kept_and_everything_sealed_anew_under_it(db: PgPool) {
    let it = Installation::new(db).await;
    let rotated = it.rotate(&[]).await;
    let kept = it.kept();
    assert_eq!((kept.len(), kept[1]), (2, KEY));
    let figures = ["made", "resealed", "left"].map(|name| rotated[name].to_string());
    assert_eq!((rotated["key"] == id(kept[0]).to_string(), figures), (true, ["true", "1", "0"].map(str::to_owned)));
    assert!(it.opens(kept[0]).await && !it.opens(KEY).await);

    let status = done(&it.keys(&["status", "--json"], &[]).await);
    assert_eq!(status["keys"].as_array().unwrap().len(), 2);
    let place = status["places"].as_array().unwrap().iter().find(|place| place["table"] == "two_factors").unwrap();
    assert_eq!(place["sealed"], testkit::json!([{ "key": id(kept[0]).to_string(), "known": true, "values": 1 }]));

    let trail = it.trail().await;
    assert_eq!(trail[0].0, "encryption-key.rotation-begun");
    assert_eq!(trail[0].1, format!("{}{{\"replaced\":[\"{}\"]}}", id(kept[0]), id(KEY)));
    assert_eq!(trail[1].0, "encryption-key.rotated");
    assert_eq!(trail[1].1, format!("{}{{\"resealed\":1,\"left\":0}}", id(kept[0])));

    assert_eq!(it.rotate(&[]).await["made"], true);
    assert_eq!(it.kept()[1..], kept, "the next rotation makes the next key");
}

#[db_test]
async fn a_rotation_that_was_killed_goes_on_with_the_key_that_it_has_made(db: PgPool) {
    let it = Installation::new(db).await;
    it.keep(&[[9; 32], KEY]);
    let rotated = it.rotate(&[]).await;
    assert_eq!((&rotated["made"], &rotated["resealed"]), (&Value::Bool(false), &Value::from(1)));
    assert_eq!(it.kept(), [[9; 32], KEY]);
    assert!(it.opens([9; 32]).await);
}

#[db_test]
async fn a_server_that_runs_by_the_old_key_is_to_be_restarted_first(db: PgPool) {
    let it = Installation::new(db).await;
    let _runs = it.app.remembers().await;
    let told = refused(&it.keys(&["rotate"], &[]).await);
    let kept = it.kept();
    assert!(told.contains("1 running server does not seal with the key") && told.contains("restart"), "{told}");
    assert!(kept.len() == 2 && it.opens(KEY).await && it.trail().await.is_empty());
    refused(&it.keys(&["rotate"], &[]).await);
    assert_eq!(it.kept(), kept, "it waits for its servers");
}

#[db_test]
async fn a_key_that_is_configured_is_the_operators_to_make(db: PgPool) {
    let it = Installation::new(db).await;
    let told = refused(&it.keys(&["rotate"], &[KEY]).await);
    assert!(told.contains("openssl rand -base64 32") && told.contains("restart every server"), "{told}");
    let rotated = it.rotate(&[[9; 32], KEY]).await;
    assert_eq!((&rotated["resealed"], it.opens([9; 32]).await), (&Value::from(1), true));
    assert_eq!(it.rotate(&[[9; 32], KEY]).await["resealed"], 0, "once more does nothing");
    let told = refused(&it.keys(&["rotate"], &[KEY, [9; 32]]).await);
    assert!(told.contains("was replaced by a rotation and may not seal"), "{told}");
    assert_eq!(it.kept(), [KEY], "what is kept is not touched");
}

#[db_test]
async fn what_an_unknown_key_has_sealed_is_told_of_until_the_key_is_found(db: PgPool) {
    let it = Installation::new(db).await;
    it.second_factor([3; 32]).await;
    let output = it.keys(&["rotate"], &[[9; 32], KEY]).await;
    assert!(refused(&output).contains("1 sealed values could not be sealed anew"));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains(&format!("two_factors.secret: 1 by {}, WHICH IS NOT AMONG THE KEYS", id([3; 32]))), "{told}");
    assert_eq!(it.rotate(&[[9; 32], KEY, [3; 32]]).await["resealed"], 1);
    assert!(it.opens([9; 32]).await);
}
