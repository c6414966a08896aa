use crate::{
    Mail, error,
    form::Form,
    guard::{Holder, Visitor},
    jobs::SendMail,
    mail::Language,
    service::{Event, Link, Purpose, address, commit_for, confirm_password, consume, issue, notify},
    store,
};
use audit::Change;
use garde::Validate;
use kit::{App, JobContext, Origin, Reason, Result, SystemTx, User, enqueue_job};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

/// How a user proves that they want to be deleted: by password or by the token of a mail. Without either, the mail
/// is sent.
#[derive(Deserialize, JsonSchema, Validate)]
#[schemars(rename = "DeleteUser")]
pub(crate) struct AskDeletion {
    #[garde(length(max = 1000))]
    password: Option<String>,
    #[garde(length(max = 200))]
    token: Option<String>,
    /// Where the link of the mail leads in the end.
    #[serde(rename = "callbackURL")]
    #[garde(length(max = 2048))]
    callback_url: Option<String>,
}

impl Form for AskDeletion {}

/// The link of the mail.
#[derive(Deserialize, JsonSchema, Validate)]
pub(crate) struct OpenDeletion {
    #[garde(length(max = 200))]
    token: String,
    /// Where to go on; without it the answer says what has happened.
    #[serde(rename = "callbackURL")]
    #[garde(length(max = 2048))]
    pub(crate) callback_url: Option<String>,
}

impl Form for OpenDeletion {}

/// What a wish to be deleted has led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deletion {
    Done,
    /// A mail asks once more.
    Asked,
}

/// Deletes the user, or sends the mail that asks once more.
///
/// # Errors
/// 400 `INVALID_PASSWORD`; 403 `SESSION_NOT_FRESH` when nothing but an old session speaks for the wish; 404
/// `INVALID_TOKEN`; 409 `SOLE_OWNER`.
pub(crate) async fn delete(holder: &Holder, form: AskDeletion) -> Result<Deletion> {
    holder.own()?;
    let (app, user, origin) = (holder.app(), holder.user(), holder.origin().clone());
    match form {
        AskDeletion { token: Some(token), .. } => by_token(app, origin, user, &token).await?,
        AskDeletion { password: Some(password), .. } => {
            confirm_password(holder, &password).await?;
            remove(app.db().system(Reason::Session, origin).await?, user).await?;
        }
        AskDeletion { callback_url, .. } => {
            holder.require_fresh()?;
            let mut tx = app.db().system(Reason::Session, origin).await?;
            tenants::refuse_sole_owner(&mut tx, user.id).await?;
            enqueue_job(&mut tx, &SendMail::DeleteUser { user: user.id, callback_url }).await?;
            tx.unaudited("a mail is only promised");
            tx.commit().await?;
            return Ok(Deletion::Asked);
        }
    }
    Ok(Deletion::Done)
}

/// Deletes the user whose session opens the link of the mail.
///
/// # Errors
/// 404 without a session, and for a token that is not this user's; 409 `SOLE_OWNER`.
pub(crate) async fn delete_by_link(visitor: &Visitor, form: &OpenDeletion) -> Result<()> {
    let found = visitor.recognise().await?.ok_or_else(error::no_session_to_delete)?;
    by_token(&visitor.app, visitor.request.origin.clone(), &found.user, &form.token).await
}

async fn by_token(app: &App, origin: Origin, user: &User, token: &str) -> Result<()> {
    let mut tx = app.db().system(Reason::Session, origin).await?;
    let link = consume(&mut tx, &[Purpose::DeleteUser], token).await?;
    if link.is_none_or(|link| link.user_id != Some(user.id)) {
        return Err(error::unknown_token());
    }
    remove(tx, user).await
}

/// Takes away all that the user could sign in by, and the user.
async fn remove(mut tx: SystemTx, user: &User) -> Result<()> {
    tenants::refuse_sole_owner(&mut tx, user.id).await?;
    let home = store::home(&mut tx, user.id).await?;
    notify(&mut tx, user, Event::UserDeleted).await?;
    users::remove(&mut tx, user).await?;
    commit_for(tx, user.id, home, Change::new("user", user.id, "user.deleted")).await
}

/// Writes the mail that asks once more.
pub(crate) async fn write_deletion(context: &JobContext, user: Uuid, page: Option<&str>) -> Result<Option<Mail>> {
    let user = users::find(&mut context.system().await?, user).await?;
    let Some(user) = user else { return Ok(None) };
    let purpose = Purpose::DeleteUser;
    let link = Link { purpose, user_id: Some(user.id), email: user.email.clone(), new_email: None, name: None };
    let token = issue(context, &link).await?;
    let query = [("token", token.as_str()), ("callbackURL", page.unwrap_or("/"))];
    let link = address(context.app(), "delete-user/callback", &query);
    let words = Language::of(&user.locale).words(
        [
            "Confirm that your account is to be deleted",
            "This link deletes your account, in the browser in which you are signed in:",
            "The link holds for one hour. If it was not you, do not open it: change your password and close your other sessions.",
        ],
        [
            "Confirme a exclusão da sua conta",
            "Este link exclui sua conta, no navegador em que você entrou nela:",
            "O link vale por uma hora. Se não foi você, não o abra: troque sua senha e encerre as outras sessões.",
        ],
    );
    Ok(Some(Mail::with_link(&user.email, &words, &link)))
}
