use crate::{
    App, Origin, Reason, Result, SystemTx,
    vault::{ID, KeyId},
};
use sqlx::AssertSqlSafe;
use tracing::warn;

/// A column that holds what a vault has sealed. A module declares each of its own.
#[derive(Debug)]
pub struct Sealed {
    pub table: &'static str,
    pub column: &'static str,
    /// For whom it is sealed: an expression of the row.
    pub owner: &'static str,
    /// What tells the row's place from others': an expression of the row.
    pub of: &'static str,
    /// The place for the vault, by that.
    pub place: fn(&str) -> String,
}

/// How many values of a column a key has sealed.
#[derive(Debug, PartialEq, Eq)]
pub struct Share {
    pub key: KeyId,
    pub values: i64,
}

impl Sealed {
    /// Which keys have sealed how much of it.
    pub async fn shares(&self, tx: &mut SystemTx) -> Result<Vec<Share>> {
        let Self { table, column, .. } = self;
        let statement = format!(
            "select substring({column} from 2 for {ID}), count(*) from {table} where {column} is not null
             group by 1 order by 1"
        );
        let shares: Vec<(Vec<u8>, i64)> = sqlx::query_as(AssertSqlSafe(statement)).fetch_all(tx.conn()).await?;
        Ok(shares.into_iter().map(|(key, values)| Share { key: KeyId::of(&key), values }).collect())
    }
}

/// Seals anew what older keys have sealed in a column.
pub struct Resealing<'a> {
    app: &'a App,
    sealed: &'static Sealed,
    most: i64,
    /// What could not be sealed anew.
    skipped: Vec<Vec<u8>>,
}

/// A value as it stands, for whom it was sealed, and what tells its place.
type Row = (Vec<u8>, String, String);

impl<'a> Resealing<'a> {
    /// Prepares it; a batch holds so many values at most.
    pub fn new(app: &'a App, sealed: &'static Sealed, most: i64) -> Self {
        Self { app, sealed, most, skipped: vec![] }
    }

    /// Seals a batch anew, in a transaction of its own, and answers how many values it had; none when all is done.
    /// What does not open is left as it is.
    pub async fn batch(&mut self) -> Result<Option<usize>> {
        let mut tx = self.app.db().system(Reason::Keys, Origin::internal("key-rotation")).await?;
        let rows = self.rows(&mut tx).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let values = rows.len();
        let (mut old, mut new) = (vec![], vec![]);
        for row in rows {
            match self.again(&row) {
                Ok(again) => {
                    old.push(row.0);
                    new.push(again);
                }
                Err(failure) => {
                    warn!(table = self.sealed.table, column = self.sealed.column, "{failure}");
                    self.skipped.push(row.0);
                }
            }
        }
        self.exchange(&mut tx, &old, &new).await?;
        tx.commit().await?;
        Ok(Some(values))
    }

    /// Values that an older key of the vault has sealed, without a lock.
    async fn rows(&self, tx: &mut SystemTx) -> Result<Vec<Row>> {
        let Sealed { table, column, owner, of, .. } = self.sealed;
        let older: Vec<Vec<u8>> = self.app.vault().keys().skip(1).map(|key| key.bytes().to_vec()).collect();
        let statement = format!(
            "select {column}, ({owner})::text, ({of})::text from {table}
             where substring({column} from 2 for {ID}) = any ($1) and {column} <> all ($2) limit $3"
        );
        let rows = sqlx::query_as(AssertSqlSafe(statement)).bind(older).bind(&self.skipped).bind(self.most);
        Ok(rows.fetch_all(tx.conn()).await?)
    }

    fn again(&self, (old, owner, of): &Row) -> Result<Vec<u8>> {
        let (vault, place) = (self.app.vault(), (self.sealed.place)(of));
        vault.seal(self.app.ids(), owner, &place, &vault.open(owner, &place, old)?)
    }

    /// No two sealed values are alike, so that a value is found by itself, and one that was changed meanwhile is not.
    async fn exchange(&self, tx: &mut SystemTx, old: &[Vec<u8>], new: &[Vec<u8>]) -> Result<()> {
        let Sealed { table, column, .. } = self.sealed;
        let statement = format!(
            "update {table} set {column} = again.new from unnest($1::bytea[], $2::bytea[]) as again (old, new)
             where {table}.{column} = again.old"
        );
        sqlx::query(AssertSqlSafe(statement)).bind(old).bind(new).execute(tx.conn()).await?;
        Ok(())
    }
}
