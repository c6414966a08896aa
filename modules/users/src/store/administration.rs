use super::user;
use crate::{Role, service::Correction};
use kit::{Result, SystemTx, Time, Tx, User};
use uuid::Uuid;

/// The users of these ids, in the same order.
pub(crate) async fn by_ids(tx: &mut SystemTx, ids: &[Uuid]) -> Result<Vec<User>> {
    let users = user!("select ", "from users where id = any($1) order by array_position($1, id)", ids)
        .fetch_all(tx.conn())
        .await?;
    Ok(users)
}

/// The users of these ids, whom nobody else changes until the transaction ends.
pub(crate) async fn lock_all(tx: &mut SystemTx, ids: &[Uuid]) -> Result<Vec<User>> {
    let users =
        user!("select ", "from users where id = any($1) order by id for update", ids).fetch_all(tx.conn()).await?;
    Ok(users)
}

/// The super administrators who are not shut out, whom nobody else changes until the transaction ends.
pub(crate) async fn lock_super_admins(tx: &mut SystemTx) -> Result<Vec<Uuid>> {
    let ids =
        sqlx::query_scalar!("select id from users where role = 'super_admin' and not banned order by id for update")
            .fetch_all(tx.conn())
            .await?;
    Ok(ids)
}

pub(crate) async fn set_role<K>(tx: &mut Tx<K>, id: Uuid, role: Role) -> Result<User> {
    tx.takes_away();
    let now = tx.now();
    let user =
        user!("update users set role = $2, updated_at = $3 where id = $1 returning ", "", id, role.as_str(), now.utc())
            .fetch_one(tx.conn())
            .await?;
    Ok(user)
}

/// Shuts a user out for a reason, or lets them in again.
pub(crate) async fn set_ban(tx: &mut SystemTx, id: Uuid, reason: Option<&str>, expires: Option<Time>) -> Result<User> {
    tx.takes_away();
    let now = tx.now();
    let user = user!(
        "update users set banned = $2::text is not null, ban_reason = $2, ban_expires = $3, updated_at = $4
         where id = $1 returning ",
        "",
        id,
        reason,
        expires.map(Time::utc),
        now.utc()
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(user)
}

pub(crate) async fn correct(tx: &mut SystemTx, id: Uuid, to: &Correction<'_>) -> Result<User> {
    tx.takes_away();
    let now = tx.now();
    let user = user!(
        "update users set name = coalesce($2, name), email = coalesce($3, email),
                          email_verified = coalesce($4, email_verified),
                          image = case when $5 then $6 else image end, updated_at = $7
         where id = $1 returning ",
        "",
        id,
        to.name,
        to.email.map(crate::Email::as_str),
        to.email_verified,
        to.image.is_some(),
        to.image.flatten(),
        now.utc()
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(user)
}

pub(crate) async fn remove(tx: &mut SystemTx, id: Uuid) -> Result<()> {
    tx.takes_away();
    sqlx::query!("delete from users where id = $1", id).execute(tx.conn()).await?;
    Ok(())
}
