//! Bots that have traded.
#![allow(dead_code, reason = "each test program uses a part")]

use kit::TenantTx;
use testkit::{Member, PgPool, TestApp};
use trading::{
    money::{Notional, Symbol},
    order::{ClientOrderId, Order, OrderKind, OrderStatus, Purpose, Side, Size},
    position::{Fee, Fill, Liquidity, Position},
    time::Timestamp,
};
use uuid::Uuid;

pub(crate) async fn app(db: PgPool) -> TestApp {
    TestApp::new(db, [portfolio::module(), audit::module()]).await
}

pub(crate) async fn begin(app: &TestApp, member: &Member) -> TenantTx {
    #[expect(clippy::disallowed_methods, reason = "a test acts as the tenant")]
    let scope = kit::Scope::new(member.tenant, None);
    app.system().await.enter(scope).await.unwrap()
}

/// A bot of the tenant with so much cash.
pub(crate) async fn bot(tx: &mut TenantTx, symbol: &Symbol, cash: &str) -> Uuid {
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
    portfolio::open(tx, id, &[*symbol], amount(cash)).await.unwrap();
    id
}

pub(crate) fn amount(text: &str) -> Notional {
    text.parse().unwrap()
}

pub(crate) fn at(hour: i64) -> Timestamp {
    Timestamp::from_millis(1_704_067_200_000 + hour * 3_600_000)
}

/// Trades: buys and sales of so many coins at a price, each with a fee of 1.
pub(crate) async fn trade(
    tx: &mut TenantTx,
    bot: Uuid,
    symbol: &Symbol,
    cash: &str,
    trades: &[(Side, &str, &str)],
) -> Position {
    let mut position = Position::with_cash(amount(cash));
    let mut book = orders::Book::new(bot);
    for (number, (side, quantity, price)) in (1_u64..).zip(trades) {
        let prefix = bot.simple().to_string()[8..].parse().unwrap();
        let client_order_id = ClientOrderId::new(prefix, number);
        let (quantity, when) = (quantity.parse().unwrap(), at(number.cast_signed()));
        let purpose = if *side == Side::Buy { Purpose::Entry } else { Purpose::Exit };
        let (kind, size) = (OrderKind::Market {}, Size::Base(quantity));
        book.place(*symbol, &Order::new(client_order_id, *side, kind, size, purpose), when);
        book.advance(client_order_id, OrderStatus::Submitted, when).unwrap();
        let (fee, liquidity) = (Fee::Quote(amount("1")), Liquidity::Taker);
        let price = price.parse().unwrap();
        let fill = Fill { client_order_id, at: when, side: *side, price, quantity, fee, liquidity, done: true };
        book.fill(&fill).unwrap();
        position.apply(&fill).unwrap();
    }
    orders::save(tx, &mut [&mut book]).await.unwrap();
    position
}
