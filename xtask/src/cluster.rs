use crate::Outcome;
use private_postgres::PrivatePostgres;
use sqlx::{AssertSqlSafe, ConnectOptions, postgres::PgConnectOptions};
use std::str::FromStr;
use tokio::runtime::Runtime;

/// A PostgreSQL that lives as long as this value.
pub struct Cluster {
    postgres: PrivatePostgres,
    runtime: Runtime,
}

impl Cluster {
    /// Starts one that flushes nothing to disk.
    pub fn start() -> Result<Self, String> {
        let runtime = Runtime::new().map_err(|error| error.to_string())?;
        let postgres = runtime.block_on(PrivatePostgres::temporary()).map_err(|error| error.to_string())?;
        Ok(Self { postgres, runtime })
    }

    /// Where a database of it is reached by its owner.
    pub fn url(&self, database: &str) -> String {
        self.postgres.connection().with_database(database).url()
    }

    /// Where its own database is reached.
    pub fn own_url(&self) -> String {
        self.postgres.connection().url()
    }

    /// Makes a database with all migrations.
    pub fn migrated(&self, database: &str) -> Result<String, String> {
        let url = self.url(database);
        self.runtime.block_on(async {
            let own = PgConnectOptions::from_str(&self.own_url()).map_err(|error| error.to_string())?;
            let mut connection = own.connect().await.map_err(|error| error.to_string())?;
            let create = AssertSqlSafe(format!("create database {database}"));
            sqlx::raw_sql(create).execute(&mut connection).await.map_err(|error| error.to_string())?;
            let options = PgConnectOptions::from_str(&url).map_err(|error| error.to_string())?;
            schema::migrate(&options).await.map_err(|error| error.to_string())
        })?;
        Ok(url)
    }
}

/// Keeps one for development until it is interrupted.
pub fn keep() -> Outcome {
    let cluster = Cluster::start()?;
    println!("export SQLX_OFFLINE=false DATABASE_URL='{}'", cluster.migrated("dev")?);
    cluster.runtime.block_on(tokio::signal::ctrl_c()).map_err(|error| error.to_string())
}
