//! Fills `kit::Limiter`: keeps the rate limits in Redis, so that all processes count together.

use futures::{FutureExt, future::BoxFuture};
use kit::{Charge, Error, LimitState, Limiter, Result, Subject, Time, Verdict};
use redis::{
    Client, RedisResult, Script,
    aio::{ConnectionManager, ConnectionManagerConfig},
    cmd,
};
use std::{collections::HashMap, time::Duration};

/// The limits of all processes that share a Redis. A subject is one hash, so each call touches one key.
pub struct RedisLimiter {
    connection: ConnectionManager,
    charge: Script,
    patience: Duration,
}

/// Why a URL leads to no Redis.
pub use redis::RedisError as Unusable;

/// How long it may take to connect, which requests do not wait for.
const CONNECTING: Duration = Duration::from_secs(5);

impl RedisLimiter {
    /// The limits in the Redis at this URL, which is connected to when it is first needed. A call fails that takes
    /// longer than `patience`, since a request waits for it.
    ///
    /// # Errors
    /// When the URL is none of Redis.
    pub fn at(url: &str, patience: Duration) -> Result<Self, Unusable> {
        // whoever has chosen a provider for the process already keeps it
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECTING))
            .set_response_timeout(Some(patience))
            .set_max_delay(Duration::from_millis(500));
        let connection = ConnectionManager::new_lazy_with_config(Client::open(url)?, config)?;
        Ok(Self { connection, charge: Script::new(include_str!("charge.lua")), patience })
    }

    /// What Redis answers, if it does in time.
    async fn in_time<T>(&self, answer: impl Future<Output = RedisResult<T>>) -> Result<T> {
        match tokio::time::timeout(self.patience, answer).await {
            Ok(answer) => answer.map_err(away),
            Err(late) => Err(away(late)),
        }
    }
}

fn away(cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::unavailable("LIMITS_UNAVAILABLE", "Redis does not answer.", 1).source(cause)
}

fn key(subject: Subject) -> String {
    format!("botcriptofy:limits:{subject}")
}

impl Limiter for RedisLimiter {
    fn charge<'a>(&'a self, charge: &'a Charge, now: Time) -> BoxFuture<'a, Result<Verdict>> {
        let mut call = self.charge.prepare_invoke();
        call.key(key(charge.subject)).arg(charge.bucket).arg(charge.limit).arg(now.millis() * 1000);
        async move {
            let mut connection = self.connection.clone();
            let (admitted, limit, remaining, reset, retry): (i64, i64, i64, i64, i64) =
                self.in_time(call.invoke_async(&mut connection)).await?;
            Ok(Verdict { admitted: admitted == 1, limit, remaining, reset, retry })
        }
        .boxed()
    }

    fn states(&self, subject: Subject) -> BoxFuture<'_, Result<Vec<(String, LimitState)>>> {
        async move {
            let mut connection = self.connection.clone();
            let known: HashMap<String, String> =
                self.in_time(cmd("HGETALL").arg(key(subject)).query_async(&mut connection)).await?;
            known.into_iter().map(|(bucket, state)| Ok((bucket, state.parse().map_err(Error::internal)?))).collect()
        }
        .boxed()
    }

    fn forget(&self, subject: Subject) -> BoxFuture<'_, Result<()>> {
        async move {
            let mut connection = self.connection.clone();
            self.in_time(cmd("DEL").arg(key(subject)).query_async(&mut connection)).await
        }
        .boxed()
    }
}
