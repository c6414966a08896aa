use crate::{
    avatar::{Kept, Sound},
    consent::{Consent, ConsentKind},
    preferences::Notifications,
};
use kit::{Paging, Result, SystemTx, UserTx};
use sqlx::types::Json;
use uuid::Uuid;

/// The user's channels by kind of message; the usual ones where they never said.
pub(crate) async fn notifications(tx: &mut UserTx) -> Result<Notifications> {
    let kept = sqlx::query_scalar!(
        r#"select notifications as "kept: Json<Notifications>" from user_preferences
           where user_id = current_user_id()"#
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(kept.map(|Json(kept)| kept).unwrap_or_default())
}

pub(crate) async fn set_notifications(tx: &mut UserTx, user: Uuid, to: &Notifications) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "insert into user_preferences (user_id, notifications, updated_at) values ($1, $2, $3)
         on conflict (user_id) do update
         set notifications = excluded.notifications, updated_at = excluded.updated_at",
        user,
        Json(to) as _,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Each picture has an id of its own, so that no cache shows an older one.
pub(crate) async fn replace_avatar(tx: &mut UserTx, user: Uuid, sound: &Sound) -> Result<Uuid> {
    let (id, now) = (tx.new_id(), tx.now());
    sqlx::query!(
        "insert into user_avatars (id, user_id, media_type, content, created_at) values ($1, $2, $3, $4, $5)
         on conflict (user_id) do update set id = excluded.id, media_type = excluded.media_type,
             content = excluded.content, created_at = excluded.created_at",
        id,
        user,
        sound.media_type,
        sound.content.as_ref(),
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(id)
}

pub(crate) async fn own_avatar(tx: &mut UserTx) -> Result<Option<Kept>> {
    let kept =
        sqlx::query_as!(Kept, "select id, media_type, content from user_avatars where user_id = current_user_id()")
            .fetch_optional(tx.conn())
            .await?;
    Ok(kept)
}

pub(crate) async fn avatar(tx: &mut SystemTx, id: Uuid) -> Result<Option<Kept>> {
    let kept = sqlx::query_as!(Kept, "select id, media_type, content from user_avatars where id = $1", id)
        .fetch_optional(tx.conn())
        .await?;
    Ok(kept)
}

pub(crate) async fn remove_avatar(tx: &mut UserTx) -> Result<Option<Uuid>> {
    let id = sqlx::query_scalar!("delete from user_avatars where user_id = current_user_id() returning id")
        .fetch_optional(tx.conn())
        .await?;
    Ok(id)
}

pub(crate) async fn insert_consent(tx: &mut UserTx, consent: &Consent) -> Result<()> {
    sqlx::query!(
        "insert into user_consents (id, kind, version, granted, at, ip, user_agent) values ($1, $2, $3, $4, $5, $6, $7)",
        consent.id,
        consent.kind.as_str(),
        consent.version,
        consent.granted,
        consent.at.utc(),
        consent.ip,
        consent.user_agent
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn consents(tx: &mut UserTx, paging: &Paging) -> Result<Vec<Consent>> {
    let consents = sqlx::query_as!(
        Consent,
        r#"select id, kind as "kind: ConsentKind", version, granted, at, ip, user_agent from user_consents
           where user_id = current_user_id() order by at desc, id desc limit $1 offset $2"#,
        paging.limit,
        paging.offset()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(consents)
}

pub(crate) async fn count_consents(tx: &mut UserTx) -> Result<i64> {
    let count =
        sqlx::query_scalar!(r#"select count(*) as "count!" from user_consents where user_id = current_user_id()"#)
            .fetch_one(tx.conn())
            .await?;
    Ok(count)
}
