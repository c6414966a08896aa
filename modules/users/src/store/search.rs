use super::by_ids;
use crate::search::{Condition, Search, Values};
use kit::{Result, SystemTx, User};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

pub(crate) async fn search(tx: &mut SystemTx, search: &Search) -> Result<Vec<User>> {
    let mut query = QueryBuilder::new("select id from users");
    push_conditions(&mut query, &search.conditions);
    let direction = if search.descending { " desc" } else { " asc" };
    query.push(" order by ").push(search.sort.column()).push(direction).push(", id").push(direction);
    query.push(" limit ").push_bind(search.limit).push(" offset ").push_bind(search.offset);
    let ids: Vec<Uuid> = query.build_query_scalar().fetch_all(tx.conn()).await?;
    by_ids(tx, &ids).await
}

pub(crate) async fn count(tx: &mut SystemTx, search: &Search) -> Result<i64> {
    let mut query = QueryBuilder::new("select count(*) from users");
    push_conditions(&mut query, &search.conditions);
    Ok(query.build_query_scalar().fetch_one(tx.conn()).await?)
}

/// Only names that this module knows become part of the statement; values are bound.
fn push_conditions(query: &mut QueryBuilder<Postgres>, conditions: &[Condition]) {
    for (index, Condition { field, operator, values }) in conditions.iter().enumerate() {
        query.push(if index == 0 { " where (" } else { " and (" });
        query.push(field.column()).push(" ").push(operator.sign()).push(" any(");
        match values {
            Values::Texts(texts) => query.push_bind(texts.clone()),
            Values::Flags(flags) => query.push_bind(flags.clone()),
            Values::Times(times) => query.push_bind(times.iter().map(|time| time.utc()).collect::<Vec<_>>()),
            Values::Ids(ids) => query.push_bind(ids.clone()),
        };
        query.push(if operator.negates() { ")) is not true" } else { "))" });
    }
}
