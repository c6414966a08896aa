//! Stored order books over HTTP.

use crate::{
    common::BOTH,
    fake::{Fake, with_fake},
};
use chrono::TimeDelta;
use market_data::SourceError;
use testkit::{Client, Member, PgPool, TestApp, Value, db_test, json};
use trading::book::{Level, Snapshot};

const SNAPSHOTS: &str = "/api/v1/market-data/book/snapshots";
const BTC: &str = "exchange=binance&symbol=BTC/USDT";

fn level(cents: u64) -> Level {
    let price = format!("{}.{:02}", cents / 100, cents % 100);
    Level { price: price.parse().unwrap(), quantity: format!("{cents}.000001").parse().unwrap() }
}

fn book(last_id: u64, levels: u64) -> Snapshot {
    let bids = (0..levels).map(|row| level(9_999 - row)).collect();
    Snapshot { last_id, bids, asks: (0..levels).map(|row| level(10_001 + row)).collect() }
}

fn says(fake: &Fake, book: Result<Snapshot, SourceError>) {
    fake.0.lock().unwrap().book = Some(book);
}

fn wish() -> Value {
    json!({ "exchange": "binance", "symbol": "BTC/USDT" })
}

async fn prepared(db: PgPool) -> (TestApp, Fake, Member) {
    let (app, fake) = with_fake(db).await;
    let ana = app.member(["market-data:read", "market-data:write", "audit:read"]).await;
    says(&fake, Ok(book(7, 200)));
    (app, fake, ana)
}

fn id(snapshot: &Value) -> &str {
    snapshot["id"].as_str().unwrap()
}

/// The numbers of the last updates of a list, and where it goes on.
async fn listed(client: &Client, query: &str) -> (Vec<u64>, Option<String>) {
    let body = client.get(&format!("{SNAPSHOTS}?{BTC}{query}")).await.body();
    let ids = body["data"].as_array().unwrap().iter().map(|it| it["lastUpdateId"].as_u64().unwrap()).collect();
    (ids, body["meta"]["next"].as_str().map(str::to_owned))
}

#[db_test]
async fn a_book_is_kept_as_the_exchange_told_it(db: PgPool) {
    let (_app, _, ana) = prepared(db).await;
    let taken = ana.post(SNAPSHOTS, &wish()).await.created();
    assert_eq!((&taken["lastUpdateId"], &taken["shared"]), (&json!(7), &json!(false)));
    assert_eq!(taken["bids"].as_array().unwrap().len(), 100);
    assert_eq!(taken["asks"][99], json!({ "price": "101", "quantity": "10100.000001" }));
    assert_eq!(taken["takenAt"], "2026-01-05T12:00:00.000Z");
    assert_eq!(ana.get(&format!("{SNAPSHOTS}/{}", id(&taken))).await.ok(), taken, "to the last digit");
    let mut deep = wish();
    deep["levels"] = 1_000.into();
    assert_eq!(ana.post(SNAPSHOTS, &deep).await.created()["bids"].as_array().unwrap().len(), 200);
    let list = ana.get(&format!("{SNAPSHOTS}?{BTC}&levels=3")).await.ok();
    let sides = [&list[0]["bids"], &list[1]["asks"]].map(|side| side.as_array().unwrap().len());
    assert_eq!((sides, &list[1]["bids"][0]), ([3, 3], &taken["bids"][0]));
    let list = ana.get(&format!("{SNAPSHOTS}?{BTC}&levels=9999")).await.ok();
    assert_eq!(list[0]["asks"].as_array().unwrap().len(), 100);
}

#[db_test]
async fn books_are_listed_in_parts_in_either_direction(db: PgPool) {
    let (app, fake, ana) = prepared(db).await;
    for update in 1..=5 {
        says(&fake, Ok(book(update, 1)));
        ana.post(SNAPSHOTS, &wish()).await.created();
        app.clock().advance(TimeDelta::minutes(1));
    }
    let (newest, next) = listed(&ana, "&limit=2").await;
    assert_eq!(newest, [5, 4]);
    let next = next.unwrap();
    assert_eq!(listed(&ana, &format!("&limit=2&before={next}")).await.0, [3, 2]);
    assert_eq!(listed(&ana, &format!("&after={next}")).await, (vec![5], None));
    let minute = "2026-01-05T12:0";
    assert_eq!(listed(&ana, &format!("&from={minute}1:00Z&to={minute}3:00Z")).await.0, [3, 2]);
    assert_eq!(
        listed(&ana, &format!("&from={minute}1:00Z&after=00000000-0000-0000-0000-000000000000&limit=1")).await.0,
        [2]
    );
    assert_eq!(listed(&ana, "&from=1200-01-01T00:00:00Z&to=9000-01-01T00:00:00Z").await.0.len(), 5);
    ana.get(&format!("{SNAPSHOTS}?{BTC}&before=7")).await.invalid("before");
    assert_eq!(ana.get(&format!("{SNAPSHOTS}?exchange=binance&symbol=ETH/USDT")).await.ok(), json!([]));
}

#[db_test]
async fn a_tenant_never_sees_anothers_books(db: PgPool) {
    let (app, _, ana) = prepared(db).await;
    let bob = app.member(BOTH).await;
    let taken = ana.post(SNAPSHOTS, &wish()).await.created();
    let path = format!("{SNAPSHOTS}/{}", id(&taken));
    assert_eq!(listed(&bob, "").await.0, Vec::<u64>::new());
    bob.get(&path).await.refused(404, "SNAPSHOT_NOT_FOUND");
    bob.delete(&path).await.refused(404, "SNAPSHOT_NOT_FOUND");
    ana.delete(&path).await.no_content();
    ana.get(&path).await.refused(404, "SNAPSHOT_NOT_FOUND");
    let trail = ana.get("/api/v1/audit?resource=book_snapshot").await.ok();
    let actions: Vec<_> = trail.as_array().unwrap().iter().map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["book_snapshot.deleted", "book_snapshot.taken"]);
}

#[db_test]
async fn what_an_operator_keeps_is_everybodys_to_read(db: PgPool) {
    let (app, fake, ana) = prepared(db).await;
    let root = app.member(BOTH).await;
    let shared = format!("{SNAPSHOTS}/shared");
    ana.post(&shared, &wish()).await.refused(403, "FORBIDDEN");
    let mut tx = app.system().await;
    let promote = sqlx::query("update users set role = 'super_admin' where id = $1").bind(root.user);
    promote.execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    let taken = root.post(&shared, &wish()).await.created();
    assert_eq!(taken["shared"], true);
    says(&fake, Ok(book(8, 1)));
    app.clock().advance(TimeDelta::minutes(1));
    ana.post(SNAPSHOTS, &wish()).await.created();
    assert_eq!((listed(&ana, "").await.0, listed(&root, "").await.0), (vec![8, 7], vec![7]));
    let path = format!("{SNAPSHOTS}/{}", id(&taken));
    assert_eq!(ana.get(&path).await.ok(), taken);
    ana.delete(&path).await.refused(404, "SNAPSHOT_NOT_FOUND");
}

#[db_test]
async fn what_cannot_be_kept_is_refused_and_nothing_is_kept(db: PgPool) {
    let (app, fake, ana) = prepared(db).await;
    for (field, value) in [
        ("levels", json!(0)),
        ("levels", json!(1_001)),
        ("symbol", json!("BTC")),
        ("exchange", json!("kraken")),
        ("x", json!(1)),
    ] {
        let mut wish = wish();
        wish[field] = value;
        ana.post(SNAPSHOTS, &wish).await.refused(422, "VALIDATION_ERROR");
    }
    says(&fake, Ok(Snapshot { bids: vec![level(10_001)], ..book(7, 1) }));
    ana.post(SNAPSHOTS, &wish()).await.refused(502, "EXCHANGE_ANSWERS_WRONGLY");
    says(&fake, Err(SourceError::Unavailable { message: "Ill.".into(), until: None }));
    ana.post(SNAPSHOTS, &wish()).await.refused(503, "EXCHANGE_UNAVAILABLE");
    assert_eq!(listed(&ana, "").await.0, Vec::<u64>::new());
    let (reader, writer) = (app.member(["market-data:read"]).await, app.member(["market-data:write"]).await);
    reader.post(SNAPSHOTS, &wish()).await.refused(403, "FORBIDDEN");
    writer.get(&format!("{SNAPSHOTS}?{BTC}")).await.refused(403, "FORBIDDEN");
    app.stranger().get(&format!("{SNAPSHOTS}?{BTC}")).await.refused(401, "UNAUTHORIZED");
}

#[db_test]
async fn a_tenant_may_not_keep_books_without_end(db: PgPool) {
    let (app, _, ana) = prepared(db).await;
    let mut tx = app.system().await;
    sqlx::query(
        "insert into book_snapshots (id, tenant_id, exchange, symbol, last_update_id, bid_prices, bid_quantities,
                                     ask_prices, ask_quantities, taken_at)
         select gen_random_uuid(), $1, 'binance', 'BTC/USDT', n, '{}', '{}', '{}', '{}', now()
         from generate_series(1, 9999) n",
    )
    .bind(ana.tenant)
    .execute(tx.conn())
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let wish = wish();
    let (one, other) = tokio::join!(ana.post(SNAPSHOTS, &wish), ana.post(SNAPSHOTS, &wish));
    let mut states = [one.status.as_u16(), other.status.as_u16()];
    states.sort_unstable();
    assert_eq!(states, [201, 409], "of two at once one gets the last place");
    ana.post(SNAPSHOTS, &wish).await.refused(409, "TOO_MANY_SNAPSHOTS");
}

#[db_test]
async fn books_that_a_tenant_keeps_no_longer_are_removed(db: PgPool) {
    let fake = Fake::default();
    let sources = market_data::Sources::new(vec![std::sync::Arc::new(fake.clone())]);
    let app =
        TestApp::with(db, [configurations::module(), market_data::module()], |parts| parts.provide(sources)).await;
    let ana = app.member(["market-data:read", "market-data:write", "configurations:write", "audit:read"]).await;
    let bob = app.member(BOTH).await;
    app.keep_sessions().await;
    let setting = "/api/v1/configurations/market-data.raw-retention-days";
    ana.put(setting, &json!({ "value": 2 })).await.ok();
    for update in 1..=4 {
        says(&fake, Ok(book(update, 1)));
        for client in [&ana, &bob] {
            client.post(SNAPSHOTS, &wish()).await.created();
        }
        app.clock().advance(TimeDelta::days(1));
    }
    // taken on the 5th to the 8th, and it is the 9th
    market_data::keep(app.app()).await.unwrap();
    market_data::keep(app.app()).await.unwrap();
    assert_eq!((listed(&ana, "").await.0, listed(&bob, "").await.0), (vec![4, 3], vec![4, 3, 2, 1]));
    let told = ana.get("/api/v1/audit?action=book_snapshots.pruned").await.ok();
    let after = json!({ "before": "2026-01-07T00:00:00.000Z", "removed": 2, "retentionDays": 2 });
    assert_eq!((&told[0]["after"], &told[1]), (&after, &json!(null)));
}
