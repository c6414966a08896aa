use crate::common::{NEWS, SUBJECT, Server, connect};
use futures::SinkExt;
use testkit::{PgPool, db_test, json};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

#[db_test]
async fn what_is_committed_is_told_and_what_is_undone_is_not(db: PgPool) {
    let server = Server::new(db).await;
    let ana = server.member(["news:read"]).await;
    let mut talk = connect(server.at, &ana).await.ok().unwrap();
    let began = talk.subscribe(&["news"], None).await;
    let mut undone = server.tenant(ana.tenant).await;
    stream::publish(&mut undone, &NEWS, &[(SUBJECT, "undone")]).await.unwrap();
    drop(undone);
    server.tell(&ana, &[json!({ "n": 1 }), json!({ "n": 2 })]).await;
    let first = talk.hear().await;
    assert_eq!(first["type"], "event");
    assert_eq!((&first["topic"], &first["subject"]), (&json!("news"), &json!(SUBJECT)));
    assert_eq!((&first["at"], &first["data"]), (&json!("2026-01-05T12:00:00.000Z"), &json!({ "n": 1 })));
    let (second, cursor) = talk.event().await;
    assert_eq!(second, json!({ "n": 2 }));
    let number = |cursor: &str| cursor.parse::<i64>().unwrap();
    assert!(number(&began) < number(first["cursor"].as_str().unwrap()));
    assert!(number(first["cursor"].as_str().unwrap()) < number(&cursor));

    talk.say(&json!({ "op": "unsubscribe", "topics": ["news"] })).await;
    assert_eq!(talk.hear().await, json!({ "type": "unsubscribed", "topics": ["news"] }));
    server.tell(&ana, &[json!({ "n": 3 })]).await;
    talk.say(&json!({ "op": "ping" })).await;
    assert_eq!(talk.hear().await, json!({ "type": "pong" }));
}

#[db_test]
async fn one_may_listen_to_what_is_about_one_thing(db: PgPool) {
    let server = Server::new(db).await;
    let ana = server.member(["news:read"]).await;
    let mut talk = connect(server.at, &ana).await.ok().unwrap();
    let other = Uuid::from_u128(6);
    talk.subscribe(&[&format!("news:{other}")], None).await;
    server.tell(&ana, &[json!("about the one")]).await;
    let mut tx = server.tenant(ana.tenant).await;
    stream::publish(&mut tx, &NEWS, &[(other, "about the other")]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(talk.event().await.0, "about the other");
    // who listens to both is told once
    talk.subscribe(&["news"], None).await;
    let mut tx = server.tenant(ana.tenant).await;
    stream::publish(&mut tx, &NEWS, &[(other, "again"), (SUBJECT, "the end")]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(talk.event().await.0, "again");
    assert_eq!(talk.event().await.0, "the end");
}

#[db_test]
async fn what_cannot_be_understood_is_refused_precisely_and_ends_nothing(db: PgPool) {
    let server = Server::new(db).await;
    let ana = server.member(["news:read"]).await;
    let mut talk = connect(server.at, &ana).await.ok().unwrap();
    for (message, code) in [
        ("nonsense", "INVALID_JSON"),
        (r#"{"op":"dance"}"#, "VALIDATION_ERROR"),
        (r#"{"op":"subscribe","topics":[]}"#, "VALIDATION_ERROR"),
        (r#"{"op":"subscribe","topics":["news"],"curser":"1"}"#, "VALIDATION_ERROR"),
        (r#"{"op":"subscribe","topics":["news"],"cursor":"x"}"#, "BAD_CURSOR"),
        (r#"{"op":"subscribe","topics":["news:x"]}"#, "BAD_TOPIC"),
        (r#"{"op":"subscribe","topics":["candles:binance:BTC/USDT"]}"#, "BAD_TOPIC"),
        (r#"{"op":"subscribe","topics":["candles:binance:BTC/USDT:7m"]}"#, "BAD_TOPIC"),
        (r#"{"op":"unsubscribe","topics":["news"]}"#, "NOT_SUBSCRIBED"),
    ] {
        talk.0.send(Message::text(message)).await.unwrap();
        assert_eq!(talk.refused().await, code, "{message}");
    }
    talk.0.send(Message::binary(vec![1])).await.unwrap();
    assert_eq!(talk.refused().await, "NOT_A_TEXT");
    talk.say(&json!({ "op": "subscribe", "topics": ["notifications", "news"] })).await;
    let unknown = talk.hear().await;
    assert_eq!((&unknown["code"], &unknown["topic"]), (&json!("UNKNOWN_TOPIC"), &json!("notifications")));
    let there_are = "there are `news`, `gossip`, `candles:EXCHANGE:SYMBOL:TIMEFRAME`, `ticker:EXCHANGE:SYMBOL`";
    assert!(unknown["message"].as_str().unwrap().contains(there_are), "{unknown}");
    assert_eq!(talk.hear().await["topics"], json!(["news"]));
    talk.say(&json!({ "op": "subscribe", "topics": ["news"] })).await;
    assert_eq!(talk.refused().await, "ALREADY_SUBSCRIBED");
}
