//! How many messages a second reach those who listen: 10,000 subscriptions over 500 connections, from the transaction
//! that tells to the last byte at the last client; against a bare loop of queues and sockets that sends the same bytes.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement that cannot be made has nobody to tell but a person"
)]

use kit::{Module, Topic, permission};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use stream::Limits;
use testkit::{Member, PgPool, TestApp, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
    time::Instant,
};
use uuid::Uuid;

const USERS: usize = 25;
const CONNECTIONS_OF_EACH: usize = 20;
const CONNECTIONS: usize = USERS * CONNECTIONS_OF_EACH;
const TOPICS_OF_EACH: u128 = 20;
/// Each reaches every connection.
const EVENTS: usize = 2_000;
/// How many are told in one transaction.
const TOGETHER: usize = 100;
const ROUNDS: usize = 3;
/// What is to be reached.
const TARGET: f64 = 200_000.0;

permission!(ReadNews = "news:read");
static NEWS: Topic = Topic::of::<ReadNews>("news");
const TOLD: Module = Module { name: "told", topics: &[&NEWS], ..Module::EMPTY };

fn main() {
    let (mut stream, mut bare) = testkit::run("stream", "bench_stream", measure);
    let median = |rates: &mut Vec<f64>| {
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    };
    let (stream, bare) = (median(&mut stream), median(&mut bare));
    let subscriptions = CONNECTIONS * usize::try_from(TOPICS_OF_EACH).unwrap();
    if std::env::args().any(|argument| argument == "--json") {
        let figures = json!({
            "subscriptions": subscriptions, "connections": CONNECTIONS,
            "messagesPerSecond": stream.round(), "barePerSecond": bare.round(), "ratio": stream / bare
        });
        println!("{figures}");
        return;
    }
    let verdict = if stream >= TARGET { "met" } else { "MISSED" };
    println!("{subscriptions} subscriptions over {CONNECTIONS} connections, medians of {ROUNDS}:");
    println!("  the stream  {stream:>10.0} messages a second; target {TARGET:.0}: {verdict}");
    println!("  a bare loop {bare:>10.0} messages a second; the stream has {:.2} of it", stream / bare);
}

/// The rates of the stream and of the bare loop, in turn.
async fn measure(db: PgPool) -> (Vec<f64>, Vec<f64>) {
    // clients that only count answer no pings
    let limits = Limits { beat: Duration::from_secs(3_600), ..Limits::default() };
    let app = TestApp::with(db, [stream::module(), TOLD], |parts| parts.provide(limits)).await;
    let (_remembers, _runs) = (app.remembers().await, app.runs(&stream::module()));
    let at = app.serves().await;
    let ana = app.member(["news:read"]).await;
    let mut members = vec![ana.clone()];
    while members.len() < USERS {
        members.push(app.colleague(&ana, "tester").await);
    }
    let mut clients = vec![];
    for member in members.iter().flat_map(|member| std::iter::repeat_n(member, CONNECTIONS_OF_EACH)) {
        clients.push(listening(at, member).await);
    }
    let (bare, mut bare_clients) = bare_loop().await;
    let (mut rates, mut bare_rates) = (vec![], vec![]);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let counting = count(clients);
        tell(&app, &ana).await;
        clients = counting.join_all().await;
        rates.push(rate(began));

        let began = Instant::now();
        let counting = count(bare_clients);
        for _ in 0..EVENTS {
            let message: Arc<[u8]> = message().into();
            bare.iter().for_each(|queue| queue.send(message.clone()).unwrap());
            tokio::task::yield_now().await;
        }
        bare_clients = counting.join_all().await;
        bare_rates.push(rate(began));
    }
    (rates, bare_rates)
}

fn rate(began: Instant) -> f64 {
    (CONNECTIONS * EVENTS) as f64 / began.elapsed().as_secs_f64()
}

/// A client that listens to its topics.
async fn listening(at: SocketAddr, member: &Member) -> TcpStream {
    let mut client = TcpStream::connect(at).await.unwrap();
    let headers: String = member.headers().iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let hello = format!(
        "GET /api/v1/stream HTTP/1.1\r\nHost: {at}\r\n{headers}Connection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    client.write_all(hello.as_bytes()).await.unwrap();
    let mut answer = vec![];
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(client.read_u8().await.unwrap());
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
    let topics: Vec<_> = (0..TOPICS_OF_EACH).map(|n| format!("news:{}", Uuid::from_u128(n))).collect();
    let wish = json!({ "op": "subscribe", "topics": topics }).to_string();
    // a text behind a mask of zeros
    let mut frame = vec![0x81, 0x80 | 126];
    frame.extend(u16::try_from(wish.len()).unwrap().to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(wish.as_bytes());
    client.write_all(&frame).await.unwrap();
    counted(client, 1).await
}

/// Reads so many messages: each has one brace that opens.
async fn counted(mut client: TcpStream, mut messages: usize) -> TcpStream {
    let mut buffer = vec![0; 64 << 10];
    while messages > 0 {
        let read = client.read(&mut buffer).await.unwrap();
        assert!(read > 0, "the server has hung up");
        messages -= buffer[..read].iter().filter(|&&byte| byte == b'{').count();
    }
    client
}

fn count(clients: Vec<TcpStream>) -> JoinSet<TcpStream> {
    clients.into_iter().map(|client| counted(client, EVENTS)).collect()
}

async fn tell(app: &TestApp, ana: &Member) {
    for batch in (0..EVENTS).collect::<Vec<_>>().chunks(TOGETHER) {
        let subject = |n: usize| Uuid::from_u128(n as u128 % TOPICS_OF_EACH);
        let events: Vec<_> = batch.iter().map(|&n| (subject(n), "what has happened to the thing")).collect();
        let mut tx = app.tenant(ana.tenant).await;
        stream::publish(&mut tx, &NEWS, &events).await.unwrap();
        tx.commit().await.unwrap();
    }
}

/// As many bytes as a message of the stream has.
fn message() -> Vec<u8> {
    let mut message = vec![b'.'; 200];
    message[0] = b'{';
    message
}

/// Queues, each with a task that writes what comes to a socket, all that waits at once; and the sockets' other ends.
async fn bare_loop() -> (Vec<mpsc::UnboundedSender<Arc<[u8]>>>, Vec<TcpStream>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let at = listener.local_addr().unwrap();
    let (mut queues, mut clients) = (vec![], vec![]);
    for _ in 0..CONNECTIONS {
        clients.push(TcpStream::connect(at).await.unwrap());
        let (mut socket, _) = listener.accept().await.unwrap();
        let (queue, mut waiting) = mpsc::unbounded_channel::<Arc<[u8]>>();
        queues.push(queue);
        tokio::spawn(async move {
            let mut messages = vec![];
            while waiting.recv_many(&mut messages, 256).await > 0 {
                socket.write_all(&messages.concat()).await.unwrap();
                messages.clear();
            }
        });
    }
    (queues, clients)
}
