//! Each wall of the database is broken in turn, and the probe must notice.

use crate::{
    catalogue::{bare, run, tables},
    probe::{OPEN, facts, fill, holes},
};
use sqlx::PgConnection;
use testkit::{PgPool, db_test};

/// Statements that break one wall each, by the table whose wall it is. What only the function opens that prunes the
/// trail, nobody else can miss.
const BREAKS: &str = "
    select tablename::text, format('alter policy %I on %I using (true)', policyname, tablename)
    from pg_policies where schemaname = 'public' and qual is not null and tablename <> all ($1)
    union all
    select tablename::text, format('alter policy %I on %I with check (true)', policyname, tablename)
    from pg_policies where schemaname = 'public' and cmd in ('ALL', 'INSERT', 'UPDATE')
    union all
    select tablename::text, format('drop policy %I on %I', policyname, tablename)
    from pg_policies where schemaname = 'public' and coalesce(qual, '') not like '%app.pruning%'
    union all
    select relname::text, format('alter table %I %s row level security', relname, how)
    from pg_class, unnest(array['disable', 'no force']) how
    where relnamespace = 'public'::regnamespace and relrowsecurity
    union all
    select c.relname::text, format('alter table %I alter column %I drop default', c.relname, a.attname)
    from pg_attrdef d
    join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum and a.attgenerated = ''
    join pg_class c on c.oid = d.adrelid and c.relrowsecurity
    where pg_get_expr(d.adbin, d.adrelid) = 'current_tenant()'";

async fn breaks(on: &mut PgConnection) -> Vec<(String, String)> {
    let breaks: Vec<(String, String)> =
        sqlx::query_as(BREAKS).bind(OPEN.map(str::to_owned).to_vec()).fetch_all(on).await.unwrap();
    assert!(breaks.len() > 200, "the catalogue knows few walls");
    breaks
}

#[db_test]
async fn nobody_reaches_anothers_rows_in_any_table(db: PgPool) {
    let mut tx = db.begin().await.unwrap();
    let tables = tables(&mut tx).await;
    bare(&mut tx, None, "").await;
    fill(&mut tx, &tables).await;
    let mut all = vec![];
    for table in &tables {
        all.extend(holes(table, &facts(&mut tx, table).await));
    }
    assert!(all.is_empty(), "{all:#?}");
}

#[db_test]
async fn a_policy_a_lock_or_a_default_that_is_taken_away_is_noticed(db: PgPool) {
    let mut tx = db.begin().await.unwrap();
    let (tables, breaks) = (tables(&mut tx).await, breaks(&mut tx).await);
    bare(&mut tx, None, "").await;
    fill(&mut tx, &tables).await;
    let mut unnoticed = vec![];
    for table in &tables {
        let before = facts(&mut tx, table).await;
        for (_, statement) in breaks.iter().filter(|(name, _)| *name == table.name) {
            run(&mut tx, &format!("savepoint whole; {statement}")).await.unwrap();
            let after = facts(&mut tx, table).await;
            run(&mut tx, "rollback to whole; release whole").await.unwrap();
            // what opens a wall is seen as a hole; what closes one, by somebody who can no longer work
            let opens = !statement.starts_with("drop policy") && !statement.ends_with("drop default");
            if before == after || (opens && holes(table, &after).is_empty()) {
                unnoticed.push(statement.clone());
            }
        }
    }
    assert!(unnoticed.is_empty(), "nobody notices: {unnoticed:#?}");
}
