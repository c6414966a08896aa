use crate::limits::{Bounds, Currency, CurrencyLimits, Limits};
use kit::{Error, Result, SystemTx, TenantTx, Time, Tx};
use rust_decimal::Decimal;

/// Limits as they are stored.
struct Row {
    platform: bool,
    currency: String,
    max_order_notional: Option<Decimal>,
    max_position_notional: Option<Decimal>,
    max_exposure: Option<Decimal>,
    max_orders_per_minute: Option<i32>,
    max_daily_loss: Option<Decimal>,
    max_drawdown_percent: Option<Decimal>,
    price_collar: Option<Decimal>,
    updated_at: Time,
}

/// A decimal of the database's within its bounds.
fn within<T: TryFrom<Decimal>>(value: Option<Decimal>) -> Result<Option<T>>
where
    T::Error: std::error::Error + Send + Sync + 'static,
{
    value.map(T::try_from).transpose().map_err(Error::internal)
}

impl Row {
    fn limits(&self) -> Result<Limits> {
        Ok(Limits {
            max_order_notional: within(self.max_order_notional)?,
            max_position_notional: within(self.max_position_notional)?,
            max_exposure: within(self.max_exposure)?,
            max_orders_per_minute: self.max_orders_per_minute,
            max_daily_loss: within(self.max_daily_loss)?,
            max_drawdown_percent: within(self.max_drawdown_percent)?,
            price_collar: within(self.price_collar)?,
        })
    }

    fn told(self) -> Result<CurrencyLimits> {
        let (limits, updated_at) = (self.limits()?, self.updated_at);
        let currency = Currency::try_from(self.currency).map_err(Error::internal)?;
        Ok(CurrencyLimits { currency, limits, updated_at })
    }
}

/// The tenant's, if the transaction sees one, and the platform's; of one currency or of all.
async fn rows<K>(tx: &mut Tx<K>, currency: Option<&str>) -> Result<Vec<Row>> {
    let rows = sqlx::query_as!(
        Row,
        r#"select false as "platform!", currency as "currency!", max_order_notional, max_position_notional, max_exposure,
                  max_orders_per_minute, max_daily_loss, max_drawdown_percent, price_collar,
                  updated_at as "updated_at!: Time"
           from risk_limits where tenant_id = current_tenant() and ($1::text is null or currency = $1)
           union all
           select true, currency, max_order_notional, max_position_notional, max_exposure,
                  max_orders_per_minute, max_daily_loss, max_drawdown_percent, price_collar, updated_at
           from risk_platform_limits where $1::text is null or currency = $1
           order by 2"#,
        currency
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows)
}

/// What holds for a currency.
pub(crate) async fn bounds(tx: &mut TenantTx, currency: &str) -> Result<Bounds> {
    let mut bounds = Bounds::default();
    for row in rows(tx, Some(currency)).await? {
        *(if row.platform { &mut bounds.platform } else { &mut bounds.tenant }) = row.limits()?;
    }
    Ok(bounds)
}

/// What holds for every currency that has limits.
pub(crate) async fn all_bounds(tx: &mut TenantTx) -> Result<Vec<(String, Bounds)>> {
    let mut all: Vec<(String, Bounds)> = vec![];
    for row in rows(tx, None).await? {
        let limits = row.limits()?;
        if all.last().is_none_or(|(currency, _)| *currency != row.currency) {
            all.push((row.currency, Bounds::default()));
        }
        if let Some((_, bounds)) = all.last_mut() {
            *(if row.platform { &mut bounds.platform } else { &mut bounds.tenant }) = limits;
        }
    }
    Ok(all)
}

/// The limits of the transaction's tenant, else the platform's.
pub(crate) async fn list<K>(tx: &mut Tx<K>) -> Result<Vec<CurrencyLimits>> {
    let of_platform = tx.home().is_none();
    let rows = rows(tx, None).await?;
    rows.into_iter().filter(|row| row.platform == of_platform).map(Row::told).collect()
}

pub(crate) async fn find<K>(tx: &mut Tx<K>, currency: &Currency) -> Result<Option<CurrencyLimits>> {
    let of_platform = tx.home().is_none();
    let rows = rows(tx, Some(currency.as_str())).await?;
    rows.into_iter().find(|row| row.platform == of_platform).map(Row::told).transpose()
}

pub(crate) async fn set(tx: &mut TenantTx, currency: &Currency, limits: &Limits) -> Result<()> {
    let (now, decimal) = (tx.now(), Columns::of(limits));
    sqlx::query!(
        "insert into risk_limits (currency, max_order_notional, max_position_notional, max_exposure,
                                  max_orders_per_minute, max_daily_loss, max_drawdown_percent, price_collar, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (tenant_id, currency) do update
         set max_order_notional = $2, max_position_notional = $3, max_exposure = $4, max_orders_per_minute = $5,
             max_daily_loss = $6, max_drawdown_percent = $7, price_collar = $8, updated_at = $9",
        currency.as_str(),
        decimal.order,
        decimal.position,
        decimal.exposure,
        limits.max_orders_per_minute,
        decimal.loss,
        decimal.drawdown,
        decimal.collar,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn set_platform(tx: &mut SystemTx, currency: &Currency, limits: &Limits) -> Result<()> {
    let (now, decimal) = (tx.now(), Columns::of(limits));
    sqlx::query!(
        "insert into risk_platform_limits (currency, max_order_notional, max_position_notional, max_exposure,
                                           max_orders_per_minute, max_daily_loss, max_drawdown_percent, price_collar,
                                           updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (currency) do update
         set max_order_notional = $2, max_position_notional = $3, max_exposure = $4, max_orders_per_minute = $5,
             max_daily_loss = $6, max_drawdown_percent = $7, price_collar = $8, updated_at = $9",
        currency.as_str(),
        decimal.order,
        decimal.position,
        decimal.exposure,
        limits.max_orders_per_minute,
        decimal.loss,
        decimal.drawdown,
        decimal.collar,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn remove(tx: &mut TenantTx, currency: &Currency) -> Result<()> {
    let name = currency.as_str();
    sqlx::query!("delete from risk_limits where tenant_id = current_tenant() and currency = $1", name)
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(crate) async fn remove_platform(tx: &mut SystemTx, currency: &Currency) -> Result<()> {
    sqlx::query!("delete from risk_platform_limits where currency = $1", currency.as_str()).execute(tx.conn()).await?;
    Ok(())
}

/// Limits as columns.
struct Columns {
    order: Option<Decimal>,
    position: Option<Decimal>,
    exposure: Option<Decimal>,
    loss: Option<Decimal>,
    drawdown: Option<Decimal>,
    collar: Option<Decimal>,
}

impl Columns {
    fn of(limits: &Limits) -> Self {
        Self {
            order: limits.max_order_notional.map(|it| it.decimal().normalize()),
            position: limits.max_position_notional.map(|it| it.decimal().normalize()),
            exposure: limits.max_exposure.map(|it| it.decimal().normalize()),
            loss: limits.max_daily_loss.map(|it| it.decimal().normalize()),
            drawdown: limits.max_drawdown_percent.map(|it| it.decimal().normalize()),
            collar: limits.price_collar.map(|it| it.decimal().normalize()),
        }
    }
}
