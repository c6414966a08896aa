//! The rotation of the key under which secrets are sealed.
//!
//! A running process says with which key it seals, beside its lease in `memories`. A rotation begins only when all of
//! them seal with the new key, and marks the older ones as replaced in the same transaction: whoever would seal with
//! one of those afterwards is refused, at its start and at each renewal of its lease. Then what the older keys have
//! sealed is sealed anew, in small batches that may be interrupted and repeated; both keys open meanwhile.

mod reseal;
mod store;

pub use reseal::{Resealing, Sealed, Share};
pub(crate) use store::is_replaced;

use crate::{App, Error, Result, SystemTx, vault::KeyId};

/// Refuses a process that would seal with a key which another has replaced.
///
/// # Errors
/// 409 `KEY_REPLACED`.
pub async fn refuse_replaced(app: &App) -> Result<()> {
    let (key, mut connection) = (app.vault().current()?, app.db().door().await?);
    if is_replaced(&mut connection, key).await? { Err(replaced(key)) } else { Ok(()) }
}

/// From now on no key but the current one of the vault seals. Answers whether it was otherwise before.
///
/// # Errors
/// 409 `KEY_REPLACED` for a key that another has replaced; `KEY_UNKNOWN_TO_SERVERS` while a process that runs seals
/// with another.
pub async fn begin_rotation(tx: &mut SystemTx) -> Result<bool> {
    let current = tx.vault().current()?;
    let older: Vec<KeyId> = tx.vault().keys().skip(1).collect();
    // no process renews its lease, or begins to hold one, until this is decided
    store::hold_memories(tx).await?;
    if is_replaced(tx.conn(), current).await? {
        return Err(replaced(current));
    }
    let behind = store::count_behind(tx, current).await?;
    if behind > 0 {
        let message = format!(
            "{behind} running {} not seal with the key {current} yet: restart with it as the first key, then run this again",
            if behind == 1 { "server does" } else { "servers do" },
        );
        return Err(Error::conflict("KEY_UNKNOWN_TO_SERVERS", message));
    }
    store::replace(tx, current, &older).await
}

/// Notes that nothing is left which another key than the current one of the vault has sealed.
pub async fn finish_rotation(tx: &mut SystemTx) -> Result<()> {
    let current = tx.vault().current()?;
    store::finish(tx, current).await
}

/// Whether a rotation to the current key of the vault has come to its end.
pub async fn is_rotated(tx: &mut SystemTx) -> Result<bool> {
    let current = tx.vault().current()?;
    store::is_finished(tx, current).await
}

pub(crate) fn replaced(key: KeyId) -> Error {
    let message = format!("the key {key} was replaced by a rotation and may not seal: put the newer key before it");
    Error::conflict("KEY_REPLACED", message)
}
