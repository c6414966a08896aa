use crate::service::{Link, Purpose};
use kit::{Result, SystemTx, Time, Tx};
use uuid::Uuid;

/// Keeps a link; those that have expired go.
pub(crate) async fn insert_link(tx: &mut SystemTx, link: &Link, hash: &[u8; 32], expires_at: Time) -> Result<()> {
    let now = tx.now();
    sqlx::query!("delete from link_tokens where expires_at <= $1", now.utc()).execute(tx.conn()).await?;
    sqlx::query!(
        "insert into link_tokens (token_hash, purpose, user_id, email, new_email, name, expires_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        hash.as_slice(),
        link.purpose.as_str(),
        link.user_id,
        link.email,
        link.new_email,
        link.name,
        expires_at.utc(),
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Whether the link may still be opened.
pub(crate) async fn has_link(tx: &mut SystemTx, purpose: Purpose, hash: &[u8; 32]) -> Result<bool> {
    let now = tx.now();
    let has = sqlx::query_scalar!(
        r#"select exists (select from link_tokens where token_hash = $1 and purpose = $2 and expires_at > $3)
           as "has!""#,
        hash.as_slice(),
        purpose.as_str(),
        now.utc()
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(has)
}

/// The link, which nobody opens a second time: of two at once, one gets it.
pub(crate) async fn consume_link(tx: &mut SystemTx, purposes: &[Purpose], hash: &[u8; 32]) -> Result<Option<Link>> {
    let now = tx.now();
    let purposes: Vec<String> = purposes.iter().map(|purpose| purpose.as_str().to_owned()).collect();
    let link = sqlx::query_as!(
        Link,
        r#"delete from link_tokens where token_hash = $1 and purpose = any($2) and expires_at > $3
           returning purpose as "purpose: Purpose", user_id, email, new_email, name"#,
        hash.as_slice(),
        &purposes,
        now.utc()
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(link)
}

/// Voids every link of the user's.
pub(crate) async fn remove_links<K>(tx: &mut Tx<K>, user: Uuid) -> Result<()> {
    sqlx::query!("delete from link_tokens where user_id = $1", user).execute(tx.conn()).await?;
    Ok(())
}
