//! A reference between tenants' tables carries the tenant, which alone keeps it from another tenant's row.

use crate::catalogue::{ANAS, BOBS, Table, bare, literal, run, tables};
use sqlx::{AssertSqlSafe, PgConnection};
use testkit::{PgPool, db_test};

#[derive(sqlx::FromRow)]
struct Reference {
    name: String,
    child: String,
    parent: String,
    /// The columns beside the tenant's, of the child and of the parent.
    from: Vec<String>,
    to: Vec<String>,
}

const REFERENCES: &str = "
    select f.conname::text as name, f.conrelid::regclass::text as child, f.confrelid::regclass::text as parent,
           array_agg(a.attname::text order by k.place) as from, array_agg(b.attname::text order by k.place) as to
    from pg_constraint f
    cross join lateral unnest(f.conkey, f.confkey) with ordinality k (child, parent, place)
    join pg_attribute a on a.attrelid = f.conrelid and a.attnum = k.child
    join pg_attribute b on b.attrelid = f.confrelid and b.attnum = k.parent and b.attname <> 'tenant_id'
    where f.contype = 'f' and f.coninhcount = 0
      and exists (select from pg_attribute t where t.attrelid = f.conrelid and t.attnum = any (f.conkey) and t.attname = 'tenant_id')
      and exists (select from pg_attribute t where t.attrelid = f.confrelid and t.attnum = any (f.confkey) and t.attname = 'tenant_id')
    group by f.oid order by 2, 1";

impl Reference {
    /// What Ana's row of the parent is known by.
    async fn target(&self, on: &mut PgConnection) -> Vec<(String, String)> {
        let columns: Vec<_> = self.to.iter().map(|column| format!("{column}::text")).collect();
        let question = format!(
            "select array[{}] from {} where tenant_id = {}",
            columns.join(", "),
            self.parent,
            literal(ANAS.tenant)
        );
        let values: Vec<String> = sqlx::query_scalar(AssertSqlSafe(question)).fetch_one(on).await.unwrap();
        self.from.iter().cloned().zip(values).collect()
    }
}

#[db_test]
async fn a_reference_to_another_tenants_row_is_refused_by_the_reference_alone(db: PgPool) {
    let mut tx = db.begin().await.unwrap();
    let tables = tables(&mut tx).await;
    let table = |name: &str| -> &Table { tables.iter().find(|table| table.name == name).unwrap() };
    let references: Vec<Reference> = sqlx::query_as(REFERENCES).fetch_all(&mut *tx).await.unwrap();
    assert!(references.len() > 10, "the catalogue knows few references");
    for reference in references {
        let Reference { name, child, parent, .. } = &reference;
        run(&mut tx, "savepoint whole").await.unwrap();
        bare(&mut tx, None, name).await;
        // row level security is no help here: it lets this role through
        run(&mut tx, "set local role botcriptofy_system").await.unwrap();
        run(&mut tx, &table(parent).insert(Some(ANAS), &[])).await.unwrap();
        let target = reference.target(&mut tx).await;
        let stolen = table(child).insert(Some(BOBS), &target);
        let own = table(child).insert(Some(ANAS), &target);
        let tried = |statement: &str| format!("savepoint deed; {statement}; rollback to deed");
        assert_eq!(run(&mut tx, &tried(&stolen)).await, Err("23503".to_owned()), "{child}.{name}");
        run(&mut tx, "rollback to deed").await.unwrap();
        let kept = run(&mut tx, &tried(&own)).await;
        assert!(kept == Ok(1), "{child}.{name} refuses a tenant its own: {kept:?}");
        let broken = format!(
            "set local role none; alter table {child} drop constraint {name}; set local role botcriptofy_system"
        );
        run(&mut tx, &broken).await.unwrap();
        assert_eq!(run(&mut tx, &stolen).await, Ok(1), "{child}.{name}: something else refuses it");
        run(&mut tx, "rollback to whole").await.unwrap();
    }
}
