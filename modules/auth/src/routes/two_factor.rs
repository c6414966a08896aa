use crate::{
    form::Body,
    guard::{Holder, Visitor, carry},
    reply::{Reply, Success},
    service::{
        confirm_password,
        two_factor::{self, Confirm, Enable, VerifyBackupCode, VerifyTotp},
    },
    view::{BackupCodesView, Done, SetupView, TokenView, UriView},
};
use kit::{Result, post};

/// Makes a secret for the user's authenticator, and backup codes; a first code puts them in force.
#[post("/api/auth/two-factor/enable", strict)]
pub(super) async fn enable(holder: Holder, Body(form): Body<Enable>) -> Result<Reply<Success<SetupView>>> {
    holder.own()?;
    confirm_password(&holder, &form.password).await?;
    let mut tx = holder.begin().await?;
    let setup = two_factor::prepare(holder.app(), &mut tx, holder.user(), &form).await?;
    tx.commit().await?;
    holder.renew(Reply::success(setup))
}

/// Takes a code of the user's authenticator: the first one, a further one, or as the second factor of a sign-in.
#[post("/api/auth/two-factor/verify-totp", strict)]
pub(super) async fn verify_totp(visitor: Visitor, Body(form): Body<VerifyTotp>) -> Result<Reply<Success<TokenView>>> {
    two_factor::verify_totp(&visitor, &form).await?.reply(&visitor.app)
}

/// Takes a backup code where one of the user's authenticator is asked for; it works once.
#[post("/api/auth/two-factor/verify-backup-code", strict)]
pub(super) async fn verify_backup_code(
    visitor: Visitor,
    Body(form): Body<VerifyBackupCode>,
) -> Result<Reply<Success<TokenView>>> {
    two_factor::verify_backup_code(&visitor, &form).await?.reply(&visitor.app)
}

/// Makes new backup codes; the old ones are void.
#[post("/api/auth/two-factor/generate-backup-codes", strict)]
pub(super) async fn generate_backup_codes(
    holder: Holder,
    Body(form): Body<Confirm>,
) -> Result<Reply<Success<BackupCodesView>>> {
    holder.own()?;
    confirm_password(&holder, &form.password).await?;
    let mut tx = holder.begin().await?;
    let backup_codes = two_factor::renew_backup_codes(holder.app(), &mut tx, holder.user().id).await?;
    tx.commit().await?;
    holder.renew(Reply::success(BackupCodesView { status: true, backup_codes }))
}

/// Shows what a further authenticator reads to make the same codes.
#[post("/api/auth/two-factor/get-totp-uri", strict)]
pub(super) async fn get_totp_uri(holder: Holder, Body(form): Body<Confirm>) -> Result<Reply<Success<UriView>>> {
    holder.own()?;
    confirm_password(&holder, &form.password).await?;
    let mut tx = holder.begin().await?;
    let totp_uri = two_factor::uri(holder.app(), &mut tx, holder.user()).await?;
    tx.commit().await?;
    holder.renew(Reply::success(UriView { totp_uri }))
}

/// Removes the second factor: none is asked for any more, and the session gets a successor.
#[post("/api/auth/two-factor/disable", strict)]
pub(super) async fn disable(holder: Holder, Body(form): Body<Confirm>) -> Result<Reply<Success<Done>>> {
    holder.own()?;
    confirm_password(&holder, &form.password).await?;
    let mut tx = holder.begin().await?;
    let session = two_factor::disable(&mut tx, &holder).await?;
    tx.commit().await?;
    let expired = two_factor::expired_trust(holder.app())?;
    let reply = Reply::success(Done { status: true }).cookies(expired.into_iter().collect());
    carry(holder.app(), reply, &session.token, session.live.remembered)
}
