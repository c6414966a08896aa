//! What slows down whoever guesses passwords.
//!
//! Wrong passwords are counted for each address that somebody tries, whether it is anybody's or not, and for each
//! network they come from. Where there are too many, not even the right password is looked at for a while. All
//! networks that the user has never signed in from count together as well, to a higher limit: a stranger with many
//! networks is stopped, and the owner still gets in from where they are known.

use super::links::address;
use crate::{Mail, error, form::Form, jobs::SendMail, mail::Language, network, store, token};
use audit::Change;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use chrono::TimeDelta;
use garde::Validate;
use kit::{JobContext, Result, SystemTx, User, enqueue_job};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use users::Email;
use uuid::Uuid;

/// How many wrong passwords from one network lock an account there.
const FROM_ONE_NETWORK: i32 = 5;
/// How many from all unknown networks together lock it for all of them.
const FROM_UNKNOWN_NETWORKS: i32 = 20;
/// Stands for all unknown networks.
const UNKNOWN_NETWORKS: &str = "*";
/// How long the first lock holds; each further failure doubles it.
const FIRST_LOCK: TimeDelta = TimeDelta::minutes(1);
const LONGEST_LOCK: TimeDelta = TimeDelta::hours(1);
/// After how long nothing is left of a count, which halves each hour.
const STALE: TimeDelta = TimeDelta::hours(12);
/// How long the link holds that lifts a lock.
const LINK_AGE: TimeDelta = TimeDelta::days(1);

/// An attempt to prove a password.
pub(crate) struct Attempt {
    email: Email,
    user: Option<Uuid>,
    account: [u8; 32],
    /// Where it counts: in its own network, and among the unknown ones if it is one.
    networks: Vec<String>,
}

impl Attempt {
    /// An attempt from where the transaction's wish came.
    ///
    /// # Errors
    /// 429 `ACCOUNT_TEMPORARILY_LOCKED`, the same whether the address is anybody's or not.
    pub(crate) async fn begin(tx: &mut SystemTx, email: &Email, user: Option<Uuid>) -> Result<Self> {
        let ip = tx.actor().origin.ip;
        let neighbourhood = token::hash(&network::neighbourhood(ip));
        let known = store::knows_network(tx, user.unwrap_or_default(), &neighbourhood).await?;
        let unknown = (!known).then(|| UNKNOWN_NETWORKS.to_owned());
        let networks = unknown.into_iter().chain([network::own(ip)]).collect();
        let attempt = Self { email: email.clone(), user, account: account(email.as_str()), networks };
        attempt.refuse_locked(tx).await?;
        Ok(attempt)
    }

    /// Notes how it ended. Many may be under way at once: whoever ends after a lock has begun learns nothing.
    ///
    /// # Errors
    /// 429 `ACCOUNT_TEMPORARILY_LOCKED`.
    pub(crate) async fn end(&self, tx: &mut SystemTx, right: bool) -> Result<()> {
        if right { self.succeed(tx).await } else { self.fail(tx).await }
    }

    async fn succeed(&self, tx: &mut SystemTx) -> Result<()> {
        self.refuse_locked(tx).await?;
        // in the order in which failures are counted, so that nobody waits in a circle
        for network in &self.networks {
            store::forget_failures(tx, &self.account, network).await?;
        }
        Ok(())
    }

    async fn fail(&self, tx: &mut SystemTx) -> Result<()> {
        for network in &self.networks {
            let Some(failures) = store::count_failure(tx, &self.account, network).await? else {
                return self.refuse_locked(tx).await;
            };
            self.lock_after(tx, network, failures).await?;
        }
        store::forget_stale_failures(tx, tx.now() - STALE).await
    }

    async fn refuse_locked(&self, tx: &mut SystemTx) -> Result<()> {
        match store::locked_until(tx, &self.account, &self.networks).await? {
            Some(until) => Err(error::account_locked(until - tx.now())),
            None => Ok(()),
        }
    }

    /// Locks the account for a network when there have been too many failures. The owner is told of the first lock:
    /// its link lifts the later ones too. Whether there is an owner is looked up when the mail is written.
    async fn lock_after(&self, tx: &mut SystemTx, network: &str, failures: i32) -> Result<()> {
        let most = if network == UNKNOWN_NETWORKS { FROM_UNKNOWN_NETWORKS } else { FROM_ONE_NETWORK };
        let Some(lock) = lock_after(failures, most) else { return Ok(()) };
        let until = tx.now() + lock;
        store::lock_account(tx, &self.account, network, until).await?;
        if failures == most {
            enqueue_job(tx, &SendMail::AccountLocked { email: self.email.clone() }).await?;
        }
        let who = self.user.map_or_else(|| BASE64.encode(self.account), |user| user.to_string());
        let state = json!({ "network": network, "failures": failures, "until": until });
        audit::record(tx, Change::new("sign-in", who, "sign-in.locked").after(state)).await
    }
}

/// How long an account is locked after so many failures, where so many are too many.
fn lock_after(failures: i32, most: i32) -> Option<TimeDelta> {
    let doublings = u32::try_from(failures - most).ok()?;
    Some(FIRST_LOCK.checked_mul(1 << doublings.min(6)).map_or(LONGEST_LOCK, |lock| lock.min(LONGEST_LOCK)))
}

fn account(email: &str) -> [u8; 32] {
    Sha256::digest(email).into()
}

/// The link that lifts a user's locks.
#[derive(Deserialize, JsonSchema, Validate)]
pub(crate) struct UnlockAccount {
    #[garde(length(max = 200))]
    token: String,
    /// Where to go on; without it the answer says what has happened.
    #[serde(rename = "callbackURL")]
    #[garde(length(max = 2048))]
    pub(crate) callback_url: Option<String>,
}

impl Form for UnlockAccount {}

/// The mail with the link that lifts the lock, if the address is a user's.
pub(crate) async fn write_locked(context: &JobContext, email: &Email) -> Result<Option<Mail>> {
    let (app, mut tx) = (context.app(), context.system().await?);
    let Some(user) = users::find_by_email(&mut tx, email).await? else { return Ok(None) };
    let token = app.ids().token(token::LENGTH);
    let until = tx.now() + LINK_AGE;
    store::insert_unlock_link(&mut tx, user.id, &token::hash(&token), until).await?;
    tx.commit().await?;
    let link = address(app, "unlock-account", &[("token", &token), ("callbackURL", "/")]);
    let words = Language::of(&user.locale).words(
        [
            "Sign-in to your account was locked",
            "Somebody gave a wrong password for your account too often, so signing in was stopped for a while where \
             they did. If it was you, this link lets you try again at once:",
            "The link holds for one day. If it was not you, you need not do anything: your password was not found out.",
        ],
        [
            "A entrada na sua conta foi bloqueada",
            "Alguém errou a senha da sua conta vezes demais, e por isso a entrada foi suspensa por um tempo no lugar de \
             onde vinham as tentativas. Se foi você, este link permite tentar de novo imediatamente:",
            "O link vale por um dia. Se não foi você, não é preciso fazer nada: sua senha não foi descoberta.",
        ],
    );
    Ok(Some(Mail::with_link(email.as_str(), &words, &link)))
}

/// Lifts the locks of the user whom the link was mailed to.
///
/// # Errors
/// 401 `INVALID_TOKEN` for a link that was used, has ended or never was.
pub(crate) async fn unlock_by_link(mut tx: SystemTx, form: &UnlockAccount) -> Result<()> {
    let user = store::take_unlock_link(&mut tx, &token::hash(&form.token)).await?;
    let user = users::find(&mut tx, user.ok_or_else(error::invalid_token)?).await?.ok_or_else(error::invalid_token)?;
    store::forget_account(&mut tx, &account(&user.email)).await?;
    let home = store::home(&mut tx, user.id).await?;
    super::commit_for(tx, user.id, home, Change::new("user", user.id, "user.unlocked")).await
}

/// Lifts the locks of whoever has shown that the address is theirs.
pub(crate) async fn forgive(tx: &mut SystemTx, email: &str) -> Result<()> {
    store::forget_account(tx, &account(email)).await
}

/// Lifts every lock of a user, also that of their second factor; whoever asks records it.
pub async fn unlock(tx: &mut SystemTx, user: &User) -> Result<()> {
    store::forget_account(tx, &account(&user.email)).await?;
    store::forget_wrong_answers(tx, user.id).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_doubles_with_each_failure_up_to_an_hour() {
        let minutes = |failures| lock_after(failures, 5).map(|lock| lock.num_minutes());
        assert_eq!([1, 4].map(minutes), [None, None]);
        let locks = [5, 6, 7, 8, 9, 10, 11, 12, i32::MAX].map(minutes);
        assert_eq!(locks, [1, 2, 4, 8, 16, 32, 60, 60, 60].map(Some));
    }
}
