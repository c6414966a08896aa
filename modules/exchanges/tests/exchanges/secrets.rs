use crate::fake::{ALL, KEY, PATH, SECRET, connected, refused, wish, with_fake};
use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};
use testkit::{PgPool, db_test, json};
use tracing::Level;

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Neither of them stands there, nor a part of one that is worth anything.
#[track_caller]
fn tells_nothing(text: &str) {
    for secret in [KEY, SECRET] {
        for part in [secret, &secret[..8], &secret[8..16]] {
            assert!(!text.contains(part), "{part} stands in {text}");
        }
    }
}

#[db_test]
async fn a_key_and_its_secret_are_in_no_answer_no_audit_entry_and_no_log(db: PgPool) {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_max_level(Level::TRACE).with_writer(move || writer.clone());
    let _logged = tracing::subscriber::set_default(subscriber.finish());
    tracing::trace!("somebody listens");
    let (app, fake) = with_fake(db).await;
    let ana = app.member(ALL).await;

    let made = ana.post(PATH, &wish("")).await;
    tells_nothing(&made.text());
    let path = format!("{PATH}/{}", made.created()["id"].as_str().unwrap());
    for answer in [
        ana.post(PATH, &wish("")).await,
        ana.get(PATH).await,
        ana.get(&path).await,
        ana.patch(&path, &json!({ "label": "Other" })).await,
        ana.post(&format!("{path}/test"), &json!({})).await,
        ana.get(&format!("{path}/balances")).await,
    ] {
        tells_nothing(&answer.text());
    }
    fake.says(refused("Invalid API-key."));
    tells_nothing(&ana.post(&format!("{path}/test"), &json!({})).await.text());
    tells_nothing(&ana.post(PATH, &wish("2")).await.text());
    ana.delete(&path).await.no_content();
    let trail = ana.get("/api/v1/audit?limit=100").await.text();
    assert!(trail.contains("exchange_connection.deleted"));
    tells_nothing(&trail);

    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("somebody listens"));
    tells_nothing(&logged);
}

#[db_test]
async fn a_key_and_its_secret_are_sealed_for_their_tenant_and_connection_and_wiped_with_it(db: PgPool) {
    let (app, _) = with_fake(db).await;
    let (ana, bob) = (app.member(ALL).await, app.member(ALL).await);
    let (first, second) = (connected(&ana, &wish("")).await, connected(&ana, &wish("2")).await);
    let row = "select row_to_json(c)::text from exchange_connections c";
    let mut tx = app.system().await;
    let rows: Vec<String> = sqlx::query_scalar(row).fetch_all(tx.conn()).await.unwrap();
    assert_eq!(rows.len(), 2);
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    for row in &rows {
        tells_nothing(row);
        assert!(!row.contains(&hex(&KEY[..8])) && !row.contains(&hex(&SECRET[..8])), "{row}");
    }
    // the sealed secret of one is put where that of the other was
    let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    let swap = "update exchange_connections set api_secret =
                    (select api_secret from exchange_connections where id = $1::uuid) where id = $2::uuid";
    sqlx::query(swap).bind(id(&first)).bind(id(&second)).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    ana.post(&format!("{second}/test"), &json!({})).await.refused(500, "INTERNAL_ERROR");
    ana.post(&format!("{first}/test"), &json!({})).await.ok();

    for path in [first, second] {
        ana.delete(&path).await.no_content();
    }
    let mut tx = app.system().await;
    let left: Vec<String> = sqlx::query_scalar(row).fetch_all(tx.conn()).await.unwrap();
    assert!(left.is_empty());
    connected(&bob, &wish("")).await;
}

#[db_test]
async fn a_key_and_its_secret_are_sealed_anew_when_the_platforms_key_is_rotated(db: PgPool) {
    let (app, _) = with_fake(db.clone()).await;
    let ana = app.member(ALL).await;
    connected(&ana, &wish("")).await;
    let columns = ["exchange_connections.api_key", "exchange_connections.api_secret"];
    assert_eq!(app.rotate(db).await, columns.map(|column| (column.to_owned(), 1)));
}
