//! The end of a tenant, of which all its members are told by mail.

use crate::jobs::{SendTurn, TellMembers};
use auth::{Language, Mail};
use kit::{JobContext, Result, SystemTx, TenantTx, enqueue_job};
use serde::{Deserialize, Serialize};
use tenants::{Status, Tenant};
use uuid::Uuid;

/// What has become of a tenant.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Turn {
    Closed,
    Restored,
}

/// Closes a tenant by the rules of [`tenants::close`], and promises the mails.
pub(crate) async fn close(
    tx: SystemTx,
    tenant: Uuid,
    owner: Uuid,
    confirm: Option<&str>,
) -> Result<(TenantTx, Tenant)> {
    let (mut tx, closed) = tenants::close(tx, tenant, owner, confirm).await?;
    enqueue_job(&mut tx, &TellMembers { turn: Turn::Closed }).await?;
    Ok((tx, closed))
}

/// Restores a tenant by the rules of [`tenants::restore`], and promises the mails.
pub(crate) async fn restore(tx: SystemTx, tenant: Uuid, owner: Uuid) -> Result<(TenantTx, Tenant)> {
    let (mut tx, restored) = tenants::restore(tx, tenant, owner).await?;
    enqueue_job(&mut tx, &TellMembers { turn: Turn::Restored }).await?;
    Ok((tx, restored))
}

/// Promises a mail to each member.
pub(crate) async fn tell_members(context: &JobContext, turn: Turn) -> Result<()> {
    let mut tx = context.begin().await?;
    for member in tenants::all_members(&mut tx).await? {
        enqueue_job(&mut tx, &SendTurn { turn, member: member.user_id }).await?;
    }
    tx.commit().await
}

/// The mail to a member, if it is still so when it is written. Of the tenant it says the slug and not the name, in which
/// its owner could have written anything.
pub(crate) async fn write_turn(context: &JobContext, turn: Turn, member: Uuid) -> Result<Option<Mail>> {
    let user = users::find(&mut context.system().await?, member).await?;
    let tenant = tenants::look(&mut context.begin().await?).await?;
    let Some((user, tenant)) = user.zip(tenant) else { return Ok(None) };
    if matches!(turn, Turn::Closed) != (tenant.status == Status::Closed) {
        return Ok(None);
    }
    let language = Language::of(&user.locale);
    let (english, portuguese) = turn.words();
    let [name, end] = match language {
        Language::English => ["Tenant", "Erased on"],
        Language::Portuguese => ["Espaço", "Apagado em"],
    };
    let erased = tenant.erase_at.map(|at| (end, at.utc().format("%Y-%m-%d").to_string()));
    let facts: Vec<_> = [(name, tenant.slug)].into_iter().chain(erased).collect();
    Ok(Some(Mail::with_facts(&user.email, &language.words(english, portuguese), &facts)))
}

impl Turn {
    /// Subject, why the mail comes and what to do about it, in English and in Portuguese.
    fn words(self) -> ([&'static str; 3], [&'static str; 3]) {
        match self {
            Self::Closed => (
                [
                    "A tenant that you work in was closed",
                    "Its owner has closed a tenant that you are a member of. Nobody can work in it any more, and its keys \
                     do nothing.",
                    "Until it is erased, with all that is in it, its owner can restore it.",
                ],
                [
                    "Um espaço em que você trabalha foi fechado",
                    "O dono fechou um espaço do qual você faz parte. Ninguém mais pode trabalhar nele, e suas chaves não \
                     funcionam.",
                    "Até que seja apagado, com tudo o que contém, o dono pode restaurá-lo.",
                ],
            ),
            Self::Restored => (
                [
                    "A tenant that you work in was restored",
                    "Its owner has restored a tenant that you are a member of.",
                    "You can work in it again.",
                ],
                [
                    "Um espaço em que você trabalha foi restaurado",
                    "O dono restaurou um espaço do qual você faz parte.",
                    "Você pode trabalhar nele de novo.",
                ],
            ),
        }
    }
}
