use crate::common::{NEWS, SUBJECT, Server, connect};
use chrono::TimeDelta;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::collections::HashMap;
use testkit::{Member, PgPool, db_test, json};

#[db_test]
async fn whoever_comes_back_is_told_what_was_missed_and_nothing_twice(db: PgPool) {
    let server = Server::new(db).await;
    let ana = server.member(["news:read"]).await;
    let mut talk = connect(server.at, &ana).await.ok().unwrap();
    talk.subscribe(&["news"], None).await;
    server.tell(&ana, &[json!(1)]).await;
    let (_, cursor) = talk.event().await;
    drop(talk);
    // more than a page of them
    let missed: Vec<_> = (2..1_300).map(|n| json!(n)).collect();
    server.tell(&ana, &missed).await;
    let mut talk = connect(server.at, &ana).await.ok().unwrap();
    talk.subscribe(&["news"], Some(&cursor)).await;
    server.tell(&ana, &[json!(1_300)]).await;
    for n in 2..=1_300 {
        assert_eq!(talk.event().await.0, n);
    }
}

#[db_test]
async fn what_is_committed_late_is_told_late_and_not_passed_over(db: PgPool) {
    let server = Server::new(db).await;
    let ana = server.member(["news:read"]).await;
    let mut talk = connect(server.at, &ana).await.ok().unwrap();
    talk.subscribe(&["news"], None).await;
    let mut late = server.tenant(ana.tenant).await;
    stream::publish(&mut late, &NEWS, &[(SUBJECT, "late")]).await.unwrap();
    server.tell(&ana, &[json!("early")]).await;
    let (early, cursor) = talk.event().await;
    assert_eq!(early, "early");
    late.commit().await.unwrap();
    assert_eq!(talk.event().await.0, "late");
    let mut again = connect(server.at, &ana).await.ok().unwrap();
    again.subscribe(&["news"], Some(&cursor)).await;
    assert_eq!(again.event().await.0, "late");
}

#[db_test]
async fn a_cursor_that_is_too_old_or_of_nowhere_is_answered_with_a_reset(db: PgPool) {
    let server = Server::new(db).await;
    let ana = server.member(["news:read"]).await;
    server.keep_sessions().await;
    let mut talk = connect(server.at, &ana).await.ok().unwrap();
    let began = talk.subscribe(&["news"], None).await;
    server.tell(&ana, &[json!("old")]).await;
    let (_, old) = talk.event().await;
    server.clock().advance(TimeDelta::minutes(59));
    server.tell(&ana, &[json!("young")]).await;
    let (_, young) = talk.event().await;
    server.clock().advance(TimeDelta::minutes(2));
    stream::keep(server.app()).await.unwrap();

    for (cursor, whole) in [(old.as_str(), true), (young.as_str(), true), (began.as_str(), false), ("9000000", false)] {
        let mut again = connect(server.at, &ana).await.ok().unwrap();
        again.say(&json!({ "op": "subscribe", "topics": ["news"], "cursor": cursor })).await;
        let answer = again.hear().await;
        assert_eq!(answer["type"], if whole { "subscribed" } else { "reset" }, "{cursor}: {answer}");
        if cursor == old {
            assert_eq!(again.event().await.0, "young");
        }
        // what comes is told in any case
        server.tell(&ana, &[json!(cursor)]).await;
        while again.event().await.0 != cursor {}
    }
}

#[db_test]
async fn what_is_told_at_one_server_is_heard_at_every_other_in_one_order(db: PgPool) {
    let one = Server::new(db.clone()).await;
    let other = one.beside(db).await;
    let ana = one.member(["news:read"]).await;
    let (mut here, mut there) =
        (connect(one.at, &ana).await.ok().unwrap(), connect(other.at, &ana).await.ok().unwrap());
    here.subscribe(&["news"], None).await;
    there.subscribe(&["news"], None).await;
    for n in 0..50 {
        let server = if n % 2 == 0 { &one } else { &other };
        server.tell(&ana, &[json!(n), json!(-n)]).await;
    }
    for _ in 0..100 {
        assert_eq!(here.event().await, there.event().await);
    }
}

/// Listens until so many events have come, and is cut off now and then.
async fn listen(server: &Server, ana: &Member, mut cursor: String, most: i64, mut random: StdRng) -> Vec<(i64, i64)> {
    let mut heard = vec![];
    let most = usize::try_from(most).unwrap();
    while heard.len() < most {
        let mut talk = connect(server.at, ana).await.ok().unwrap();
        talk.subscribe(&["news"], Some(&cursor)).await;
        for _ in 0..random.random_range(1..60.min(most - heard.len() + 1)) {
            let (data, place) = talk.event().await;
            heard.push((data["writer"].as_i64().unwrap(), data["n"].as_i64().unwrap()));
            cursor = place;
        }
    }
    heard
}

/// Commits and undoes in turn, several events at a time.
async fn write(server: &Server, ana: &Member, writer: i64, each: i64, mut random: StdRng) {
    let mut n = 0;
    while n < each {
        let many = random.random_range(1..=5.min(each - n));
        let mut tx = server.tenant(ana.tenant).await;
        let events: Vec<_> = (n..n + many).map(|n| (SUBJECT, json!({ "writer": writer, "n": n }))).collect();
        stream::publish(&mut tx, &NEWS, &events).await.unwrap();
        for _ in 0..random.random_range(0..20) {
            tokio::task::yield_now().await;
        }
        if random.random_bool(0.8) {
            tx.commit().await.unwrap();
            n += many;
        }
    }
}

#[db_test]
async fn however_often_one_is_cut_off_each_event_is_told_once_and_in_its_order(db: PgPool) {
    const WRITERS: i64 = 4;
    const EACH: i64 = 150;
    let one = Server::new(db.clone()).await;
    let other = one.beside(db).await;
    for seed in 0..3 {
        let ana = one.member(["news:read"]).await;
        let seeded = |stream: i64| StdRng::seed_from_u64((seed * 100 + stream).unsigned_abs());
        let cursor = connect(one.at, &ana).await.ok().unwrap().subscribe(&["news"], None).await;
        let writers = (0..WRITERS).zip([&one, &other, &one, &other]);
        let writers = writers.map(|(writer, server)| write(server, &ana, writer, EACH, seeded(writer)));
        let (here, there, _) = tokio::join!(
            listen(&one, &ana, cursor.clone(), WRITERS * EACH, seeded(50)),
            listen(&other, &ana, cursor, WRITERS * EACH, seeded(51)),
            futures::future::join_all(writers)
        );
        for heard in [here, there] {
            let mut next = HashMap::<i64, i64>::new();
            for (writer, n) in heard {
                let expected = next.entry(writer).or_default();
                assert_eq!(n, *expected, "seed {seed}, writer {writer}");
                *expected += 1;
            }
            assert!((0..WRITERS).all(|writer| next[&writer] == EACH));
        }
    }
}
