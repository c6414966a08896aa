//! All of the module's SQL, by subject.

mod administration;
mod export;
mod own;
mod search;

pub(crate) use administration::*;
pub(crate) use export::*;
pub(crate) use own::*;
pub(crate) use search::{count, search};

use crate::{profile::ProfileInput, service::NewUser};
use kit::{Result, SystemTx, Time, Tx, User, UserTx};
use uuid::Uuid;

/// A statement that answers users: what stands before the list of their columns, and what after it.
macro_rules! user {
    ($before:tt, $after:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            User,
            $before
                + r#"id, email, name, image, email_verified, role, two_factor_enabled, banned, ban_reason,
                     ban_expires as "ban_expires: Time", locale, time_zone, currency, created_at, updated_at "#
                + $after
            $(, $argument)*
        )
    };
}

use user;

pub(crate) async fn insert(tx: &mut SystemTx, new: &NewUser<'_>) -> Result<Option<User>> {
    let (id, now) = (tx.new_id(), tx.now());
    let user = user!(
        "insert into users (id, email, name, image, email_verified, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6)
         on conflict (email) do nothing
         returning ",
        "",
        id,
        new.email.as_str(),
        new.name,
        new.image,
        new.email_verified,
        now.utc()
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(user)
}

pub(crate) async fn find(tx: &mut SystemTx, id: Uuid) -> Result<Option<User>> {
    let user = user!("select ", "from users where id = $1", id).fetch_optional(tx.conn()).await?;
    Ok(user)
}

pub(crate) async fn find_by_email(tx: &mut SystemTx, email: &str) -> Result<Option<User>> {
    let user = user!("select ", "from users where email = $1", email).fetch_optional(tx.conn()).await?;
    Ok(user)
}

pub(crate) async fn verify_email(tx: &mut SystemTx, id: Uuid) -> Result<bool> {
    let now = tx.now();
    let done = sqlx::query!(
        "update users set email_verified = true, updated_at = $2 where id = $1 and not email_verified",
        id,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn set_two_factor<K>(tx: &mut Tx<K>, id: Uuid, enabled: bool) -> Result<()> {
    tx.takes_away();
    let now = tx.now();
    sqlx::query!("update users set two_factor_enabled = $2, updated_at = $3 where id = $1", id, enabled, now.utc())
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(crate) async fn set_erasure(tx: &mut SystemTx, id: Uuid, at: Option<Time>) -> Result<bool> {
    let at = at.map(Time::utc);
    let done = sqlx::query!("update users set erase_at = $2 where id = $1 and erase_at is distinct from $2", id, at)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn erasure(tx: &mut SystemTx, id: Uuid) -> Result<Option<Time>> {
    let at = sqlx::query_scalar!(r#"select erase_at as "at: Time" from users where id = $1"#, id);
    Ok(at.fetch_optional(tx.conn()).await?.flatten())
}

pub(crate) async fn set_default_tenant<K>(tx: &mut Tx<K>, id: Uuid, tenant: Uuid) -> Result<()> {
    sqlx::query!("update users set default_tenant_id = $2 where id = $1", id, tenant).execute(tx.conn()).await?;
    Ok(())
}

/// The user, whom nobody else changes until the transaction ends.
pub(crate) async fn lock(tx: &mut UserTx, id: Uuid) -> Result<Option<User>> {
    let user = user!("select ", "from users where id = $1 for update", id).fetch_optional(tx.conn()).await?;
    Ok(user)
}

pub(crate) async fn change(tx: &mut UserTx, id: Uuid, profile: &ProfileInput) -> Result<User> {
    // whoever has changed something sees it at once
    tx.takes_away();
    let now = tx.now();
    let user = user!(
        "update users set name = $2, image = $3, locale = $4, time_zone = $5, currency = $6, updated_at = $7
         where id = $1
         returning ",
        "",
        id,
        profile.name,
        profile.image,
        profile.locale,
        profile.time_zone,
        profile.currency,
        now.utc()
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(user)
}
