use crate::service::{Market, Search, Strategy, Summary, Version, Viewer, Visibility};
use kit::{Error, OnConstraint, Paging, Result, TenantTx, Time};
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
    let (now, user) = (tx.now(), tx.user());
    sqlx::query!(
        "insert into strategies (id, name, version, owner_id, created_at, updated_at) values ($1, $2, 1, $4, $3, $3)",
        id,
        name,
        now.utc(),
        user
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

/// The strategy at this version, if it is seen; at the latest when none is named.
pub(crate) async fn get(tx: &mut TenantTx, viewer: Viewer, id: Uuid, version: Option<i32>) -> Result<Option<Strategy>> {
    let strategy = sqlx::query_as!(
        Strategy,
        r#"select s.id, v.document ->> 'name' as "name!", v.version, v.document, s.owner_id,
                  s.visibility as "visibility: Visibility", s.archived_at as "archived_at: Time", s.created_at,
                  v.created_at as updated_at
           from strategies s
           join strategy_versions v
             on v.tenant_id = s.tenant_id and v.strategy_id = s.id and v.version = coalesce($2, s.version)
           where s.tenant_id = current_tenant() and s.id = $1
             and sees_strategy($3, s.id, s.owner_id, s.visibility)"#,
        id,
        version,
        viewer.0
    );
    Ok(strategy.fetch_optional(tx.conn()).await?)
}

pub(crate) async fn delete(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    let deleted = sqlx::query!("delete from strategies where tenant_id = current_tenant() and id = $1", id);
    match deleted.execute(tx.conn()).await {
        Err(sqlx::Error::Database(refusal)) if refusal.is_foreign_key_violation() => {
            let message = "Something still works by this strategy: remove that first, or archive the strategy.";
            Err(Error::conflict("STRATEGY_IN_USE", message).with("usedBy", refusal.table().unwrap_or("others")))
        }
        other => other.map(drop).map_err(Error::from),
    }
}

const SORTS: [(&str, &str); 3] = [("name", "s.name"), ("createdAt", "s.created_at"), ("updatedAt", "s.updated_at")];

pub(crate) async fn list(
    tx: &mut TenantTx,
    viewer: Viewer,
    search: &Search,
    paging: &Paging,
) -> Result<(Vec<Summary>, i64)> {
    let order = paging.order(&SORTS, "s.updated_at desc")?;
    let mut select = QueryBuilder::<Postgres>::new(
        "select s.id, s.name, s.version, s.owner_id, s.visibility, s.archived_at, s.created_at, s.updated_at,
                v.document -> 'market' as market, count(*) over () as total
         from strategies s
         join strategy_versions v on v.tenant_id = s.tenant_id and v.strategy_id = s.id and v.version = s.version",
    );
    filter(&mut select, viewer, search);
    select.push(format_args!(" order by {order}, s.id limit ")).push_bind(paging.limit);
    select.push(" offset ").push_bind(paging.offset());
    let rows = select.build().fetch_all(tx.conn()).await?;
    let total = match rows.first() {
        Some(row) => row.try_get("total")?,
        None => count_matching(tx, viewer, search).await?,
    };
    Ok((rows.iter().map(summary).collect::<Result<_>>()?, total))
}

fn filter(select: &mut QueryBuilder<Postgres>, viewer: Viewer, search: &Search) {
    select.push(" where s.tenant_id = current_tenant() and sees_strategy(").push_bind(viewer.0);
    select.push(", s.id, s.owner_id, s.visibility) and (s.archived_at is not null) = ");
    select.push_bind(search.archived.unwrap_or(false));
    if let Some(q) = search.q.as_deref().map(str::trim).filter(|q| !q.is_empty()) {
        select.push(" and strpos(lower(s.name), lower(").push_bind(q.to_owned()).push(")) > 0");
    }
}

/// For a page beyond the end, which has no row that could tell.
async fn count_matching(tx: &mut TenantTx, viewer: Viewer, search: &Search) -> Result<i64> {
    let mut select = QueryBuilder::<Postgres>::new("select count(*) from strategies s");
    filter(&mut select, viewer, search);
    Ok(select.build_query_scalar().fetch_one(tx.conn()).await?)
}

fn summary(row: &PgRow) -> Result<Summary> {
    let market: sqlx::types::Json<Market> = row.try_get("market")?;
    Ok(Summary {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        version: row.try_get("version")?,
        market: market.0,
        owner_id: row.try_get("owner_id")?,
        visibility: row.try_get("visibility")?,
        archived_at: row.try_get("archived_at")?,
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

/// Every document that is seen, by name.
pub(crate) async fn documents(tx: &mut TenantTx, viewer: Viewer, most: i64) -> Result<Vec<Value>> {
    let documents = sqlx::query_scalar!(
        "select v.document from strategies s
         join strategy_versions v on v.tenant_id = s.tenant_id and v.strategy_id = s.id and v.version = s.version
         where s.tenant_id = current_tenant() and s.archived_at is null
           and sees_strategy($1, s.id, s.owner_id, s.visibility)
         order by s.name limit $2",
        viewer.0,
        most
    );
    Ok(documents.fetch_all(tx.conn()).await?)
}

/// The strategy of this name, whoever sees it.
pub(crate) async fn named(tx: &mut TenantTx, name: &str) -> Result<Option<Uuid>> {
    let id = sqlx::query_scalar!("select id from strategies where tenant_id = current_tenant() and name = $1", name);
    Ok(id.fetch_optional(tx.conn()).await?)
}

pub(crate) async fn archive(tx: &mut TenantTx, id: Uuid, archived: bool) -> Result<()> {
    let at = archived.then(|| tx.now().utc());
    sqlx::query!("update strategies set archived_at = $2 where tenant_id = current_tenant() and id = $1", id, at)
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(crate) async fn shares(tx: &mut TenantTx, id: Uuid) -> Result<(Vec<Uuid>, Vec<String>)> {
    let shares = sqlx::query!(
        "select user_id, role from strategy_shares
         where tenant_id = current_tenant() and strategy_id = $1 order by user_id, role",
        id
    );
    let shares = shares.fetch_all(tx.conn()).await?;
    let members = shares.iter().filter_map(|share| share.user_id).collect();
    Ok((members, shares.into_iter().filter_map(|share| share.role).collect()))
}

/// Says anew who sees the strategy.
pub(crate) async fn share(
    tx: &mut TenantTx,
    id: Uuid,
    visibility: Visibility,
    members: &[Uuid],
    roles: &[String],
) -> Result<()> {
    sqlx::query!(
        "update strategies set visibility = $2 where tenant_id = current_tenant() and id = $1",
        id,
        visibility as Visibility
    )
    .execute(tx.conn())
    .await?;
    sqlx::query!("delete from strategy_shares where tenant_id = current_tenant() and strategy_id = $1", id)
        .execute(tx.conn())
        .await?;
    sqlx::query!(
        "insert into strategy_shares (strategy_id, user_id, role)
         select $1::uuid, member, null::text from unnest($2::uuid[]) member
         union all select $1, null, role from unnest($3::text[]) role",
        id,
        members,
        roles
    )
    .execute(tx.conn())
    .await
    .on_constraint("strategy_shares_with_a_member", || {
        Error::invalid("members", "UNKNOWN_MEMBER", "Somebody among these is no member of the tenant.")
    })?;
    Ok(())
}
