//! The rules, by verb.

mod account;
mod administration;
mod confirm;
mod enter;
mod links;
mod lockout;
mod magic_link;
mod notices;
mod sessions;
mod sign_in;
mod sign_up;
pub(crate) mod two_factor;
mod verification;

pub use administration::{
    close_impersonations_of, close_session, close_sessions_of, find_session, home_of, impersonate, sessions_of,
    set_password, stop_impersonating,
};
pub use enter::{Entered, Entry, Factor, enter};
pub use lockout::unlock;
pub use sessions::{OpenSession, choose_tenant, open_session};
pub use sign_up::{NewAccount, SignedUp, hash_new_password, sign_up};
pub use verification::promise_verification;

pub(crate) use account::*;
pub(crate) use confirm::confirm_password;
pub(crate) use links::{Link, Purpose, address, consume, issue, whole, with_pair};
pub(crate) use lockout::{UnlockAccount, forgive, unlock_by_link, write_locked};
pub(crate) use magic_link::{AskMagicLink, OpenMagicLink, ask_magic_link, open_magic_link, write_magic_link};
pub(crate) use notices::{Event, Notice, notify, write_notice};
pub(crate) use sessions::{
    Found, Live, close, find, list, refresh, replace_session, revoke, revoke_all, revoke_others,
};
pub(crate) use sign_in::{SignIn, sign_in};
pub(crate) use sign_up::{SignUp, register};
pub(crate) use verification::{AskVerification, VerifyEmail, ask_verification, verify, write_verification};

use audit::Change;
use kit::{Result, Scope, SystemTx};
use uuid::Uuid;

/// Ends a transaction in which a user did something before they had been recognised, and records it in the trail of
/// the tenant where they are at home.
pub async fn commit_at_home(mut tx: SystemTx, user: Uuid, change: Change) -> Result<()> {
    let home = crate::store::home(&mut tx, user).await?;
    commit_for(tx, user, home, change).await
}

/// Ends a transaction in which a user did something before they had been recognised, and records it: in the
/// trail of their own tenant, if they have one.
async fn commit_for(mut tx: SystemTx, user: Uuid, tenant: Option<Uuid>, change: Change) -> Result<()> {
    let Some(tenant) = tenant else {
        audit::record(&mut tx, change).await?;
        return tx.commit().await;
    };
    #[expect(clippy::disallowed_methods, reason = "the user has proved who they are, and the tenant is their own")]
    let mut tx = tx.enter(Scope::new(tenant, Some(user))).await?;
    audit::record(&mut tx, change).await?;
    tx.commit().await
}

/// Ends a transaction in which somebody changed what is a user's, and records it: in the platform's trail, and in
/// that of the tenant where the user is at home.
pub async fn commit_at(mut tx: SystemTx, home: Option<Uuid>, change: Change) -> Result<()> {
    audit::record(&mut tx, change.clone()).await?;
    let Some(home) = home else { return tx.commit().await };
    let actor = tx.user();
    #[expect(clippy::disallowed_methods, reason = "all that is done there is to add to the trail")]
    let mut tx = tx.enter(Scope::new(home, actor)).await?;
    audit::record(&mut tx, change).await?;
    tx.commit().await
}
