//! Single things that go wrong at the exchange while a live bot trades, and how it comes out of each.

use crate::{
    floor::{Floor, decimal},
    hints::{behind_a_stop, triggered},
};
use bots::Runner;
use testkit::{PgPool, db_test, json};

impl Floor {
    /// Lets so many minutes pass at which the bot works.
    async fn trades_for(&self, runner: &Runner, minutes: usize) {
        for _ in 0..minutes {
            self.pass_a_close().await;
            self.work(runner).await;
        }
    }

    async fn fills(&self, bot: &str) -> usize {
        crate::common::whole_feed(&self.ana, &format!("/api/v1/fills?botId={bot}")).await.len()
    }

    async fn count(&self, bot: &str, kind: &str) -> usize {
        self.events(bot).await.iter().filter(|(it, _)| it == kind).count()
    }
}

#[db_test]
async fn an_exchange_that_is_gone_for_five_minutes_is_found_again(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    let runner = Runner::new(floor.app.app());
    let (bot, _) = behind_a_stop(&floor, &runner).await;
    floor.fault(json!({ "kind": "maintenance" })).await;
    floor.fault(json!({ "kind": "cut-connection" })).await;
    floor.cut().await;
    for _ in 0..30 {
        floor.pass(10_000).await;
        floor.work(&runner).await;
    }
    assert_eq!(crate::common::status(&floor.ana, &bot).await, "running");
    assert_eq!((floor.count(&bot, "feed.interrupted").await, floor.count(&bot, "feed.resumed").await), (1, 0));
    floor.mend().await;
    floor.trades_for(&runner, 30).await;
    assert_eq!((floor.count(&bot, "feed.interrupted").await, floor.count(&bot, "feed.resumed").await), (1, 1));
    let interrupted = floor.count(&bot, "exchange.interrupted").await;
    assert_eq!((interrupted, floor.count(&bot, "exchange.resumed").await), (1, 1));
    floor.stop(&bot, &runner).await;
    floor.agrees(&bot).await;
}

#[db_test]
async fn a_clock_that_goes_wrong_is_measured_anew_and_orders_are_taken_again(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    let bot = floor.started("Drifting").await;
    let runner = Runner::new(floor.app.app());
    floor.trades_for(&runner, 10).await;
    for drift in [45_000, -90_000, 45_000] {
        let before = floor.fills(&bot).await;
        floor.fault(json!({ "kind": "clock-drift", "ms": drift })).await;
        floor.trades_for(&runner, 20).await;
        assert!(floor.fills(&bot).await > before, "nothing is traded any more: {:?}", floor.events(&bot).await.last());
    }
    assert_eq!(crate::common::status(&floor.ana, &bot).await, "running");
    floor.stop(&bot, &runner).await;
    floor.agrees(&bot).await;
}

#[db_test]
async fn what_is_taken_back_while_it_fills_is_sold_once(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    let runner = Runner::new(floor.app.app());
    // what is bought is a part of what was wanted, and told twice and late
    floor
        .fault(
            json!({ "kind": "partial-fill", "path": "/api/v3/order", "method": "POST", "count": 1, "fraction": "0.4" }),
        )
        .await;
    floor.fault(json!({ "kind": "duplicate-messages", "path": "user" })).await;
    let (bot, stop) = behind_a_stop(&floor, &runner).await;
    let bought = floor.asked("/api/v3/allOrders", "symbol=BTCUSDT").await[0].clone();
    assert_eq!(bought["status"], "EXPIRED", "{bought}");
    // it triggers where nobody is told, and the bot is stopped: it takes back what is done, and does not hear how it went
    floor.fault(json!({ "kind": "drop-messages", "path": "user" })).await;
    floor.fault(json!({ "kind": "timeout-after", "path": "/api/v3/order", "method": "DELETE", "count": 1 })).await;
    triggered(&floor, &stop).await;
    floor.stop(&bot, &runner).await;
    floor.agrees(&bot).await;
    let sold = floor.asked("/api/v3/myTrades", "symbol=BTCUSDT").await;
    let sum = |buyer: bool| {
        let trades = sold.as_array().unwrap().iter().filter(|trade| trade["isBuyer"] == buyer);
        trades.map(|trade| decimal(&trade["qty"])).sum::<rust_decimal::Decimal>()
    };
    assert!(sum(false) > rust_decimal::Decimal::ZERO && sum(false) <= sum(true), "{sold}");
}
