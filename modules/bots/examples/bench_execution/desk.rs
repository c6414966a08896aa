//! Many bots, made of a few.

use kit::Time;
use sqlx::Row;
use std::time::Duration;
use testkit::{Member, TestApp, Value, json};
use tokio::time;
use uuid::Uuid;

pub(crate) const PERMISSIONS: [&str; 6] = [
    "bots:read",
    "bots:write",
    "bots:execute",
    "strategies:write",
    "exchange-connections:write",
    "exchange-connections:read",
];

/// Buys above a price and sells below it.
pub(crate) fn strategy(name: &str, price: i64) -> Value {
    json!({
        "name": name,
        "market": { "exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1m" },
        "indicators": { "fast": { "kind": "sma", "period": 10 }, "slow": { "kind": "sma", "period": 50 } },
        "entry": { "gt": ["close", price] },
        "exit": { "lt": ["close", price] },
        "sizing": { "kind": "fixedQuantity", "quantity": "0.001" }
    })
}

/// Creates what a member asks for; answers its id.
pub(crate) async fn created(member: &Member, path: &str, wish: &Value) -> String {
    let made = member.post(path, wish).await.created();
    made["id"].as_str().unwrap().to_owned()
}

/// Creates a bot and starts it, and so many others that are the same.
pub(crate) async fn start(app: &TestApp, member: &Member, wish: &Value, others: usize) {
    let (bot, name) = (created(member, "/api/v1/bots", wish).await, wish["name"].as_str().unwrap());
    member.post(&format!("/api/v1/bots/{bot}/start?confirm={name}"), &json!({})).await.ok();
    let id: Uuid = bot.parse().unwrap();
    let mut tx = app.tenant(member.tenant).await;
    let copies = "with made as (
                      insert into bots select (jsonb_populate_record(b, jsonb_build_object(
                          'id', gen_random_uuid(), 'name', b.name || n, 'copied_from', b.id))).*
                      from bots b, generate_series(1, $2) n where b.id = $1 returning id)
                  select id from made";
    let made: Vec<Uuid> = sqlx::query_scalar(copies).bind(id).bind(others as i32).fetch_all(tx.conn()).await.unwrap();
    let positions = "insert into positions select (jsonb_populate_record(p, jsonb_build_object('bot_id', made))).*
                     from positions p, unnest($2::uuid[]) made where p.bot_id = $1";
    sqlx::query(positions).bind(id).bind(&made).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
}

/// Waits until every bot has seen so many candles and no order is open at an exchange.
pub(crate) async fn settled(app: &TestApp, candles: i64) {
    let standing = "select (select coalesce(min(candles), 0) from bots) as candles,
                           (select count(*) from orders o join bots b on b.tenant_id = o.tenant_id and b.id = bot_id
                            where mode = 'live' and o.status in ('pending', 'submitted', 'accepted')) as open,
                           (select count(*) from bots where status <> 'running') as ended";
    loop {
        let row = sqlx::query(standing).fetch_one(app.system().await.conn()).await.unwrap();
        assert_eq!(row.get::<i64, _>("ended"), 0, "a bot runs no more");
        if row.get::<i64, _>("candles") >= candles && row.get::<i64, _>("open") == 0 {
            return;
        }
        time::sleep(Duration::from_millis(50)).await;
    }
}

/// The processes of PostgreSQL that serve this database.
pub(crate) async fn servers(app: &TestApp) -> Vec<u32> {
    let pids = "select pid from pg_stat_activity where pid is not null";
    let pids: Vec<i32> = sqlx::query_scalar(pids).fetch_all(app.system().await.conn()).await.unwrap();
    pids.into_iter().filter_map(|pid| u32::try_from(pid).ok()).collect()
}

pub(crate) fn millis(at: Time) -> i64 {
    at.millis()
}
