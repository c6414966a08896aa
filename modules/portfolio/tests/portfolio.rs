//! What bots hold and earn, as their fills make it.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

use kit::TenantTx;
use portfolio::EquityPoint;
use testkit::{Member, PgPool, TestApp, db_test, json};
use trading::{
    money::{Notional, Symbol},
    order::{ClientOrderId, Order, OrderKind, OrderStatus, Purpose, Side, Size},
    position::{Fee, Fill, Liquidity, Position},
    time::Timestamp,
};
use uuid::Uuid;

async fn app(db: PgPool) -> TestApp {
    TestApp::new(db, [portfolio::module()]).await
}

async fn begin(app: &TestApp, member: &Member) -> TenantTx {
    #[expect(clippy::disallowed_methods, reason = "a test acts as the tenant")]
    let scope = kit::Scope::new(member.tenant, None);
    app.system().await.enter(scope).await.unwrap()
}

/// A bot of the tenant with so much cash.
async fn bot(tx: &mut TenantTx, symbol: &Symbol, cash: &str) -> Uuid {
    let id = tx.new_id();
    for statement in [
        "insert into strategies (id, name, version, created_at, updated_at) values ($1, $1, 1, now(), now())",
        "insert into strategy_versions (strategy_id, version, document, created_at) values ($1, 1, '{}', now())",
        "insert into bots (id, name, kind, mode, status, strategy_id, strategy_version, exchange, symbol, timeframe,
                           initial_cash, rules, feed, created_at, updated_at)
         values ($1, $1, 'strategy', 'paper', 'created', $1, 1, 'binance', 'BTC/USDT', '5m', 1, '{}', '{}', now(), now())",
    ] {
        sqlx::query(sqlx::AssertSqlSafe(statement)).bind(id).execute(tx.conn()).await.unwrap();
    }
    portfolio::open(tx, id, symbol, amount(cash)).await.unwrap();
    id
}

fn amount(text: &str) -> Notional {
    text.parse().unwrap()
}

fn at(hour: i64) -> Timestamp {
    Timestamp::from_millis(1_704_067_200_000 + hour * 3_600_000)
}

/// Trades: buys and sales of so many coins at a price, each with a fee of 1.
async fn trade(tx: &mut TenantTx, bot: Uuid, symbol: &Symbol, cash: &str, trades: &[(Side, &str, &str)]) -> Position {
    let mut position = Position::with_cash(amount(cash));
    let mut book = orders::Book::new(bot, *symbol);
    for (number, (side, quantity, price)) in (1_u64..).zip(trades) {
        let prefix = bot.simple().to_string()[8..].parse().unwrap();
        let client_order_id = ClientOrderId::new(prefix, number);
        let (quantity, when) = (quantity.parse().unwrap(), at(number.cast_signed()));
        let purpose = if *side == Side::Buy { Purpose::Entry } else { Purpose::Exit };
        let (kind, size) = (OrderKind::Market {}, Size::Base(quantity));
        book.place(&Order::new(client_order_id, *side, kind, size, purpose), when);
        book.advance(client_order_id, OrderStatus::Submitted, when).unwrap();
        let (fee, liquidity) = (Fee::Quote(amount("1")), Liquidity::Taker);
        let price = price.parse().unwrap();
        let fill = Fill { client_order_id, at: when, side: *side, price, quantity, fee, liquidity, done: true };
        book.fill(&fill).unwrap();
        position.apply(&fill).unwrap();
    }
    book.save(tx).await.unwrap();
    position
}

#[db_test]
async fn positions_and_totals_are_what_the_fills_make(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(["portfolio:read"]).await;
    let (btc, eth): (Symbol, Symbol) = ("BTC/USDT".parse().unwrap(), "ETH/BTC".parse().unwrap());
    let mut tx = begin(&app, &ana).await;
    let (first, second, third) =
        (bot(&mut tx, &btc, "1000").await, bot(&mut tx, &btc, "500").await, bot(&mut tx, &eth, "2").await);
    // buys 4 for 100 and sells 1 for 120: cost 401, of which a quarter leaves with the sale
    let trades = [(Side::Buy, "4", "100"), (Side::Sell, "1", "120")];
    let position = trade(&mut tx, first, &btc, "1000", &trades).await;
    portfolio::save(&mut tx, first, &btc, &position, Some("110".parse().unwrap())).await.unwrap();
    assert_eq!(portfolio::rebuild(&mut tx, first, amount("1000")).await.unwrap(), position);
    portfolio::check(&mut tx, first, &btc, &position).await.unwrap();
    portfolio::check(&mut tx, second, &btc, &position).await.unwrap_err();
    tx.commit().await.unwrap();

    let open = ana.get("/api/v1/positions?open=true").await.ok();
    let [held] = &open.as_array().unwrap()[..] else { panic!("one position, not {open}") };
    for (key, value) in [
        ("quantity", "3"),
        ("cost", "300.75"),
        ("averageCost", "100.25"),
        ("markPrice", "110"),
        ("value", "330"),
        ("unrealisedPnl", "29.25"),
        ("realisedPnl", "18.75"),
        ("fees", "2"),
    ] {
        assert_eq!(held[key], value, "{key}");
    }
    let portfolio = ana.get("/api/v1/portfolio").await.ok();
    let totals = portfolio["totals"].as_array().unwrap();
    assert_eq!((&totals[0]["currency"], &totals[0]["equity"]), (&json!("BTC"), &json!("2")));
    for (key, value) in [
        ("currency", "USDT"),
        ("initialCash", "1500"),
        ("cash", "1218"),
        ("positionValue", "330"),
        ("equity", "1548"),
        ("pnl", "48"),
        ("return", "0.032"),
    ] {
        assert_eq!(totals[1][key], value, "{key}");
    }
    let bots: Vec<_> = portfolio["bots"].as_array().unwrap().iter().map(|bot| bot["botId"].as_str().unwrap()).collect();
    assert_eq!(bots.len(), 3);
    assert!([first, second, third].iter().all(|id| bots.contains(&id.to_string().as_str())));
}

#[db_test]
async fn a_long_curve_is_thinned_to_the_last_points_of_its_stretches(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(["portfolio:read"]).await;
    let btc: Symbol = "BTC/USDT".parse().unwrap();
    let mut tx = begin(&app, &ana).await;
    let bot = bot(&mut tx, &btc, "1000").await;
    let point = |hour: i64| {
        let cash = amount(&(1_000 + hour).to_string());
        EquityPoint { at: at(hour), cash, position_value: amount("1") }
    };
    let points: Vec<_> = (0..100).map(point).collect();
    portfolio::record_equity(&mut tx, bot, &points).await.unwrap();
    tx.commit().await.unwrap();

    let curve = async |rest: &str| ana.get(&format!("/api/v1/portfolio/equity?botId={bot}{rest}")).await.ok();
    let all = curve("").await;
    assert_eq!(all.as_array().unwrap().len(), 100);
    assert_eq!(
        (&all[0]["at"], &all[0]["equity"], &all[0]["cash"]),
        (&json!("2024-01-01T00:00:00.000Z"), &json!("1001"), &json!("1000"))
    );
    let thin = curve("&points=4").await;
    let cash: Vec<_> = thin.as_array().unwrap().iter().map(|point| point["cash"].as_str().unwrap()).collect();
    assert_eq!(cash, ["1024", "1049", "1074", "1099"]);
    let part = curve("&from=2024-01-01T10:00:00Z&to=2024-01-01T12:00:00Z").await;
    assert_eq!(part.as_array().unwrap().len(), 2);
}

#[db_test]
async fn a_portfolio_is_its_tenants_alone(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (app.member(["portfolio:read"]).await, app.member(["portfolio:read"]).await);
    let mut tx = begin(&app, &ana).await;
    let bot = bot(&mut tx, &"BTC/USDT".parse().unwrap(), "1000").await;
    tx.commit().await.unwrap();
    assert_eq!(ana.get("/api/v1/positions").await.ok().as_array().unwrap().len(), 1);
    assert_eq!(bob.get("/api/v1/positions").await.ok(), json!([]));
    assert_eq!(bob.get("/api/v1/portfolio").await.ok(), json!({ "totals": [], "bots": [] }));
    let curve = format!("/api/v1/portfolio/equity?botId={bot}");
    assert_eq!(ana.get(&curve).await.ok(), json!([]));
    bob.get(&curve).await.refused(404, "BOT_NOT_FOUND");
    app.member(["orders:read"]).await.get(&curve).await.refused(403, "FORBIDDEN");
    app.stranger().get("/api/v1/portfolio").await.refused(401, "UNAUTHORIZED");
    ana.get("/api/v1/portfolio/equity?botId=mine").await.refused(422, "VALIDATION_ERROR");
    ana.get(&format!("{curve}&points=0")).await.refused(422, "VALIDATION_ERROR");
}
