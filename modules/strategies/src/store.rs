use crate::service::{Market, Strategy, Summary, Version};
use kit::{Error, OnConstraint, Paging, Result, TenantTx};
use serde_json::Value;
use sqlx::{Postgres, QueryBuilder, Row, postgres::PgRow};
use uuid::Uuid;

fn name_taken() -> Error {
    Error::conflict("STRATEGY_NAME_TAKEN", "Another strategy has this name.")
}

pub(crate) async fn count(tx: &mut TenantTx) -> Result<i64> {
    let count = sqlx::query_scalar!(r#"select count(*) as "n!" from strategies where tenant_id = current_tenant()"#);
    Ok(count.fetch_one(tx.conn()).await?)
}

pub(crate) async fn insert(tx: &mut TenantTx, id: Uuid, name: &str) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "insert into strategies (id, name, version, created_at, updated_at) values ($1, $2, 1, $3, $3)",
        id,
        name,
        now.utc()
    )
    .execute(tx.conn())
    .await
    .on_constraint("strategies_name_taken", name_taken)?;
    Ok(())
}

pub(crate) async fn insert_version(tx: &mut TenantTx, id: Uuid, version: i32, document: &Value) -> Result<()> {
    let (now, user) = (tx.now(), tx.user());
    sqlx::query!(
        "insert into strategy_versions (strategy_id, version, document, created_by, created_at)
         values ($1, $2, $3, $4, $5)",
        id,
        version,
        document,
        user,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Keeps others from changing the strategy until the transaction ends.
pub(crate) async fn lock(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    sqlx::query!("select id from strategies where tenant_id = current_tenant() and id = $1 for update", id)
        .fetch_optional(tx.conn())
        .await?;
    Ok(())
}

pub(crate) async fn update(tx: &mut TenantTx, id: Uuid, name: &str, version: i32) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "update strategies set name = $2, version = $3, updated_at = $4
         where tenant_id = current_tenant() and id = $1",
        id,
        name,
        version,
        now.utc()
    )
    .execute(tx.conn())
    .await
    .on_constraint("strategies_name_taken", name_taken)?;
    Ok(())
}

/// The strategy at this version; at the latest when none is named.
pub(crate) async fn get(tx: &mut TenantTx, id: Uuid, version: Option<i32>) -> Result<Option<Strategy>> {
    let strategy = sqlx::query_as!(
        Strategy,
        r#"select s.id, v.document ->> 'name' as "name!", v.version, v.document, s.created_at,
                  v.created_at as updated_at
           from strategies s
           join strategy_versions v
             on v.tenant_id = s.tenant_id and v.strategy_id = s.id and v.version = coalesce($2, s.version)
           where s.tenant_id = current_tenant() and s.id = $1"#,
        id,
        version
    );
    Ok(strategy.fetch_optional(tx.conn()).await?)
}

pub(crate) async fn delete(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    let deleted = sqlx::query!("delete from strategies where tenant_id = current_tenant() and id = $1", id);
    match deleted.execute(tx.conn()).await {
        Err(sqlx::Error::Database(refusal)) if refusal.is_foreign_key_violation() => {
            Err(Error::conflict("STRATEGY_IN_USE", "Something still works by this strategy; remove that first."))
        }
        other => other.map(drop).map_err(Error::from),
    }
}

const SORTS: [(&str, &str); 3] = [("name", "s.name"), ("createdAt", "s.created_at"), ("updatedAt", "s.updated_at")];

pub(crate) async fn list(tx: &mut TenantTx, q: Option<&str>, paging: &Paging) -> Result<(Vec<Summary>, i64)> {
    let order = paging.order(&SORTS, "s.updated_at desc")?;
    let mut select = QueryBuilder::<Postgres>::new(
        "select s.id, s.name, s.version, s.created_at, s.updated_at, v.document -> 'market' as market,
                count(*) over () as total
         from strategies s
         join strategy_versions v on v.tenant_id = s.tenant_id and v.strategy_id = s.id and v.version = s.version
         where s.tenant_id = current_tenant()",
    );
    if let Some(q) = q {
        select.push(" and strpos(lower(s.name), lower(").push_bind(q).push(")) > 0");
    }
    select.push(format_args!(" order by {order}, s.id limit ")).push_bind(paging.limit);
    select.push(" offset ").push_bind(paging.offset());
    let rows = select.build().fetch_all(tx.conn()).await?;
    let total = match rows.first() {
        Some(row) => row.try_get("total")?,
        None => count_matching(tx, q).await?,
    };
    Ok((rows.iter().map(summary).collect::<Result<_>>()?, total))
}

/// For a page beyond the end, which has no row that could tell.
async fn count_matching(tx: &mut TenantTx, q: Option<&str>) -> Result<i64> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "n!" from strategies
           where tenant_id = current_tenant() and ($1::text is null or strpos(lower(name), lower($1)) > 0)"#,
        q
    );
    Ok(count.fetch_one(tx.conn()).await?)
}

fn summary(row: &PgRow) -> Result<Summary> {
    let market: sqlx::types::Json<Market> = row.try_get("market")?;
    Ok(Summary {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        version: row.try_get("version")?,
        market: market.0,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}

pub(crate) async fn versions(tx: &mut TenantTx, id: Uuid, paging: &Paging) -> Result<Vec<Version>> {
    let versions = sqlx::query_as!(
        Version,
        r#"select version, document ->> 'name' as "name!", created_by, created_at
           from strategy_versions
           where tenant_id = current_tenant() and strategy_id = $1
           order by version desc limit $2 offset $3"#,
        id,
        paging.limit,
        paging.offset()
    );
    Ok(versions.fetch_all(tx.conn()).await?)
}
