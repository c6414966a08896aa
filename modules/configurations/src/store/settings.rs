use kit::{Level, Result, Sealed, Time, Tx, Vault};
use serde_json::Value;
use uuid::Uuid;

/// Where secrets stand, those that hold no more as well.
pub(crate) const SEALED: &Sealed =
    &Sealed { table: "setting_versions", column: "sealed", owner: "owner_id", of: "name", place: Version::place };

/// A setting as it was set once.
pub(crate) struct Version {
    pub(crate) owner_id: Uuid,
    pub(crate) name: String,
    pub(crate) version: i32,
    pub(crate) value: Option<Value>,
    pub(crate) sealed: Option<Vec<u8>>,
    pub(crate) changed_by: Option<Uuid>,
    pub(crate) changed_at: Time,
}

impl Version {
    /// Where a setting is sealed.
    pub(crate) fn place(name: &str) -> String {
        format!("settings.{name}")
    }

    /// What was set, in the open.
    pub(crate) fn open(&self, vault: &Vault) -> Result<Option<Value>> {
        let Some(sealed) = &self.sealed else { return Ok(self.value.clone()) };
        let open = vault.open(&self.owner_id.to_string(), &Self::place(&self.name), sealed)?;
        String::from_utf8(open).map(|text| Some(text.into())).map_err(kit::Error::internal)
    }

    /// Whether something was set, or taken back.
    pub(crate) fn is_set(&self) -> bool {
        self.value.is_some() || self.sealed.is_some()
    }
}

/// The latest versions of an owner's settings, of those with these names.
pub(crate) async fn latest<K>(tx: &mut Tx<K>, owner: Uuid, names: &[&str]) -> Result<Vec<Version>> {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let latest = sqlx::query_as!(
        Version,
        r#"select v.owner_id as "owner_id!", v.name as "name!", v.version as "version!", v.value, v.sealed,
                  v.changed_by, v.changed_at as "changed_at!"
           from unnest($2::text[]) as asked (name)
           cross join lateral (
             select * from setting_versions s where s.owner_id = $1 and s.name = asked.name
             order by s.version desc limit 1) v"#,
        owner,
        &names
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(latest)
}

/// A version of an owner's setting.
pub(crate) async fn version<K>(tx: &mut Tx<K>, owner: Uuid, name: &str, version: i32) -> Result<Option<Version>> {
    let found = sqlx::query_as!(
        Version,
        r#"select owner_id as "owner_id!", name, version, value, sealed, changed_by, changed_at from setting_versions
           where owner_id = $1 and name = $2 and version = $3"#,
        owner,
        name,
        version
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(found)
}

/// The versions of an owner's setting, the last one first.
pub(crate) async fn versions<K>(
    tx: &mut Tx<K>,
    owner: Uuid,
    name: &str,
    (before, after): (Option<i32>, Option<i32>),
    limit: i64,
) -> Result<Vec<Version>> {
    let versions = sqlx::query_as!(
        Version,
        r#"select owner_id as "owner_id!", name, version, value, sealed, changed_by, changed_at from setting_versions
           where owner_id = $1 and name = $2 and ($3::int is null or version < $3) and ($4::int is null or version > $4)
           order by version desc limit $5"#,
        owner,
        name,
        before,
        after,
        limit
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(versions)
}

/// Lets whoever changes the same setting of the same owner wait until the transaction ends.
pub(crate) async fn lock<K>(tx: &mut Tx<K>, owner: Uuid, name: &str) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1, 0))", format!("setting {owner} {name}"))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// What a setting is to be.
pub(crate) struct NewVersion<'a> {
    pub(crate) level: Level,
    pub(crate) name: &'a str,
    pub(crate) version: i32,
    pub(crate) value: Option<Value>,
    pub(crate) sealed: Option<Vec<u8>>,
}

/// Adds a version, in the name of whoever the transaction is of.
pub(crate) async fn insert_version<K>(tx: &mut Tx<K>, new: NewVersion<'_>) -> Result<Version> {
    let (now, by) = (tx.now(), tx.user());
    let user = by.filter(|_| new.level == Level::User);
    let version = sqlx::query_as!(
        Version,
        r#"insert into setting_versions (user_id, name, version, value, sealed, changed_by, changed_at)
           values ($1, $2, $3, $4, $5, $6, $7)
           returning owner_id as "owner_id!", name, version, value, sealed, changed_by, changed_at"#,
        user,
        new.name,
        new.version,
        new.value,
        new.sealed,
        by,
        now.utc()
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(version)
}
