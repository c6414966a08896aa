//! Paper bots on candles of one minute: what a minute of their market costs, and what each holds of memory.

use crate::{Figure, Size, cost, desk, tape::Tape};
use bots::Runner;
use chrono::TimeDelta;
use market_data::Sources;
use std::{process, time::Instant};
use testkit::{PgPool, TestApp, json};
use tokio_util::sync::CancellationToken;

const PRICE: i64 = 10_000;
const MINUTE: i64 = 60_000;

pub(crate) async fn measure(db: PgPool, size: Size) -> Vec<Figure> {
    let modules = [bots::module(), orders::module(), portfolio::module(), strategies::module(), market_data::module()];
    let mut stage = None;
    let app = TestApp::with(db, modules, |parts| {
        let tape = Tape::new(parts.clock.now().millis(), PRICE, None);
        stage = Some(tape.clone());
        parts.provide(Sources::new(vec![tape]))
    })
    .await;
    let tape = stage.unwrap();
    let _remembers = app.remembers().await;
    let [tenants, bots] = size.paper;
    for _ in 0..tenants {
        let member = app.member(desk::PERMISSIONS).await;
        // one bot in fifty trades at every candle, the others look on
        let kinds = [("Busy", PRICE, 1), ("Quiet", 100 * PRICE, bots - 1)];
        for (name, price, count) in kinds {
            let strategy = desk::created(&member, "/api/v1/strategies", &desk::strategy(name, price)).await;
            let wish = json!({
                "name": name, "mode": "paper", "strategyId": strategy, "initialCash": "100000", "filters": "none",
                "feed": { "kind": "live" }
            });
            desk::start(&app, &member, &wish, count - 1).await;
        }
    }
    let (before, opened) = (cost::resident(), Instant::now());
    let stop = CancellationToken::new();
    let running = tokio::spawn(Runner::new(app.app()).run(stop.clone()));
    desk::settled(&app, 200).await;
    let opening = opened.elapsed().as_secs_f64();

    let (servers, began) = (desk::servers(&app).await, Instant::now());
    let used = || (cost::cpu(process::id()), servers.iter().copied().map(cost::cpu).sum::<f64>());
    let (own, theirs) = used();
    let mut slowest = 0_f64;
    for minute in 0..size.minutes {
        app.clock().advance(TimeDelta::milliseconds(MINUTE));
        let closed = Instant::now();
        tape.close(desk::millis(app.clock().now()), PRICE);
        desk::settled(&app, 201 + minute as i64).await;
        slowest = slowest.max(closed.elapsed().as_secs_f64());
    }
    let (own, theirs) = (used().0 - own, used().1 - theirs);
    // what keeping the leases costs in the rest of each minute
    let idle = (cost::cpu(process::id()), servers.iter().copied().map(cost::cpu).sum::<f64>());
    let (taken, at) = (began.elapsed().as_secs_f64(), Instant::now());
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    let passed = at.elapsed().as_secs_f64();
    let rest = (60.0 - taken / size.minutes as f64).max(0.0) / passed;
    let idle = ((used().0 - idle.0) * rest, (used().1 - idle.1) * rest);
    let held = (cost::resident() - before) / (tenants * bots) as f64 / 1e3;
    stop.cancel();
    running.await.unwrap();
    let minutes = size.minutes as f64;
    let cores = |work: f64, idle: f64| (work / minutes + idle) / 60.0;
    vec![
        Figure::new("paper bots, opened within", "s", opening),
        Figure::new("paper bots, a candle of all of them", "s", slowest).below(60.0),
        Figure::new("paper bots, the process", "cores", cores(own, idle.0)).below(2.0),
        Figure::new("paper bots, PostgreSQL beside it", "cores", cores(theirs, idle.1)),
        Figure::new("paper bots, memory of each", "kB", held).below(20.0),
    ]
}
