//! Tenants with bots that hold and order what a test says.

use kit::TenantTx;
use orders::Book;
use testkit::{Member, PgPool, TestApp};
use trading::{
    money::{Notional, Price, Quantity, Symbol},
    order::{ClientOrderId, Order, OrderKind, OrderStatus, Purpose, Side, Size},
    position::{Fee, Fill, Liquidity, Position},
    time::Timestamp,
};
use uuid::Uuid;

pub(crate) const LIMITS: &str = "/api/v1/risk/limits/USDT";
pub(crate) const HALTS: &str = "/api/v1/risk/halts";

pub(crate) async fn app(db: PgPool) -> TestApp {
    let app = TestApp::new(db, [risk::module(), market_data::module(), portfolio::module(), audit::module()]).await;
    app.keep_sessions().await;
    app
}

/// Somebody who may do all that is to be done about risk.
pub(crate) async fn manager(app: &TestApp) -> Member {
    let permissions =
        ["risk:read", "risk:execute", "risk:manage", "market-data:write", "market-data:read", "audit:read"];
    let member = app.member(permissions).await;
    app.keep_sessions().await;
    member
}

/// Somebody who runs the platform.
pub(crate) async fn operator(app: &TestApp) -> Member {
    let member = manager(app).await;
    let mut tx = app.system().await;
    users::appoint(&mut tx, member.user, users::Role::SuperAdmin).await.unwrap();
    tx.commit().await.unwrap();
    member
}

pub(crate) fn amount(text: &str) -> Notional {
    text.parse().unwrap()
}

pub(crate) fn symbol() -> Symbol {
    "BTC/USDT".parse().unwrap()
}

/// A bot of the tenant that is at work with so much cash.
pub(crate) async fn bot(tx: &mut TenantTx, mode: &str, cash: &str) -> Uuid {
    let (id, live) = (tx.new_id(), mode == "live");
    for statement in [
        "insert into strategies (id, name, version, created_at, updated_at) values ($1, $1, 1, now(), now())",
        "insert into strategy_versions (strategy_id, version, document, created_at) values ($1, 1, '{}', now())",
        "insert into exchange_connections (id, exchange, label, key_mask, fingerprint, api_key, api_secret,
             allow_withdrawals, can_read, can_trade, can_withdraw, ip_restricted, status, probed_at, created_at, updated_at)
         values ($1, 'binance', 'Main', '****', sha256($1::text::bytea), '', '', false, true, true, false, false,
                 'active', now(), now(), now())",
    ] {
        sqlx::query(sqlx::AssertSqlSafe(statement)).bind(id).execute(tx.conn()).await.unwrap();
    }
    sqlx::query(
        "insert into bots (id, name, kind, mode, connection_id, status, strategy_id, strategy_version, exchange, symbols,
                           timeframe, initial_cash, rules, feed, created_at, updated_at)
         values ($1, $1, 'strategy', $2, case when $3 then $1 end, 'running', $1, 1, 'binance', '{BTC/USDT}', '5m',
                 $4::numeric, '{}', '{}', now(), now())",
    )
    .bind(id)
    .bind(mode)
    .bind(live)
    .bind(cash)
    .execute(tx.conn())
    .await
    .unwrap();
    portfolio::open(tx, id, &[symbol()], amount(cash)).await.unwrap();
    id
}

/// A purchase for so much, the bot's order of this number.
pub(crate) fn purchase(bot: Uuid, number: u64, budget: &str) -> Order {
    let id = ClientOrderId::new(bot.simple().to_string()[8..].parse().unwrap(), number);
    Order::new(id, Side::Buy, OrderKind::Market {}, Size::Quote(amount(budget)), Purpose::Entry)
}

/// Writes an order that was sent.
pub(crate) async fn place(tx: &mut TenantTx, bot: Uuid, order: &Order) {
    let mut book = Book::new(bot);
    let at = Timestamp::from_millis(tx.now().millis());
    book.place(symbol(), order, at);
    book.advance(order.client_order_id, OrderStatus::Submitted, at).unwrap();
    orders::save(tx, &mut [&mut book]).await.unwrap();
}

/// Lets a bot hold so many coins, bought for and worth 100 each.
pub(crate) async fn hold(tx: &mut TenantTx, bot: Uuid, cash: &str, coins: &str) {
    let (price, quantity): (Price, Quantity) = ("100".parse().unwrap(), coins.parse().unwrap());
    let client_order_id = purchase(bot, 1, "1").client_order_id;
    let at = Timestamp::from_millis(tx.now().millis());
    let (fee, liquidity, side) = (Fee::Quote(Notional::ZERO), Liquidity::Taker, Side::Buy);
    let mut position = Position::with_cash(amount(cash));
    position.apply(&Fill { client_order_id, at, side, price, quantity, fee, liquidity, done: true }).unwrap();
    let symbol = symbol();
    let holding = portfolio::Holding { bot, symbol, position, mark: Some(price) };
    portfolio::save(tx, &[holding]).await.unwrap();
}
