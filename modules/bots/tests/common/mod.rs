//! A market that moves, a strategy that trades it often, and bots that follow it.
#![allow(dead_code, reason = "each test program uses a part")]
#![allow(clippy::expect_used, reason = "a test may panic")]

use kit::{SystemTx, Time};
use sqlx::Row;
use testkit::{Member, PgPool, TestApp, Value, json};
use trading::{
    backtest::{Answer, BacktestFile, History, Report},
    candle::{Candle, Candles},
    engine::Input,
    time::{Timeframe, Timestamp},
};
use uuid::Uuid;

pub(crate) const PERMISSIONS: [&str; 10] = [
    "bots:read",
    "bots:write",
    "bots:execute",
    "bots:delete",
    "orders:read",
    "portfolio:read",
    "strategies:read",
    "strategies:write",
    "market-data:read",
    "market-data:write",
];

/// 2024-01-01T00:00:00Z.
const START: i64 = 1_704_067_200_000;
const STEP: i64 = 300_000;

/// The opening time of a candle.
pub(crate) fn open_time(index: i64) -> Timestamp {
    Timestamp::from_millis(START + index * STEP)
}

/// The same as RFC 3339.
pub(crate) fn rfc3339(index: i64) -> String {
    Time::from_millis(open_time(index).millis()).to_string()
}

/// Candles of five minutes that wander between about 60 and 140, with a gap after the 100th.
pub(crate) fn candles(count: usize) -> Vec<Candle> {
    let mut seed = 42_u64;
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((seed >> 33) % below).expect("small")
    };
    let mut price = 10_000;
    (0..i64::try_from(count).expect("few"))
        .map(|index| {
            let open = price;
            let pull = (10_000 - price) / 40;
            price += random(401) - 200 + pull;
            let (high, low) = (open.max(price) + random(60), open.min(price) - random(60));
            let cents = |amount: i64| format!("{}.{:02}", amount / 100, amount % 100).parse().expect("a price");
            let at = if index > 100 { index + 3 } else { index };
            Candle {
                open_time: open_time(at),
                open: cents(open),
                high: cents(high),
                low: cents(low),
                close: cents(price),
                volume: format!("{}.5", random(300) + 1).parse().expect("a quantity"),
            }
        })
        .collect()
}

pub(crate) fn csv(candles: &[Candle]) -> String {
    let mut csv = "open_time_ms,open,high,low,close,volume\n".to_owned();
    for Candle { open_time, open, high, low, close, volume } in candles {
        csv += &format!("{},{open},{high},{low},{close},{volume}\n", open_time.millis());
    }
    csv
}

/// A strategy whose orders wait, fill in parts, are taken back and protect each other.
pub(crate) fn strategy(name: &str) -> Value {
    json!({
        "name": name,
        "market": { "exchange": "binance", "symbol": "BTC/USDT", "timeframe": "5m" },
        "indicators": {
            "fast": { "kind": "ema", "period": 3 },
            "slow": { "kind": "sma", "period": 9 },
            "trend": { "kind": "sma", "period": 4, "timeframe": "1h" }
        },
        "entry": { "all": [{ "crossesAbove": ["fast", "slow"] }, { "gt": ["close", { "mul": ["trend", 0.97] }] }] },
        "exit": { "crossesBelow": ["fast", "slow"] },
        "sizing": { "kind": "percentEquity", "percent": "60" },
        "protect": {
            "stopLoss": { "percent": "2" },
            "takeProfit": [{ "percent": "1.5", "sell": "50" }, { "percent": "3", "sell": "50" }],
            "trailingStop": { "percent": "1.5", "after": "1" }
        },
        "guards": { "cooldown": "15m", "maxTradesPerDay": 30 }
    })
}

pub(crate) fn settings() -> Value {
    json!({
        "initialCash": "10000",
        "fees": { "maker": "0.0005", "taker": "0.001", "paidIn": "received" },
        "fill": "nextOpen",
        "slippageBps": "3",
        "volumeShare": "0.5",
        "filters": "none"
    })
}

pub(crate) async fn app(db: PgPool) -> TestApp {
    let modules = [bots::module(), orders::module(), portfolio::module(), strategies::module(), market_data::module()];
    TestApp::new(db, modules).await
}

pub(crate) async fn import(member: &Member, candles: &[Candle]) {
    let path = "/api/v1/market-data/candles/import?exchange=binance&symbol=BTC/USDT&timeframe=5m";
    member.upload(path, "text/csv", csv(candles)).await.ok();
}

/// A member with everything that a bot needs: candles and a strategy.
pub(crate) async fn trader(app: &TestApp, candles: &[Candle]) -> (Member, String) {
    let member = app.member(PERMISSIONS).await;
    import(&member, candles).await;
    let strategy = member.post("/api/v1/strategies", &strategy("Often")).await.created();
    (member, text(&strategy["id"]))
}

pub(crate) fn new_bot(name: &str, strategy: &str, feed: Value) -> Value {
    let mut bot = settings();
    bot["name"] = name.into();
    bot["mode"] = "paper".into();
    bot["strategyId"] = strategy.into();
    bot["feed"] = feed;
    bot
}

/// Creates a bot and starts it.
pub(crate) async fn started(member: &Member, name: &str, strategy: &str, feed: Value) -> String {
    let bot = member.post("/api/v1/bots", &new_bot(name, strategy, feed)).await.created();
    let id = text(&bot["id"]);
    member.post(&format!("/api/v1/bots/{id}/start"), &json!({})).await.ok();
    id
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

pub(crate) async fn status(member: &Member, bot: &str) -> String {
    text(&member.get(&format!("/api/v1/bots/{bot}")).await.ok()["status"])
}

/// Ticks until the runner holds nothing more; answers how many candles were fed.
pub(crate) async fn run_out(runner: &bots::Runner) -> usize {
    let mut fed = 0;
    for _ in 0..10_000 {
        let tick = runner.tick().await.expect("a tick");
        fed += tick.candles;
        if tick.held == 0 {
            return fed;
        }
    }
    panic!("the bots never end");
}

/// All that a feed has, the oldest first.
pub(crate) async fn whole_feed(member: &Member, path: &str) -> Vec<Value> {
    let (mut all, mut place) = (vec![], "0".to_owned());
    if path.contains("fills") {
        place = format!("0_{}", Uuid::nil());
    }
    loop {
        let join = if path.contains('?') { '&' } else { '?' };
        let answer = member.get(&format!("{path}{join}limit=100&after={place}")).await;
        let next = answer.body()["meta"]["next"].clone();
        all.extend(answer.ok().as_array().expect("a list").iter().cloned());
        match next.as_str() {
            Some(next) => place = next.to_owned(),
            None => return all,
        }
    }
}

/// All orders of a bot, in the order of their numbers, without what only tells rows apart.
pub(crate) async fn all_orders(member: &Member, bot: &str) -> Vec<Value> {
    let mut all = vec![];
    for page in 1.. {
        let path = format!("/api/v1/orders?botId={bot}&limit=100&page={page}&sort=createdAt");
        let part = member.get(&path).await.ok();
        let part = part.as_array().expect("a list");
        all.extend(part.iter().map(|order| without(order, &["id", "botId", "clientOrderId"], bot)));
        if part.len() < 100 {
            break;
        }
    }
    all.sort_by_key(|order| order["number"].as_i64());
    all
}

pub(crate) async fn all_fills(member: &Member, bot: &str) -> Vec<Value> {
    let fills = whole_feed(member, &format!("/api/v1/fills?botId={bot}")).await;
    fills.iter().map(|fill| without(fill, &["id", "orderId", "botId", "clientOrderId"], bot)).collect()
}

/// The thing without these fields, but with the number of its order.
fn without(thing: &Value, fields: &[&str], bot: &str) -> Value {
    let mut thing = thing.clone();
    let id = text(&thing["clientOrderId"]);
    let number = id.strip_prefix(&format!("{}-", prefix(bot))).expect("the bot's prefix");
    thing["number"] = number.parse::<i64>().expect("a number").into();
    let object = thing.as_object_mut().expect("an object");
    object.retain(|key, _| !fields.contains(&key.as_str()));
    thing
}

/// What begins the ids of a bot's orders.
pub(crate) fn prefix(bot: &str) -> String {
    bot.replace('-', "")[8..].to_owned()
}

/// The journal of a bot, the ids of its orders as if its prefix were `bot`.
pub(crate) async fn journal(app: &TestApp, bot: &str) -> Vec<(i64, Input)> {
    let mut tx: SystemTx = app.system().await;
    let rows = sqlx::query("select at, input from bot_journal where bot_id = $1 order by seq")
        .bind(bot.parse::<Uuid>().expect("an id"))
        .fetch_all(tx.conn())
        .await
        .expect("the journal");
    let read = |row: &sqlx::postgres::PgRow| {
        let input = row.get::<Value, _>("input").to_string().replace(&prefix(bot), "bot");
        (row.get::<Time, _>("at").millis(), serde_json::from_str(&input).expect("an input"))
    };
    rows.iter().map(read).collect()
}

/// The same candles through a back-test.
pub(crate) fn backtest(candles: &[Candle], from: Option<&str>, to: Option<&str>) -> Report {
    backtest_by(settings(), candles, from, to)
}

/// The same by other settings.
pub(crate) fn backtest_by(mut file: Value, candles: &[Candle], from: Option<&str>, to: Option<&str>) -> Report {
    file["strategy"] = strategy("Often");
    for (key, at) in [("from", from), ("to", to)] {
        if let Some(at) = at {
            file[key] = at.into();
        }
    }
    let file = BacktestFile::parse(&file).expect("a sound file");
    let candles = Candles::collect(Timeframe::M5, candles.iter().copied()).expect("sound candles");
    let history = History::of(*file.strategy.market().symbol().expect("one symbol"), candles);
    match file.execute(&history, |_, _| std::ops::ControlFlow::Continue(())).expect("a report") {
        Answer::Report(report) => *report,
        Answer::Sweep(_) => panic!("no sweep was asked for"),
    }
}
