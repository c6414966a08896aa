//! Bots of one tenant that are written together.

use crate::{
    common::{status, text},
    floor::Floor,
};
use bots::Runner;
use futures::FutureExt;
use sqlx::Row;
use std::time::Duration;
use testkit::{Member, PgPool, db_test, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const MINUTE: i64 = 60_000;

impl Floor {
    /// A bot on paper that follows the live market.
    async fn on_paper(&self, name: &str) -> String {
        let wish = json!({
            "name": name, "mode": "paper", "strategyId": self.strategy, "initialCash": "1000", "filters": "none",
            "feed": { "kind": "live" }
        });
        let id = text(&self.ana.post("/api/v1/bots", &wish).await.created()["id"]);
        self.ana.post(&format!("/api/v1/bots/{id}/start"), &json!({})).await.ok();
        id
    }

    /// For each transaction that has written the last entry of a journal, of how many bots and tenants.
    async fn written_by(&self) -> Vec<(i64, i64)> {
        let last = "select count(distinct bot_id), count(distinct tenant_id) from
                      (select distinct on (bot_id) tenant_id, bot_id, xmin::text from bot_journal
                       order by bot_id, seq desc) last
                    group by xmin order by 1";
        let rows = sqlx::query(last).fetch_all(self.app.system().await.conn()).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }
}

async fn candles(of: &Member, bot: &str) -> u64 {
    of.get(&format!("/api/v1/bots/{bot}")).await.ok()["candles"].as_u64().unwrap()
}

#[db_test]
async fn the_bots_of_a_tenant_are_written_by_one_transaction_and_those_of_another_by_another(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    let mut bots = vec![];
    for name in ["One", "Two", "Three"] {
        bots.push(floor.on_paper(name).await);
    }
    let (bob, his) = floor.another("His").await;
    let runner = Runner::new(floor.app.app());
    for _ in 0..3 {
        floor.pass(MINUTE).await;
        floor.work(&runner).await;
    }
    assert_eq!(floor.written_by().await, [(1, 1), (3, 1)]);
    let seen = candles(&bob, &his).await;
    for bot in &bots {
        assert_eq!(candles(&floor.ana, bot).await, seen);
        bob.get(&format!("/api/v1/bots/{bot}")).await.refused(404, "BOT_NOT_FOUND");
    }
    // what a bot has come to with others, it is made of without them
    floor.pass(6_000).await;
    let heir = Runner::new(floor.app.app());
    floor.work(&heir).await;
    for bot in &bots {
        assert_eq!(status(&floor.ana, bot).await, "running");
    }
}

#[db_test]
async fn a_bot_that_spoils_its_transactions_spoils_nobody_elses(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    let mut bots = vec![];
    for name in ["Good", "Bad", "Better"] {
        bots.push(floor.on_paper(name).await);
    }
    let runner = Runner::new(floor.app.app());
    floor.pass(MINUTE).await;
    floor.work(&runner).await;
    let before = candles(&floor.ana, &bots[0]).await;
    // the next entry of its journal is there already
    let mut tx = floor.app.system().await;
    let spoilt = "insert into bot_journal (tenant_id, bot_id, seq, at, input)
                  select j.tenant_id, bot_id, b.journal_seq + 1, at, input
                  from bot_journal j join bots b on b.id = bot_id where bot_id = $1 and seq = 1";
    sqlx::query(spoilt).bind(bots[1].parse::<Uuid>().unwrap()).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    for _ in 0..3 {
        floor.pass(MINUTE).await;
        floor.work(&runner).await;
    }
    assert_eq!(status(&floor.ana, &bots[1]).await, "failed");
    assert_eq!(candles(&floor.ana, &bots[1]).await, before);
    for bot in [&bots[0], &bots[2]] {
        assert_eq!((candles(&floor.ana, bot).await, status(&floor.ana, bot).await.as_str()), (before + 3, "running"));
    }
    assert_eq!(floor.written_by().await.last(), Some(&(2, 1)), "the others are together again");
}

#[db_test]
async fn a_process_that_is_killed_after_it_wrote_for_a_group_has_sent_for_none_of_it(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    let bots = [floor.started("One").await, floor.started("Two").await];
    let (killed, heir) = (Runner::new(floor.app.app()), Runner::new(floor.app.app()));
    floor.door.set_closed(true);
    let mut work = async {
        for _ in 0..60 {
            floor.pass(MINUTE).await;
            floor.work(&killed).await;
        }
    }
    .boxed();
    tokio::select! {
        () = &mut work => panic!("they never want to trade"),
        () = floor.door.is_reached() => {}
    }
    drop(work);
    let orders = async |bot: &str| floor.ana.get(&format!("/api/v1/orders?botId={bot}")).await.ok();
    for bot in &bots {
        assert_eq!(orders(bot).await[0]["status"], "submitted", "both are written before the first is sent");
    }
    floor.door.set_closed(false);
    for _ in 0..4 {
        floor.pass(6_000).await;
        floor.work(&heir).await;
    }
    for bot in &bots {
        let given_up = orders(bot).await;
        assert_eq!((given_up.as_array().unwrap().len(), &given_up[0]["status"]), (1, &json!("expired")), "{given_up}");
    }
    assert_eq!(floor.asked("/api/v3/allOrders", "symbol=BTCUSDT").await, json!([]));
}

#[db_test]
async fn bots_that_run_by_themselves_meet_in_their_tenants_transactions(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    let mut bots = vec![];
    for name in ["One", "Two", "Three", "Four"] {
        bots.push(floor.on_paper(name).await);
    }
    let (bob, his) = floor.another("His").await;
    let (_hears, stop) = (floor.app.remembers().await, CancellationToken::new());
    let running = tokio::spawn(Runner::new(floor.app.app()).run(stop.clone()));
    let wait = async {
        for (of, bot) in bots.iter().map(|bot| (&floor.ana, bot)).chain([(&bob, &his)]) {
            while candles(of, bot).await == 0 {
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.expect("every bot sees its candles");
    stop.cancel();
    running.await.unwrap();
    for bot in &bots {
        assert_eq!(status(&floor.ana, bot).await, "running");
    }
}
