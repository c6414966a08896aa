use crate::{
    export::{Export, File, archive},
    jobs::MakeExport,
    store,
};
use audit::Change;
use kit::{Error, JobContext, Paging, Result, SystemTx, UserTx, chrono::TimeDelta, enqueue_job, mask};
use serde_json::json;
use uuid::Uuid;

/// How long an archive can be fetched.
const AGE: TimeDelta = TimeDelta::days(7);

/// Promises an archive of all that the platform knows of the user; it takes the place of an older one.
///
/// # Errors
/// 409 `EXPORT_UNDER_WAY` while another is being made.
pub(crate) async fn ask_export(tx: &mut UserTx, user: Uuid) -> Result<Export> {
    store::lock(tx, user).await?.ok_or_else(|| Error::not_found("user"))?;
    if store::export_under_way(tx).await? {
        return Err(Error::conflict("EXPORT_UNDER_WAY", "An archive is being made already."));
    }
    store::remove_own_exports(tx).await?;
    let (id, created_at) = (tx.new_id(), tx.now());
    let export = Export { id, created_at, ready_at: None, expires_at: created_at + AGE, size: None };
    store::insert_export(tx, &export).await?;
    enqueue_job(tx, &MakeExport { export: id }).await?;
    audit::record(tx, Change::new("export", id, "export.asked")).await?;
    Ok(export)
}

pub(crate) async fn exports(tx: &mut UserTx, paging: &Paging) -> Result<(Vec<Export>, i64)> {
    Ok((store::exports(tx, paging).await?, store::count_exports(tx).await?))
}

/// The archive, once it is ready.
///
/// # Errors
/// 409 `EXPORT_NOT_READY` while it is being made; 404 for what is another's or has expired.
pub(crate) async fn fetch_export(tx: &mut UserTx, id: Uuid) -> Result<Vec<u8>> {
    let content = store::export_content(tx, id).await?.ok_or_else(|| Error::not_found("export"))?;
    let content = content.ok_or_else(|| Error::conflict("EXPORT_NOT_READY", "The archive is still being made."))?;
    audit::record(tx, Change::new("export", id, "export.fetched")).await?;
    Ok(content)
}

/// Makes an archive that was promised, unless nobody wants it any more.
pub(crate) async fn make_export(context: &JobContext, id: Uuid) -> Result<()> {
    let mut tx = context.system().await?;
    store::remove_expired_exports(&mut tx).await?;
    if let Some(user) = store::export_owner(&mut tx, id).await? {
        let files = collect(&mut tx, user).await?;
        let content = tokio::task::spawn_blocking(move || archive(&files)).await.map_err(Error::internal)??;
        store::fill_export(&mut tx, id, &content).await?;
        audit::record(&mut tx, Change::new("export", id, "export.made").after(json!({ "userId": user }))).await?;
    }
    tx.commit().await
}

/// All that the platform knows of a user: what is their own in every module, their memberships, and what they did.
/// Secrets are left out.
async fn collect(tx: &mut SystemTx, user: Uuid) -> Result<Vec<File>> {
    let mut files = vec![];
    for table in store::tables_of_users(tx).await? {
        let rows = store::rows_of(tx, &table, user).await?;
        if rows.as_array().is_some_and(|rows| !rows.is_empty()) {
            files.push(File::json(&table.name, &mask(rows)));
        }
    }
    files.push(File::json("memberships", &store::memberships_of(tx, user).await?));
    files.push(File::json("rights", &store::rights_of(tx, user).await?));
    files.push(File::json("audit_entries", &store::deeds_of(tx, user).await?));
    if let Some(avatar) = store::avatar_of(tx, user).await? {
        let extension = avatar.media_type.trim_start_matches("image/");
        files.push(File { name: format!("avatar.{extension}"), content: avatar.content });
    }
    Ok(files)
}
