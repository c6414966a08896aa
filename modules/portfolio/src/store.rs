use crate::service::{Curve, EquityPoint, Filter, Holding, Point, statement::Held};
use kit::{Paging, Result, SystemTx, TenantTx, Time};
use rust_decimal::Decimal;
use sqlx::{FromRow, Postgres, QueryBuilder};
use trading::{
    money::{Notional, Symbol},
    position::Position,
};
use uuid::Uuid;

/// More positions than a tenant's bots can have.
const MOST: i64 = 1_000;

/// A position as it is stored. The cash of a bot is with the first of its symbols; the others have none.
#[derive(FromRow)]
pub(crate) struct Row {
    pub(crate) bot_id: Uuid,
    pub(crate) symbol: String,
    pub(crate) initial_cash: Decimal,
    pub(crate) cash: Decimal,
    pub(crate) quantity: Decimal,
    pub(crate) cost: Decimal,
    pub(crate) realised_pnl: Decimal,
    pub(crate) fees: Decimal,
    pub(crate) mark_price: Option<Decimal>,
    pub(crate) updated_at: Time,
}

/// The cash is with the first symbol.
pub(crate) async fn insert(tx: &mut TenantTx, bot: Uuid, symbols: &[Symbol], cash: Notional) -> Result<()> {
    let now = tx.now();
    let symbols: Vec<_> = symbols.iter().map(Symbol::to_string).collect();
    sqlx::query!(
        "insert into positions (bot_id, symbol, initial_cash, cash, quantity, cost, realised_pnl, fees, updated_at)
         select $1, symbol, cash, cash, 0, 0, 0, 0, $4
         from (select symbol, case place when 1 then $3::numeric else 0 end as cash
               from unnest($2::text[]) with ordinality as given (symbol, place)) new",
        bot,
        &symbols,
        cash.decimal().normalize(),
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn update(tx: &mut TenantTx, holdings: &[Holding]) -> Result<Vec<Row>> {
    let now = tx.now();
    let amounts = |of: fn(&Position) -> Notional| -> Vec<Decimal> {
        holdings.iter().map(|it| of(&it.position).decimal().normalize()).collect()
    };
    let bots: Vec<_> = holdings.iter().map(|it| it.bot).collect();
    let symbols: Vec<_> = holdings.iter().map(|it| it.symbol.as_str().to_owned()).collect();
    let quantities: Vec<_> = holdings.iter().map(|it| it.position.quantity().decimal().normalize()).collect();
    let marks: Vec<_> = holdings.iter().map(|it| it.mark.map(|price| price.decimal().normalize())).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"update positions set cash = new.cash, quantity = new.quantity, cost = new.cost,
                                realised_pnl = new.realised_pnl, fees = new.fees, mark_price = new.mark_price,
                                updated_at = $9
           from unnest($1::uuid[], $2::text[], $3::numeric[], $4::numeric[], $5::numeric[], $6::numeric[],
                       $7::numeric[], $8::numeric[])
                as new (bot_id, symbol, cash, quantity, cost, realised_pnl, fees, mark_price)
           where positions.tenant_id = current_tenant() and positions.bot_id = new.bot_id
             and positions.symbol = new.symbol
           returning positions.bot_id, positions.symbol, positions.initial_cash, positions.cash, positions.quantity,
                     positions.cost, positions.realised_pnl, positions.fees, positions.mark_price,
                     positions.updated_at"#,
        &bots,
        &symbols,
        &amounts(Position::cash),
        &quantities,
        &amounts(Position::cost),
        &amounts(Position::realised),
        &amounts(Position::fees),
        &marks as &[Option<Decimal>],
        now.utc()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows)
}

pub(crate) async fn insert_points(tx: &mut TenantTx, points: &[(Uuid, &EquityPoint)]) -> Result<()> {
    let amounts = |of: fn(&EquityPoint) -> Notional| -> Vec<Decimal> {
        points.iter().map(|(_, point)| of(point).decimal().normalize()).collect()
    };
    let bots: Vec<_> = points.iter().map(|(bot, _)| *bot).collect();
    let at: Vec<_> = points.iter().map(|(_, point)| point.at.to_datetime()).collect();
    sqlx::query!(
        "insert into equity_points (bot_id, at, equity, cash, position_value)
         select bot_id, at, cash + value, cash, value
         from unnest($1::uuid[], $2::timestamptz[], $3::numeric[], $4::numeric[]) as new (bot_id, at, cash, value)",
        &bots,
        &at,
        &amounts(|point| point.cash),
        &amounts(|point| point.position_value)
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn of_bot(tx: &mut TenantTx, bot: Uuid) -> Result<Vec<Row>> {
    let rows = sqlx::query_as!(
        Row,
        "select bot_id, symbol, initial_cash, cash, quantity, cost, realised_pnl, fees, mark_price, updated_at
         from positions where tenant_id = current_tenant() and bot_id = $1 order by initial_cash desc, symbol",
        bot
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows)
}

pub(crate) async fn all(tx: &mut TenantTx) -> Result<Vec<Row>> {
    let rows = sqlx::query_as!(
        Row,
        "select bot_id, symbol, initial_cash, cash, quantity, cost, realised_pnl, fees, mark_price, updated_at
         from positions where tenant_id = current_tenant() order by bot_id, initial_cash desc, symbol limit $1",
        MOST
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows)
}

/// `order` is one of [`Paging::order`]'s own making.
pub(crate) async fn list(tx: &mut TenantTx, filter: &Filter, order: &str, paging: &Paging) -> Result<(Vec<Row>, i64)> {
    let mut count = QueryBuilder::new("select count(*) from positions where tenant_id = current_tenant()");
    narrow(&mut count, filter);
    let total = count.build_query_scalar().fetch_one(tx.conn()).await?;
    let mut query = QueryBuilder::new(
        "select bot_id, symbol, initial_cash, cash, quantity, cost, realised_pnl, fees, mark_price, updated_at
         from positions where tenant_id = current_tenant()",
    );
    narrow(&mut query, filter);
    query.push(format_args!(" order by {order}, bot_id desc, symbol limit ")).push_bind(paging.limit);
    query.push(" offset ").push_bind(paging.offset());
    Ok((query.build_query_as().fetch_all(tx.conn()).await?, total))
}

fn narrow(query: &mut QueryBuilder<Postgres>, filter: &Filter) {
    if let Some(bot) = filter.bot_id {
        query.push(" and bot_id = ").push_bind(bot);
    }
    if let Some(symbol) = &filter.symbol {
        query.push(" and symbol = ").push_bind(symbol.clone());
    }
    if let Some(open) = filter.open {
        query.push(if open { " and quantity > 0" } else { " and quantity = 0" });
    }
}

/// The last point of each of so many equal stretches of time.
pub(crate) async fn points(tx: &mut TenantTx, curve: &Curve) -> Result<Vec<Point>> {
    let points = sqlx::query_as!(
        Point,
        r#"with chosen as (
               select at, equity, cash, position_value from equity_points
               where tenant_id = current_tenant() and bot_id = $1
                 and ($2::timestamptz is null or at >= $2) and ($3::timestamptz is null or at < $3)
           ), reach as (
               select extract(epoch from min(at)) as first, extract(epoch from max(at)) + 1 as last from chosen
           )
           select distinct on (stretch) at as "at!", equity as "equity!", cash as "cash!",
                  position_value as "position_value!"
           from (
               select chosen.*, width_bucket(extract(epoch from at), first, last, $4) as stretch from chosen, reach
           ) placed
           order by stretch, at desc"#,
        curve.bot_id,
        curve.from.map(|at| at.utc()),
        curve.to.map(|at| at.utc()),
        curve.points.unwrap_or(500)
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(points)
}

/// What a bot was worth before two moments; nothing where it had not begun.
pub(crate) struct Ends {
    pub(crate) opening: Option<Held>,
    pub(crate) closing: Option<Held>,
}

/// What each bot was worth before two moments.
pub(crate) async fn ends(tx: &mut TenantTx, from: Time, to: Time) -> Result<Vec<(Uuid, Ends)>> {
    let rows = sqlx::query!(
        r#"select p.bot_id, opening.cash as "opening_cash?", opening.position_value as "opening_value?",
                  closing.cash as "closing_cash?", closing.position_value as "closing_value?"
           from positions p
           left join lateral (
               select cash, position_value from equity_points e
               where e.tenant_id = current_tenant() and e.bot_id = p.bot_id and e.at < $1 order by e.at desc limit 1
           ) opening on true
           left join lateral (
               select cash, position_value from equity_points e
               where e.tenant_id = current_tenant() and e.bot_id = p.bot_id and e.at < $2 order by e.at desc limit 1
           ) closing on true
           where p.tenant_id = current_tenant()"#,
        from.utc(),
        to.utc()
    );
    let rows = rows.fetch_all(tx.conn()).await?.into_iter();
    let ends = rows.map(|row| {
        let ends =
            Ends { opening: row.opening_cash.zip(row.opening_value), closing: row.closing_cash.zip(row.closing_value) };
        (row.bot_id, ends)
    });
    Ok(ends.collect())
}

/// Keeps others from writing positions until the transaction ends.
pub(crate) async fn hold(tx: &mut TenantTx) -> Result<()> {
    sqlx::query!("select bot_id from positions where tenant_id = current_tenant() order by bot_id, symbol for share")
        .fetch_all(tx.conn())
        .await?;
    Ok(())
}

/// The tenants that have positions.
pub(crate) async fn tenants(tx: &mut SystemTx) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!("select distinct tenant_id from positions order by 1").fetch_all(tx.conn()).await?)
}
