use crate::common::{Server, connect};
use std::time::Duration;
use stream::Limits;
use testkit::{PgPool, db_test, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[db_test]
async fn a_slow_reader_is_told_and_dropped_and_keeps_nobody_waiting(db: PgPool) {
    let server = Server::limited(db, Limits { queue: 4, ..Limits::default() }).await;
    let ana = server.member(["news:read"]).await;
    let (mut slow, mut quick) =
        (connect(server.at, &ana).await.ok().unwrap(), connect(server.at, &ana).await.ok().unwrap());
    let cursor = slow.subscribe(&["news"], None).await;
    quick.subscribe(&["news"], None).await;
    // more than all buffers on the way to a reader hold
    let much = "x".repeat(1 << 20);
    for n in 0..40 {
        server.tell(&ana, &[json!({ "n": n, "much": much })]).await;
        assert_eq!(quick.event().await.0["n"], n);
    }
    assert_eq!(slow.bye().await, "slow");
    // what was missed is not lost
    let mut again = connect(server.at, &ana).await.ok().unwrap();
    again.subscribe(&["news"], Some(&cursor)).await;
    for n in 0..40 {
        assert_eq!(again.event().await.0["n"], n);
    }
}

#[db_test]
async fn a_connection_listens_to_so_many_topics_and_says_so_much(db: PgPool) {
    let server = Server::limited(db, Limits { topics: 2, messages_a_second: 5, ..Limits::default() }).await;
    let ana = server.member(["news:read", "gossip:read"]).await;
    let mut talk = connect(server.at, &ana).await.ok().unwrap();
    talk.subscribe(&["gossip", "news"], None).await;
    talk.say(&json!({ "op": "subscribe", "topics": ["news:00000000-0000-0000-0000-000000000005"] })).await;
    assert_eq!(talk.refused().await, "TOO_MANY_TOPICS");
    for _ in 0..200 {
        talk.say(&json!({ "op": "ping" })).await;
    }
    assert_eq!(talk.bye().await, "tooMuch");
}

#[db_test]
async fn a_message_has_its_size_and_a_user_so_many_connections(db: PgPool) {
    let server = Server::limited(db, Limits { message_bytes: 1_000, ..Limits::default() }).await;
    let ana = server.member(["news:read"]).await;
    let mut talk = connect(server.at, &ana).await.ok().unwrap();
    talk.say(&json!({ "op": "subscribe", "topics": ["x".repeat(2_000)] })).await;
    assert_eq!(talk.bye().await, "unreadable");

    let mut open = vec![];
    let refused = loop {
        match connect(server.at, &ana).await {
            Ok(talk) => open.push(talk),
            Err(status) => break status,
        }
    };
    assert_eq!((refused, open.len()), (429, 20));
    let bob = server.member(["news:read"]).await;
    assert!(connect(server.at, &bob).await.is_ok());
}

#[db_test]
async fn who_answers_no_ping_is_given_up(db: PgPool) {
    let beat = Duration::from_millis(20);
    let server = Server::limited(db, Limits { beat, ..Limits::default() }).await;
    let ana = server.member(["news:read"]).await;
    // a client that answers stays however long that is
    let mut talk = connect(server.at, &ana).await.ok().unwrap();
    talk.subscribe(&["news"], None).await;
    let mut mute = TcpStream::connect(server.at).await.unwrap();
    let (_, token) = ana.headers().iter().find(|(name, _)| name == "authorization").unwrap();
    let hello = format!(
        "GET /api/v1/stream HTTP/1.1\r\nHost: {}\r\nAuthorization: {token}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        server.at
    );
    mute.write_all(hello.as_bytes()).await.unwrap();
    let mut told = vec![];
    let (ended, ()) = tokio::join!(mute.read_to_end(&mut told), async {
        for n in 0..20 {
            server.tell(&ana, &[json!(n)]).await;
            assert_eq!(talk.event().await.0, n);
        }
    });
    ended.unwrap();
    let told = String::from_utf8_lossy(&told);
    assert!(told.starts_with("HTTP/1.1 101") && told.contains(r#""reason":"silent""#), "{told}");
}

#[db_test]
async fn everybody_is_told_when_the_server_stops(db: PgPool) {
    let mut server = Server::new(db).await;
    let ana = server.member(["news:read"]).await;
    let mut talk = connect(server.at, &ana).await.ok().unwrap();
    talk.subscribe(&["news"], None).await;
    server.stops();
    assert_eq!(talk.bye().await, "stopping");
}

#[db_test]
async fn what_asks_the_database_or_an_exchange_counts_as_a_request(db: PgPool) {
    let limits = kit::LimitSettings { per_minute: 3, auth_per_minute: 3 };
    let server = Server::with(db, |mut parts| {
        parts.settings.limits = Some(limits);
        parts
    })
    .await;
    let ana = server.member(["news:read"]).await;
    // to connect is the first, each message that subscribes another
    let mut talk = connect(server.at, &ana).await.ok().unwrap();
    let mut codes = vec![];
    for _ in 0..3 {
        talk.say(&json!({ "op": "subscribe", "topics": ["news"] })).await;
        codes.push(talk.hear().await["code"].clone());
        talk.say(&json!({ "op": "unsubscribe", "topics": ["news"] })).await;
        talk.hear().await;
    }
    assert_eq!(codes, [json!(null), json!(null), json!("RATE_LIMITED")]);
}
