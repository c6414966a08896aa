//! Orders and fills: the book that writes them, the steps that the database lets pass, and the lists.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

use kit::TenantTx;
use orders::Book;
use std::collections::BTreeSet;
use testkit::{Member, PgPool, TestApp, Value, db_test, json};
use trading::{
    money::Symbol,
    order::{ClientOrderId, Order, OrderKind, OrderStatus, Purpose, Side, Size},
    position::{Fee, Fill, Liquidity},
    time::Timestamp,
};
use uuid::Uuid;

async fn app(db: PgPool) -> TestApp {
    TestApp::new(db, [orders::module()]).await
}

/// A transaction of the member's tenant.
async fn begin(app: &TestApp, member: &Member) -> TenantTx {
    #[expect(clippy::disallowed_methods, reason = "a test acts as the tenant")]
    let scope = kit::Scope::new(member.tenant, None);
    app.system().await.enter(scope).await.unwrap()
}

/// A bot of the tenant, which orders belong to.
async fn bot(tx: &mut TenantTx) -> Uuid {
    let id = tx.new_id();
    for statement in [
        "insert into strategies (id, name, version, created_at, updated_at) values ($1, $1, 1, now(), now())",
        "insert into strategy_versions (strategy_id, version, document, created_at) values ($1, 1, '{}', now())",
        "insert into bots (id, name, kind, mode, status, strategy_id, strategy_version, exchange, symbols, timeframe,
                           initial_cash, rules, feed, created_at, updated_at)
         values ($1, $1, 'strategy', 'paper', 'created', $1, 1, 'binance', '{BTC/USDT}', '5m', 1, '{}', '{}', now(), now())",
    ] {
        sqlx::query(sqlx::AssertSqlSafe(statement)).bind(id).execute(tx.conn()).await.unwrap();
    }
    id
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(1_704_067_200_000 + second * 1_000)
}

fn book(bot: Uuid) -> Book {
    Book::new(bot)
}

fn btc() -> Symbol {
    "BTC/USDT".parse().unwrap()
}

fn id(number: u64) -> ClientOrderId {
    ClientOrderId::new("test".parse().unwrap(), number)
}

fn limit(number: u64) -> Order {
    let kind = OrderKind::Limit { price: "100".parse().unwrap() };
    Order::new(id(number), Side::Buy, kind, Size::Base("3".parse().unwrap()), Purpose::Entry)
}

fn fill(number: u64, second: i64, quantity: &str, price: &str, done: bool) -> Fill {
    Fill {
        client_order_id: id(number),
        at: at(second),
        side: Side::Buy,
        price: price.parse().unwrap(),
        quantity: quantity.parse().unwrap(),
        fee: Fee::Base("0.001".parse().unwrap()),
        liquidity: Liquidity::Maker,
        done,
    }
}

/// Places an order that the venue has taken.
fn accepted(book: &mut Book, number: u64) {
    book.place(btc(), &limit(number), at(0));
    book.advance(id(number), OrderStatus::Submitted, at(1)).unwrap();
    book.advance(id(number), OrderStatus::Accepted, at(1)).unwrap();
}

#[db_test]
async fn an_order_is_there_before_it_is_sent_and_grows_with_its_fills(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(["orders:read"]).await;
    let mut tx = begin(&app, &ana).await;
    let bot = bot(&mut tx).await;
    let mut book = book(bot);
    book.place(btc(), &limit(1), at(0));
    orders::save(&mut tx, &mut [&mut book]).await.unwrap();
    tx.commit().await.unwrap();
    let order = ana.get("/api/v1/orders").await.ok()[0].clone();
    assert_eq!((&order["status"], &order["clientOrderId"]), (&json!("pending"), &json!("test-1")));
    assert_eq!((&order["price"], &order["quantity"], &order["quote"]), (&json!("100"), &json!("3"), &json!(null)));

    let mut tx = begin(&app, &ana).await;
    book.advance(id(1), OrderStatus::Submitted, at(1)).unwrap();
    book.fill(&fill(1, 2, "1", "99", false)).unwrap();
    orders::save(&mut tx, &mut [&mut book]).await.unwrap();
    book.fill(&fill(1, 3, "2", "96", true)).unwrap();
    orders::save(&mut tx, &mut [&mut book]).await.unwrap();
    tx.commit().await.unwrap();
    let path = format!("/api/v1/orders/{}", order["id"].as_str().unwrap());
    let order = ana.get(&path).await.ok();
    assert_eq!((&order["status"], &order["filledQuantity"]), (&json!("filled"), &json!("3")));
    assert_eq!((&order["averagePrice"], &order["updatedAt"]), (&json!("97"), &json!("2024-01-01T00:00:03.000Z")));

    let fills = ana.get("/api/v1/fills").await.ok();
    let told: Vec<_> =
        fills.as_array().unwrap().iter().map(|it| [&it["tradeNumber"], &it["price"], &it["feeAsset"]]).collect();
    assert_eq!(told, [[&json!(2), &json!("96"), &json!("BTC")], [&json!(1), &json!("99"), &json!("BTC")]]);
    let mut tx = begin(&app, &ana).await;
    let stored = orders::fills_of_bots(&mut tx, &[bot]).await.unwrap();
    let stored: Vec<_> = stored.into_iter().map(|it| it.fill).collect();
    assert_eq!(stored, [fill(1, 2, "1", "99", false), fill(1, 3, "2", "96", true)]);
}

#[db_test]
async fn orders_of_every_kind_are_kept_with_their_prices(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(["orders:read"]).await;
    let mut tx = begin(&app, &ana).await;
    let mut book = book(bot(&mut tx).await);
    let kinds = json!([
        {"kind": "market"},
        {"kind": "limit", "price": "100"},
        {"kind": "limitMaker", "price": "100"},
        {"kind": "stopMarket", "trigger": "90"},
        {"kind": "stopLimit", "trigger": "90", "price": "100"},
        {"kind": "takeProfitMarket", "trigger": "90"},
        {"kind": "takeProfitLimit", "trigger": "90", "price": "100"},
        {"kind": "trailingStop", "percent": "2"},
        {"kind": "trailingStop", "percent": "2", "activation": "90"}
    ]);
    for (number, kind) in (1..).zip(kinds.as_array().unwrap()) {
        let kind: OrderKind = serde_json::from_value(kind.clone()).unwrap();
        book.place(btc(), &Order { kind, ..limit(number) }, at(i64::try_from(number).unwrap()));
    }
    orders::save(&mut tx, &mut [&mut book]).await.unwrap();
    tx.commit().await.unwrap();
    let stored = ana.get("/api/v1/orders").await.ok();
    let stored = stored.as_array().unwrap().iter().rev();
    let told: Vec<_> = stored.map(|it| [&it["kind"], &it["price"], &it["triggerPrice"]].map(Value::clone)).collect();
    let expected: Vec<_> = kinds
        .as_array()
        .unwrap()
        .iter()
        .map(|kind| {
            let trigger = kind.get("trigger").or_else(|| kind.get("activation"));
            [kind["kind"].clone(), kind["price"].clone(), trigger.cloned().unwrap_or_default()]
        })
        .collect();
    assert_eq!(told, expected);
}

#[db_test]
async fn a_book_refuses_what_no_order_does(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(["orders:read"]).await;
    let mut tx = begin(&app, &ana).await;
    let mut book = book(bot(&mut tx).await);
    assert!(book.advance(id(1), OrderStatus::Submitted, at(0)).is_err(), "an order that nobody placed");
    book.place(btc(), &limit(1), at(0));
    assert!(book.fill(&fill(1, 1, "1", "99", false)).is_err(), "a fill of an order that was not sent");
    book.advance(id(1), OrderStatus::Cancelled, at(1)).unwrap();
    assert!(book.advance(id(1), OrderStatus::Submitted, at(2)).is_err(), "a withdrawn order that is sent");
    orders::save(&mut tx, &mut [&mut book]).await.unwrap();
    assert!(book.advance(id(1), OrderStatus::Cancelled, at(3)).is_err(), "an order that has ended");
}

#[db_test]
async fn the_same_decision_is_never_written_twice(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(["orders:read"]).await;
    let mut tx = begin(&app, &ana).await;
    let bot = bot(&mut tx).await;
    let mut first = book(bot);
    accepted(&mut first, 1);
    orders::save(&mut tx, &mut [&mut first]).await.unwrap();
    let mut second = book(bot);
    accepted(&mut second, 1);
    let refused = orders::save(&mut tx, &mut [&mut second]).await.unwrap_err();
    assert!(refused.to_string().contains("orders_client_order_id_taken"), "{refused}");
}

#[db_test]
async fn a_book_that_was_made_anew_adopts_what_is_stored_or_refuses(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(["orders:read"]).await;
    let mut tx = begin(&app, &ana).await;
    let bot = bot(&mut tx).await;
    let tell = |book: &mut Book, last: &str| {
        accepted(book, 1);
        book.fill(&fill(1, 2, "3", "99", true)).unwrap();
        accepted(book, 2);
        book.fill(&fill(2, 3, last, "98", false)).unwrap();
    };
    let mut lost = book(bot);
    tell(&mut lost, "1");
    orders::save(&mut tx, &mut [&mut lost]).await.unwrap();

    let mut anew = book(bot);
    tell(&mut anew, "1");
    anew.adopt(&mut tx).await.unwrap();
    assert_eq!(anew.counts(), (2, 2));
    let mut other = book(bot);
    tell(&mut other, "2");
    assert!(other.adopt(&mut tx).await.unwrap_err().to_string().contains("test-2"));
    let mut fewer = book(bot);
    accepted(&mut fewer, 1);
    assert!(fewer.adopt(&mut tx).await.is_err());

    anew.fill(&fill(2, 4, "2", "98", true)).unwrap();
    orders::save(&mut tx, &mut [&mut anew]).await.unwrap();
    tx.commit().await.unwrap();
    let orders = ana.get("/api/v1/orders?status=filled&sort=createdAt").await.ok();
    assert_eq!(orders.as_array().unwrap().len(), 2);
    assert_eq!(ana.get("/api/v1/fills").await.ok().as_array().unwrap().len(), 3);
}

/// Where an order can get to, in any number of steps of the trading core's table.
fn reachable(from: OrderStatus) -> BTreeSet<&'static str> {
    let (mut found, mut next) = (BTreeSet::new(), from.next().to_vec());
    while let Some(status) = next.pop() {
        if found.insert(status.as_str()) {
            next.extend(status.next());
        }
    }
    found
}

#[db_test]
async fn the_database_lets_just_those_steps_pass_that_the_trading_core_knows(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(["orders:read"]).await;
    for from in OrderStatus::ALL {
        for to in OrderStatus::ALL.into_iter().filter(|to| *to != from) {
            let mut tx = begin(&app, &ana).await;
            let bot = bot(&mut tx).await;
            let filled = |status| matches!(status, OrderStatus::Filled | OrderStatus::PartiallyFilled);
            let insert = "insert into orders (id, client_order_id, bot_id, symbol, side, kind, quantity, filled_quantity,
                                              average_price, status, purpose, created_at, updated_at)
                          values ($1, 'x-1', $1, 'BTC/USDT', 'buy', 'market', 1, $3, nullif($3, 0), $2, 'entry', now(), now())";
            let insert = sqlx::query(insert).bind(bot).bind(from.as_str()).bind(i32::from(filled(from)));
            insert.execute(tx.conn()).await.unwrap();
            let amount = i32::from(filled(to) || filled(from) && !matches!(to, OrderStatus::Rejected));
            let step = "update orders set status = $1, filled_quantity = $2, average_price = nullif($2, 0)";
            let step = sqlx::query(step).bind(to.as_str()).bind(amount).execute(tx.conn()).await;
            let expected = reachable(from).contains(to.as_str());
            assert_eq!(step.is_ok(), expected, "{from} to {to}: {step:?}");
        }
    }
}

#[db_test]
async fn orders_and_fills_are_their_tenants_alone(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (app.member(["orders:read"]).await, app.member(["orders:read"]).await);
    let mut tx = begin(&app, &ana).await;
    let mut book = book(bot(&mut tx).await);
    accepted(&mut book, 1);
    book.fill(&fill(1, 2, "3", "99", true)).unwrap();
    orders::save(&mut tx, &mut [&mut book]).await.unwrap();
    tx.commit().await.unwrap();
    let order = ana.get("/api/v1/orders").await.ok()[0].clone();
    let order = order["id"].as_str().unwrap();
    for list in ["/api/v1/orders", "/api/v1/fills", &format!("/api/v1/fills?orderId={order}")] {
        assert_eq!(bob.get(list).await.ok(), json!([]), "{list}");
    }
    ana.get(&format!("/api/v1/orders/{order}")).await.ok();
    bob.get(&format!("/api/v1/orders/{order}")).await.refused(404, "ORDER_NOT_FOUND");
    app.member(["bots:read"]).await.get("/api/v1/orders").await.refused(403, "FORBIDDEN");
    app.stranger().get("/api/v1/fills").await.refused(401, "UNAUTHORIZED");
}

#[db_test]
async fn every_order_is_audited_when_it_is_placed(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(["orders:read", "audit:read"]).await;
    let mut tx = begin(&app, &ana).await;
    let mut book = book(bot(&mut tx).await);
    accepted(&mut book, 1);
    orders::save(&mut tx, &mut [&mut book]).await.unwrap();
    book.advance(id(1), OrderStatus::Cancelled, at(5)).unwrap();
    orders::save(&mut tx, &mut [&mut book]).await.unwrap();
    tx.commit().await.unwrap();
    let entries = ana.get("/api/v1/audit?action=order.placed").await.ok();
    let [entry] = &entries.as_array().unwrap()[..] else { panic!("one entry, not {entries}") };
    let told: &Value = &entry["after"];
    assert_eq!((&told["clientOrderId"], &told["symbol"]), (&json!("test-1"), &json!("BTC/USDT")));
    assert_eq!((&told["kind"]["price"], &told["size"]["base"]), (&json!("100"), &json!("3")));
}
