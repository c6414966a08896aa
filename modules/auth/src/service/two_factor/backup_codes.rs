use crate::{
    AuthSettings, error,
    service::notices::{Event, notify},
    store,
};
use audit::Change;
use kit::{App, Result, Tx, UserTx};
use uuid::Uuid;

const CODES: usize = 10;
const LETTERS: usize = 10;

/// Gives a user with a second factor new backup codes; the old ones are void.
///
/// # Errors
/// 400 `TWO_FACTOR_NOT_ENABLED`.
pub(crate) async fn renew(app: &App, tx: &mut UserTx, user: Uuid) -> Result<Vec<String>> {
    let factor = store::lock_two_factor(tx, user).await?.filter(|factor| factor.enabled);
    factor.ok_or_else(error::two_factor_not_enabled)?;
    let codes = replace(app, tx, user).await?;
    notify(tx, user, Event::BackupCodesRenewed).await?;
    audit::record(tx, Change::new("user", user, "two-factor.backup-codes-renewed")).await?;
    Ok(codes)
}

/// New codes in the place of all others: `abcde-fghij`. Only their hashes are kept.
pub(super) async fn replace<K>(app: &App, tx: &mut Tx<K>, user: Uuid) -> Result<Vec<String>> {
    let codes: Vec<String> = (0..CODES).map(|_| dashed(&app.ids().token(LETTERS))).collect();
    let settings = app.the()?;
    let hashes: Vec<Vec<u8>> = codes.iter().map(|code| hash(settings, user, code).to_vec()).collect();
    store::replace_backup_codes(tx, user, &hashes).await?;
    Ok(codes)
}

fn dashed(letters: &str) -> String {
    let (left, right) = letters.split_at(LETTERS / 2);
    format!("{left}-{right}")
}

/// Codes are short, so their hashes are keyed: who steals the table cannot try them all.
fn hash(settings: &AuthSettings, user: Uuid, code: &str) -> [u8; 32] {
    settings.signer.sign(&format!("backup-code:{user}:{code}"))
}

/// Uses a code up, if the user has it. Of two who try it at once one succeeds.
pub(super) async fn take<K>(app: &App, tx: &mut Tx<K>, user: Uuid, code: &str) -> Result<bool> {
    store::take_backup_code(tx, user, &hash(app.the()?, user, code.trim())).await
}
