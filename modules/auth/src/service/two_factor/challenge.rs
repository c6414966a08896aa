//! The question for a second factor: a cookie carries it, and what it is about stands in the database.

use super::trust;
use crate::{
    cookie::Cookies,
    error,
    guard::Visitor,
    service::{Entry, Factor},
    store::{self, Challenge},
    token,
};
use audit::Change;
use axum::http::HeaderValue;
use chrono::TimeDelta;
use kit::{Error, Result, SystemTx, User};
use serde_json::json;

const COOKIE: &str = "two_factor";
const AGE: TimeDelta = TimeDelta::minutes(10);
/// How many wrong answers end a challenge.
const MOST_FAILURES: i32 = 5;

/// Asks for a second factor, and ends the transaction.
pub(crate) async fn ask(
    visitor: &Visitor,
    mut tx: SystemTx,
    user: &User,
    by: &Factor,
    remembered: bool,
) -> Result<Entry> {
    let id = visitor.app.ids().token(token::LENGTH);
    let first_factor = by.name().into_owned();
    let change = Change::new("user", user.id, "two-factor.asked").after(json!({ "by": first_factor }));
    let challenge = Challenge { user_id: user.id, first_factor, remembered, failures: 0 };
    let until = tx.now() + AGE;
    store::insert_challenge(&mut tx, &token::hash(&id), &challenge, &agent(visitor), until).await?;
    let home = store::home(&mut tx, user.id).await?;
    crate::service::commit_for(tx, user.id, home, change).await?;
    let cookie = Cookies::of(&visitor.app)?.signed(COOKIE, &id, Some(AGE));
    Ok(Entry::Challenge(trust::stale(visitor)?.into_iter().chain(cookie).collect(), vec!["totp"]))
}

/// A challenge that is being answered by the browser it was given to.
pub(super) struct Asked {
    hash: [u8; 32],
    pub(super) challenge: Challenge,
}

impl Asked {
    /// The one of the visitor's cookie, which nobody else answers until the transaction ends.
    ///
    /// # Errors
    /// 401 `INVALID_TWO_FACTOR_COOKIE` when there is none, or it has ended, or was given to another browser.
    pub(super) async fn of(visitor: &Visitor, tx: &mut SystemTx) -> Result<Self> {
        let id = visitor.cookie(COOKIE).ok_or_else(error::invalid_two_factor_cookie)?;
        let hash = token::hash(&id);
        let challenge = store::lock_challenge(tx, &hash, &agent(visitor)).await?;
        Ok(Self { hash, challenge: challenge.ok_or_else(error::invalid_two_factor_cookie)? })
    }

    /// # Errors
    /// 400 `TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE` when it has been answered wrongly too often.
    pub(super) fn refuse_spent(&self) -> Result<(), Error> {
        if self.challenge.failures >= MOST_FAILURES { Err(error::too_many_attempts()) } else { Ok(()) }
    }

    pub(super) async fn fail(&self, tx: &mut SystemTx) -> Result<()> {
        store::fail_challenge(tx, &self.hash).await
    }

    /// Ends it: what takes the cookie away.
    pub(super) async fn end(&self, visitor: &Visitor, tx: &mut SystemTx) -> Result<Option<HeaderValue>> {
        store::remove_challenge(tx, &self.hash).await?;
        Ok(Cookies::of(&visitor.app)?.expire(COOKIE))
    }
}

fn agent(visitor: &Visitor) -> [u8; 32] {
    token::hash(visitor.request.origin.user_agent.as_deref().unwrap_or_default())
}
