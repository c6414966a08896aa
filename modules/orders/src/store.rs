use crate::{
    book::{Entry, Execution},
    service::{Fill, FillFilter, Filter, Order, Place},
};
use chrono::{DateTime, Utc};
use kit::{Columns, Paging, Result, TenantTx};
use rust_decimal::Decimal;
use sqlx::{Postgres, QueryBuilder};
use trading::{
    money::Price,
    order::{OrderKind, Purpose, Side, Size},
};
use uuid::Uuid;

const ORDER: &str = "id, client_order_id, bot_id, symbol, side, kind, price, trigger_price, quantity, quote, \
                     filled_quantity, average_price, status, purpose, reason, adopted, created_at, updated_at";
const FILL: &str = "f.id, f.order_id, o.client_order_id, f.bot_id, o.symbol, o.side, f.trade_number, f.price, \
                    f.quantity, f.fee, f.fee_asset, f.maker, f.at";

/// `order` is one of [`Paging::order`]'s own making.
pub(crate) async fn list(
    tx: &mut TenantTx,
    filter: &Filter,
    order: &str,
    paging: &Paging,
) -> Result<(Vec<Order>, i64)> {
    let mut count = QueryBuilder::new("select count(*) from orders where tenant_id = current_tenant()");
    narrow(&mut count, filter);
    let total = count.build_query_scalar().fetch_one(tx.conn()).await?;
    let mut query = QueryBuilder::new(format!("select {ORDER} from orders where tenant_id = current_tenant()"));
    narrow(&mut query, filter);
    query.push(format!(" order by {order}, id desc limit "));
    query.push_bind(paging.limit).push(" offset ").push_bind(paging.offset());
    Ok((query.build_query_as().fetch_all(tx.conn()).await?, total))
}

fn narrow(query: &mut QueryBuilder<Postgres>, filter: &Filter) {
    if let Some(bot) = filter.bot_id {
        query.push(" and bot_id = ").push_bind(bot);
    }
    if let Some(status) = filter.status {
        query.push(" and status = ").push_bind(status.as_str());
    }
    if let Some(symbol) = &filter.symbol {
        query.push(" and symbol = ").push_bind(symbol.clone());
    }
}

pub(crate) async fn get(tx: &mut TenantTx, id: Uuid) -> Result<Option<Order>> {
    let mut query = QueryBuilder::new(format!("select {ORDER} from orders where tenant_id = current_tenant()"));
    query.push(" and id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(tx.conn()).await?)
}

pub(crate) async fn list_fills(
    tx: &mut TenantTx,
    filter: &FillFilter,
    before: Option<Place>,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Fill>> {
    let mut query = QueryBuilder::new(format!(
        "select {FILL} from fills f join orders o on o.tenant_id = f.tenant_id and o.id = f.order_id
         where f.tenant_id = current_tenant()"
    ));
    if let Some(bot) = filter.bot_id {
        query.push(" and f.bot_id = ").push_bind(bot);
    }
    if let Some(order) = filter.order_id {
        query.push(" and f.order_id = ").push_bind(order);
    }
    for (place, comparison) in [(before, "<"), (after, ">")] {
        if let Some((at, id)) = place {
            query.push(format!(" and (f.at, f.id) {comparison} ("));
            query.push_bind(at.utc()).push(", ").push_bind(id).push(")");
        }
    }
    let direction = if after.is_some() { "asc" } else { "desc" };
    query.push(format!(" order by f.at {direction}, f.id {direction} limit ")).push_bind(limit);
    Ok(query.build_query_as().fetch_all(tx.conn()).await?)
}

/// A fill with what its order says of it.
pub(crate) struct StoredFill {
    pub(crate) bot_id: Uuid,
    pub(crate) client_order_id: String,
    pub(crate) symbol: String,
    pub(crate) side: String,
    pub(crate) price: Decimal,
    pub(crate) quantity: Decimal,
    pub(crate) fee: Decimal,
    pub(crate) fee_asset: String,
    pub(crate) maker: bool,
    pub(crate) done: bool,
    pub(crate) at: DateTime<Utc>,
}

pub(crate) async fn fills_of_bots(tx: &mut TenantTx, bots: &[Uuid]) -> Result<Vec<StoredFill>> {
    let fills = sqlx::query_as!(
        StoredFill,
        "select f.bot_id, o.client_order_id, o.symbol, o.side, f.price, f.quantity, f.fee, f.fee_asset, f.maker, f.done,
                f.at
         from fills f join orders o on o.tenant_id = f.tenant_id and o.id = f.order_id
         where f.tenant_id = current_tenant() and f.bot_id = any ($1)
         order by f.bot_id, f.at, f.id",
        bots
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(fills)
}

/// An order that may still change.
pub(crate) struct OpenOrder {
    pub(crate) id: Uuid,
    pub(crate) client_order_id: String,
    pub(crate) status: String,
    pub(crate) filled_quantity: Decimal,
}

pub(crate) async fn open_orders(tx: &mut TenantTx, bot: Uuid) -> Result<Vec<OpenOrder>> {
    let open = sqlx::query_as!(
        OpenOrder,
        "select id, client_order_id, status, filled_quantity from orders
         where tenant_id = current_tenant() and bot_id = $1
           and status in ('pending', 'submitted', 'accepted', 'partiallyFilled')",
        bot
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(open)
}

pub(crate) async fn known(tx: &mut TenantTx, client_order_ids: &[String]) -> Result<Vec<String>> {
    let known = sqlx::query_scalar!(
        "select client_order_id from orders where tenant_id = current_tenant() and client_order_id = any ($1)",
        client_order_ids
    );
    Ok(known.fetch_all(tx.conn()).await?)
}

/// How many orders and fills a bot has had.
pub(crate) async fn counts(tx: &mut TenantTx, bot: Uuid) -> Result<(i64, i64)> {
    let counts = sqlx::query!(
        r#"select (select count(*) from orders where tenant_id = current_tenant() and bot_id = $1) as "orders!",
                  (select count(*) from fills where tenant_id = current_tenant() and bot_id = $1) as "fills!""#,
        bot
    )
    .fetch_one(tx.conn())
    .await?;
    Ok((counts.orders, counts.fills))
}

pub(crate) async fn insert(tx: &mut TenantTx, orders: &[Entry<'_>]) -> Result<()> {
    if orders.is_empty() {
        return Ok(());
    }
    let column = Columns(orders);
    sqlx::query!(
        "insert into orders
           (id, client_order_id, bot_id, symbol, side, kind, price, trigger_price, quantity, quote,
            filled_quantity, average_price, status, purpose, reason, created_at, updated_at, adopted)
         select id, client_order_id, bot_id, symbol, side, kind, price, trigger_price, quantity, quote,
                filled_quantity, average_price, status, purpose, reason, created_at, updated_at, adopted
         from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::numeric[], $8::numeric[],
                     $9::numeric[], $10::numeric[], $11::numeric[], $12::numeric[], $13::text[], $14::text[], $15::text[],
                     $16::timestamptz[], $17::timestamptz[], $18::boolean[])
              as new (id, client_order_id, bot_id, symbol, side, kind, price, trigger_price, quantity, quote,
                      filled_quantity, average_price, status, purpose, reason, created_at, updated_at, adopted)",
        &column.of(|it| it.order.id.unwrap_or_default()),
        &column.of(|it| it.order.order.client_order_id.to_string()),
        &column.of(|it| it.bot),
        &column.of(|it| it.order.symbol.as_str().to_owned()),
        &column.of(|it| side(it.order.order.side).to_owned()),
        &column.of(|it| kind(it.order.order.kind).0.to_owned()),
        &column.of(|it| kind(it.order.order.kind).1) as &[Option<Decimal>],
        &column.of(|it| kind(it.order.order.kind).2) as &[Option<Decimal>],
        &column.of(|it| size(it.order.order.size).0) as &[Option<Decimal>],
        &column.of(|it| size(it.order.order.size).1) as &[Option<Decimal>],
        &column.of(|it| it.order.filled.decimal().normalize()),
        &column.of(|it| it.order.average_price()) as &[Option<Decimal>],
        &column.of(|it| it.order.status.as_str().to_owned()),
        &column.of(|it| purpose(it.order.order.purpose).to_owned()),
        &column.of(|it| it.order.reason.clone()) as &[Option<String>],
        &column.of(|it| it.order.created_at.to_datetime()),
        &column.of(|it| it.order.updated_at.to_datetime()),
        &column.of(|it| it.order.adopted)
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn update(tx: &mut TenantTx, orders: &[Entry<'_>]) -> Result<()> {
    if orders.is_empty() {
        return Ok(());
    }
    let column = Columns(orders);
    sqlx::query!(
        "update orders set filled_quantity = new.filled_quantity, average_price = new.average_price,
                           status = new.status, reason = new.reason, updated_at = new.updated_at
         from unnest($1::uuid[], $2::numeric[], $3::numeric[], $4::text[], $5::text[], $6::timestamptz[])
              as new (id, filled_quantity, average_price, status, reason, updated_at)
         where orders.tenant_id = current_tenant() and orders.id = new.id",
        &column.of(|it| it.order.id.unwrap_or_default()),
        &column.of(|it| it.order.filled.decimal().normalize()),
        &column.of(|it| it.order.average_price()) as &[Option<Decimal>],
        &column.of(|it| it.order.status.as_str().to_owned()),
        &column.of(|it| it.order.reason.clone()) as &[Option<String>],
        &column.of(|it| it.order.updated_at.to_datetime())
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn insert_fills(
    tx: &mut TenantTx,
    ids: &[Uuid],
    executions: &[(Entry<'_>, &Execution)],
) -> Result<()> {
    if executions.is_empty() {
        return Ok(());
    }
    let column = Columns(executions);
    sqlx::query!(
        "insert into fills (id, order_id, bot_id, trade_number, price, quantity, fee, fee_asset, maker, done, at)
         select id, order_id, bot_id, trade_number, price, quantity, fee, fee_asset, maker, done, at
         from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[], $5::numeric[], $6::numeric[], $7::numeric[],
                     $8::text[], $9::boolean[], $10::boolean[], $11::timestamptz[])
              as new (id, order_id, bot_id, trade_number, price, quantity, fee, fee_asset, maker, done, at)",
        ids,
        &column.of(|(of, _)| of.order.id.unwrap_or_default()),
        &column.of(|(of, _)| of.bot),
        &column.of(|(_, it)| it.trade_number),
        &column.of(|(_, it)| it.fill.price.decimal().normalize()),
        &column.of(|(_, it)| it.fill.quantity.decimal().normalize()),
        &column.of(|(_, it)| it.fee().0),
        &column.of(|(_, it)| it.fee().1.to_owned()),
        &column.of(|(_, it)| it.maker()),
        &column.of(|(_, it)| it.fill.done),
        &column.of(|(_, it)| it.fill.at.to_datetime())
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

/// The name of the kind, its price and its trigger.
pub(crate) fn kind(kind: OrderKind) -> (&'static str, Option<Decimal>, Option<Decimal>) {
    let number = |price: Price| price.decimal().normalize();
    (kind.as_str(), kind.limit().map(number), kind.trigger().map(number))
}

/// Coins or budget.
pub(crate) fn size(size: Size) -> (Option<Decimal>, Option<Decimal>) {
    match size {
        Size::Base(coins) => (Some(coins.decimal().normalize()), None),
        Size::Quote(budget) => (None, Some(budget.decimal().normalize())),
    }
}

pub(crate) fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Entry => "entry",
        Purpose::Exit => "exit",
        Purpose::StopLoss => "stopLoss",
        Purpose::TrailingStop => "trailingStop",
        Purpose::TakeProfit => "takeProfit",
        Purpose::MaxHold => "maxHold",
        Purpose::MaxDrawdown => "maxDrawdown",
        Purpose::Stopped => "stopped",
    }
}
