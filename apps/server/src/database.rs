//! Where the database is: the one of `DATABASE_URL`, else a private PostgreSQL.

use crate::config::Settings;
use private_postgres::{Options, PrivatePostgres};
use sqlx::postgres::PgConnectOptions;
use std::str::FromStr;

/// A database that can be connected to. Hold it as long as it is used.
pub struct Database {
    /// How to connect as its owner.
    pub options: PgConnectOptions,
    private: Option<PrivatePostgres>,
}

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The address is not one.
    #[error("DATABASE_URL is not the address of a PostgreSQL: {0}")]
    Address(sqlx::Error),
    /// The private one does not start.
    #[error(transparent)]
    Private(#[from] private_postgres::Error),
}

impl Database {
    /// The database of these settings; starts the private one where there is no other.
    ///
    /// # Errors
    /// When the address is wrong or the private one does not start.
    pub async fn open(settings: &Settings) -> Result<Self, DatabaseError> {
        match &settings.database_url {
            Some(url) => Self::at(url.expose()),
            None => {
                let private = PrivatePostgres::start(Options::new(&settings.data_dir)).await?;
                let options = address(&private.connection().url())?;
                Ok(Self { options, private: Some(private) })
            }
        }
    }

    /// The same for a command that works beside a server: one that runs already is used as it is.
    ///
    /// # Errors
    /// As [`Database::open`].
    pub async fn beside(settings: &Settings) -> Result<Self, DatabaseError> {
        if settings.database_url.is_none()
            && let Some(running) = private_postgres::running(Options::new(&settings.data_dir)).await?
        {
            return Self::at(&running.url());
        }
        Self::open(settings).await
    }

    fn at(url: &str) -> Result<Self, DatabaseError> {
        Ok(Self { options: address(url)?, private: None })
    }

    /// Completes when the private database has ended by itself; never for another.
    pub async fn ended(&self) {
        match &self.private {
            Some(private) => private.exited().await,
            None => std::future::pending().await,
        }
    }

    /// Ends the private database cleanly.
    ///
    /// # Errors
    /// When it has to be killed.
    pub async fn close(self) -> Result<(), DatabaseError> {
        match self.private {
            Some(private) => Ok(private.stop().await?),
            None => Ok(()),
        }
    }
}

fn address(url: &str) -> Result<PgConnectOptions, DatabaseError> {
    let options = PgConnectOptions::from_str(url).map_err(DatabaseError::Address)?;
    Ok(options.application_name("botcriptofy"))
}
