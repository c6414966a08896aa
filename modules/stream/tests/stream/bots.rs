//! What a paper bot does, as it is told and as it is shown.

use crate::common::{Server, connect};
use std::collections::{BTreeMap, HashMap};
use testkit::{PgPool, TestApp, Value, db_test, json};

#[path = "../../../bots/tests/common/mod.rs"]
mod trading;

use trading::{all_orders, candles, run_out, text, trader, whole_feed};

#[db_test]
async fn what_a_bot_does_is_told_as_it_is_shown(db: PgPool) {
    let modules = [
        bots::module(),
        orders::module(),
        portfolio::module(),
        strategies::module(),
        market_data::module(),
        stream::module(),
    ];
    let server = Server::around(TestApp::new(db, modules).await).await;
    let (ana, strategy) = trader(&server, &candles(400)).await;
    let (bob, bobs) = trader(&server, &candles(50)).await;
    let topics = ["bot-events", "bots", "fills", "orders", "positions"];
    let mut talk = connect(server.at, &ana).await.ok().unwrap();
    let mut others = connect(server.at, &bob).await.ok().unwrap();
    talk.subscribe(&topics, None).await;
    others.subscribe(&topics, None).await;
    let feed = json!({ "kind": "replay", "speed": "max" });
    let bot = trading::started(&ana, "Told", &strategy, feed.clone()).await;
    run_out(&bots::Runner::new(server.app())).await;

    let mut told: HashMap<String, Vec<Value>> = HashMap::new();
    while told.get("bots").and_then(|bots| bots.last()).is_none_or(|bot| bot["status"] != "finished") {
        let event = talk.hear().await;
        assert_eq!(event["subject"], bot.as_str(), "{event}");
        told.entry(text(&event["topic"])).or_default().push(event["data"].clone());
    }
    let statuses: Vec<_> = told["bots"].iter().map(|bot| text(&bot["status"])).collect();
    assert_eq!(statuses, ["created", "running", "finished"]);
    assert_eq!(told["bots"].last(), Some(&ana.get(&format!("/api/v1/bots/{bot}")).await.ok()));

    let fills = whole_feed(&ana, &format!("/api/v1/fills?botId={bot}")).await;
    assert!(fills.len() > 10);
    let by_id = |things: &[Value]| -> BTreeMap<String, Value> {
        things.iter().map(|thing| (text(&thing["id"]), thing.clone())).collect()
    };
    assert_eq!(told["fills"].len(), fills.len());
    assert_eq!(by_id(&told["fills"]), by_id(&fills));
    // of each order the last that was told is how it is
    let orders = by_id(&told["orders"]);
    assert_eq!(orders.len(), all_orders(&ana, &bot).await.len());
    for (id, order) in orders {
        assert_eq!(order, ana.get(&format!("/api/v1/orders/{id}")).await.ok());
    }
    let positions = ana.get("/api/v1/positions").await.ok();
    assert_eq!(told["positions"].last(), positions.as_array().unwrap().first());
    let events = whole_feed(&ana, &format!("/api/v1/bots/{bot}/events")).await;
    let mut told_events = told["bot-events"].clone();
    for event in &mut told_events {
        assert_eq!(event.as_object_mut().unwrap().remove("botId"), Some(json!(bot)));
    }
    assert_eq!(told_events, events);

    // the other tenant has heard of nothing but its own
    let bot = trading::started(&bob, "Bobs", &bobs, feed).await;
    let first = others.hear().await;
    assert_eq!((&first["subject"], &first["topic"]), (&json!(bot), &json!("bot-events")));
    talk.say(&json!({ "op": "ping" })).await;
    assert_eq!(talk.hear().await["type"], "pong");
    run_out(&bots::Runner::new(server.app())).await;
    bob.delete(&format!("/api/v1/bots/{bot}")).await.no_content();
    while others.event().await.0 != json!({ "id": bot, "deleted": true }) {}
}
