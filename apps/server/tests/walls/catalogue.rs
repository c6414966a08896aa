//! What the database says of its tables, and rows for any of them.

use sqlx::{AssertSqlSafe, PgConnection};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A table under row level security.
pub(crate) struct Table {
    pub(crate) name: String,
    /// The column that says whose tenant's a row is.
    pub(crate) tenant: Option<String>,
    /// The column that says whose user's a row is.
    pub(crate) user: Option<String>,
    /// Whether a row may be no tenant's.
    pub(crate) shared: bool,
    columns: Vec<Column>,
}

#[derive(sqlx::FromRow)]
struct Column {
    table: String,
    name: String,
    kind: String,
    is_enum: bool,
    /// Whether a row is refused that does not say it.
    needed: bool,
    nullable: bool,
    tenants: bool,
    users: bool,
}

/// Whose a row is.
#[derive(Clone, Copy)]
pub(crate) struct Whose {
    pub(crate) tenant: Option<Uuid>,
    pub(crate) user: Uuid,
}

pub(crate) const ANAS: Whose = Whose { tenant: Some(Uuid::from_u128(0xa)), user: Uuid::from_u128(0xaa) };
pub(crate) const BOBS: Whose = Whose { tenant: Some(Uuid::from_u128(0xb)), user: Uuid::from_u128(0xbb) };

const COLUMNS: &str = r"
    with owner as (
        select tablename,
               max(substring(coalesce(qual, with_check) from '^\(+(?:NOT \()?(\w+) (?:=|IS DISTINCT FROM) current_tenant')) as tenant,
               max(substring(coalesce(qual, with_check) from '^\(+(?:NOT \()?(\w+) (?:=|IS DISTINCT FROM) current_user_id')) as person
        from pg_policies group by tablename)
    select c.relname::text as table, a.attname::text as name, t.typname::text as kind, t.typtype = 'e' as is_enum,
           a.attnotnull and not a.atthasdef as needed, not a.attnotnull as nullable,
           coalesce(a.attname = o.tenant, false) as tenants, coalesce(a.attname = o.person, false) as users
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attidentity = ''
    join pg_type t on t.oid = a.atttypid
    left join owner o on o.tablename = c.relname
    where c.relnamespace = 'public'::regnamespace and c.relrowsecurity and not c.relispartition
    order by c.relname, a.attnum";

/// Every table under row level security.
pub(crate) async fn tables(on: &mut PgConnection) -> Vec<Table> {
    let columns: Vec<Column> = sqlx::query_as(COLUMNS).fetch_all(on).await.unwrap();
    let mut tables: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for column in columns {
        tables.entry(column.table.clone()).or_default().push(column);
    }
    assert!(tables.len() > 30, "the catalogue knows few tables");
    tables.into_iter().map(|(name, columns)| Table::new(name, columns)).collect()
}

impl Table {
    fn new(name: String, columns: Vec<Column>) -> Self {
        let named = |which: fn(&Column) -> bool| columns.iter().find(|it| which(it)).map(|it| it.name.clone());
        let (tenant, user) = (named(|it| it.tenants), named(|it| it.users));
        let shared = columns.iter().any(|it| it.tenants && it.nullable);
        Self { name, tenant, user, shared, columns }
    }

    /// A statement that adds a row of somebody's, with these values and otherwise what it cannot do without.
    pub(crate) fn insert(&self, whose: Option<Whose>, values: &[(String, String)]) -> String {
        let said = self.columns.iter().filter_map(|column| {
            let given = values.iter().find(|(name, _)| *name == column.name).map(|(_, value)| literal(Some(value)));
            let owner = whose.and_then(|whose| column.owner(whose));
            Some((column.name.as_str(), given.or(owner).or_else(|| column.filler())?))
        });
        let (names, values): (Vec<_>, Vec<_>) = said.unzip();
        format!("insert into {} ({}) values ({})", self.name, names.join(", "), values.join(", "))
    }

    /// What is true of the rows of somebody's.
    pub(crate) fn condition(&self, whose: Whose) -> String {
        match (&self.tenant, &self.user, whose.tenant) {
            (Some(column), _, Some(tenant)) => format!("{column} = '{tenant}'"),
            (Some(column), _, None) => format!("{column} is null"),
            (None, Some(column), _) => format!("{column} = '{}'", whose.user),
            (None, None, _) => "true".to_owned(),
        }
    }

    /// A statement that changes nothing about the rows for which the condition is true.
    pub(crate) fn touch(&self, condition: &str) -> String {
        let column = &self.columns[0].name;
        format!("update {} set {column} = {column} where {condition}", self.name)
    }
}

impl Column {
    fn owner(&self, whose: Whose) -> Option<String> {
        match (self.tenants, self.users) {
            (true, _) => Some(literal(whose.tenant)),
            (_, true) if whose.user.is_nil() && self.nullable => None,
            (_, true) => Some(literal(Some(whose.user))),
            _ => None,
        }
    }

    /// Something of the column's type, where it must be said.
    fn filler(&self) -> Option<String> {
        if !self.needed {
            return None;
        }
        Some(match self.kind.as_str() {
            "uuid" => "gen_random_uuid()".to_owned(),
            "text" | "varchar" => "md5(random()::text)".to_owned(),
            "timestamptz" | "date" => "now()".to_owned(),
            "bool" => "false".to_owned(),
            "int2" | "int4" | "int8" | "numeric" | "float8" => "floor(random() * 10000)".to_owned(),
            "jsonb" | "json" => "'{}'".to_owned(),
            "bytea" => "md5(random()::text)::bytea".to_owned(),
            "inet" => "'127.0.0.1'".to_owned(),
            kind if kind.starts_with('_') => "'{}'".to_owned(),
            kind if self.is_enum => format!("enum_first(null::{kind})"),
            kind => panic!("say what a `{kind}` may be, as {}.{} is", self.table, self.name),
        })
    }
}

pub(crate) fn literal(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "null".to_owned(), |value| format!("'{}'", value.to_string().replace('\'', "''")))
}

/// Takes away what refuses made-up rows, of one table or of all (all but this reference), so that only the walls are
/// left to refuse them.
pub(crate) async fn bare(on: &mut PgConnection, table: Option<&str>, but: &str) {
    let table = literal(table);
    let statement = format!(
        "do $$
         declare it record;
         begin
             for it in select conrelid::regclass::text as home, conname from pg_constraint
                       where connamespace = 'public'::regnamespace and contype in ('c', 'f') and coninhcount = 0
                         and conrelid <> 0 and conname <> '{but}'
                         and conrelid::regclass::text = coalesce({table}, conrelid::regclass::text) loop
                 execute format('alter table %s drop constraint if exists %I', it.home, it.conname);
             end loop;
             for it in select c.oid::regclass::text as home from pg_class c
                       where relnamespace = 'public'::regnamespace and relrowsecurity
                         and relname = coalesce({table}, relname) loop
                 execute format('alter table %s disable trigger user', it.home);
             end loop;
         end
         $$"
    );
    run(on, &statement).await.unwrap();
}

/// How many rows the statements touched, or the code of the refusal.
pub(crate) async fn run(on: &mut PgConnection, statements: &str) -> Result<u64, String> {
    let done = sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(on).await;
    done.map(|done| done.rows_affected()).map_err(|error| {
        let code = error.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
        code.unwrap_or_else(|| error.to_string())
    })
}
