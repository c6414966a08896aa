use crate::{
    Mail, error,
    form::Form,
    guard::Holder,
    jobs::SendMail,
    mail::Language,
    service::{Event, Link, Purpose, address, commit_for, consume, issue, notify},
    store,
};
use audit::Change;
use garde::Validate;
use kit::{JobContext, Result, SystemTx, User, enqueue_job};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use users::{Correction, Email};
use uuid::Uuid;

/// Another address.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AskEmailChange")]
pub(crate) struct AskEmailChange {
    #[garde(skip)]
    new_email: Email,
    /// Where the links of both mails lead in the end.
    #[serde(rename = "callbackURL")]
    #[garde(length(max = 2048))]
    callback_url: Option<String>,
}

impl Form for AskEmailChange {}

/// A user's wish for another address.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EmailChange {
    user: Uuid,
    new_email: Email,
    callback_url: Option<String>,
}

/// Promises a mail to the present address, which asks whether the change is wanted. Whether the new address is
/// somebody's already is looked up when it is written.
///
/// # Errors
/// 400 `EMAIL_IS_THE_SAME`.
pub(crate) async fn ask_email_change(holder: &Holder, form: AskEmailChange) -> Result<()> {
    holder.own()?;
    let user = holder.user();
    if form.new_email.as_str() == user.email {
        return Err(error::email_is_the_same());
    }
    let change = EmailChange { user: user.id, new_email: form.new_email, callback_url: form.callback_url };
    let mut tx = holder.begin().await?;
    enqueue_job(&mut tx, &SendMail::ConfirmEmailChange(change)).await?;
    tx.unaudited("a mail is only promised");
    tx.commit().await
}

/// Writes the mail to the present address.
pub(crate) async fn write_email_change(context: &JobContext, change: &EmailChange) -> Result<Option<Mail>> {
    let Some((user, link)) = link(context, change, Purpose::ConfirmEmailChange).await? else { return Ok(None) };
    let words = Language::of(&user.locale).words(
        [
            "Confirm the change of your e-mail address",
            "Somebody signed in to your account wants to give it another e-mail address. If it is you, open this link:",
            "The link holds for one hour. If it was not you, do not open it: change your password and close your other sessions.",
        ],
        [
            "Confirme a troca do seu endereço de e-mail",
            "Alguém que entrou na sua conta quer dar a ela outro endereço de e-mail. Se é você, abra este link:",
            "O link vale por uma hora. Se não foi você, não o abra: troque sua senha e encerre as outras sessões.",
        ],
    );
    Ok(Some(Mail::with_link(&user.email, &words, &link)))
}

/// Writes the mail to the new address.
pub(crate) async fn write_address_check(context: &JobContext, change: &EmailChange) -> Result<Option<Mail>> {
    let Some((user, link)) = link(context, change, Purpose::ChangeEmail).await? else { return Ok(None) };
    let words = Language::of(&user.locale).words(
        [
            "Confirm your new e-mail address",
            "Please confirm that this e-mail address is yours by opening this link:",
            "The link holds for one hour. If you know nothing of this, you need not do anything.",
        ],
        [
            "Confirme seu novo endereço de e-mail",
            "Confirme que este endereço de e-mail é seu abrindo este link:",
            "O link vale por uma hora. Se você não sabe do que se trata, não é preciso fazer nada.",
        ],
    );
    Ok(Some(Mail::with_link(change.new_email.as_str(), &words, &link)))
}

/// The user and the link of a mail, if the user is still there and nobody has the new address.
async fn link(context: &JobContext, change: &EmailChange, purpose: Purpose) -> Result<Option<(User, String)>> {
    let (user, taken) = {
        let mut tx = context.system().await?;
        (users::find(&mut tx, change.user).await?, users::find_by_email(&mut tx, &change.new_email).await?)
    };
    let (Some(user), None) = (user, taken) else { return Ok(None) };
    let new_email = Some(change.new_email.to_string());
    let link = Link { purpose, user_id: Some(user.id), email: user.email.clone(), new_email, name: None };
    let token = issue(context, &link).await?;
    let callback = change.callback_url.as_deref().unwrap_or("/");
    let link = address(context.app(), "verify-email", &[("token", &token), ("callbackURL", callback)]);
    Ok(Some((user, link)))
}

/// Goes on with a change of address: from the old address to the new one, and from that to the change itself.
///
/// # Errors
/// 401 `INVALID_TOKEN`, also when the user has another address by now.
pub(crate) async fn follow_email_change(mut tx: SystemTx, token: &str, callback_url: Option<&str>) -> Result<()> {
    let purposes = [Purpose::ConfirmEmailChange, Purpose::ChangeEmail];
    let link = consume(&mut tx, &purposes, token).await?.ok_or_else(error::invalid_token)?;
    let user = users::find(&mut tx, link.user_id.unwrap_or_default()).await?;
    let user = user.filter(|user| user.email == link.email).ok_or_else(error::invalid_token)?;
    let new_email = link.new_email.as_deref().and_then(Email::parse).ok_or_else(error::invalid_token)?;
    let home = store::home(&mut tx, user.id).await?;
    let change = json!({ "email": new_email });
    if link.purpose == Purpose::ConfirmEmailChange {
        let callback_url = callback_url.map(str::to_owned);
        let wish = EmailChange { user: user.id, new_email, callback_url };
        enqueue_job(&mut tx, &SendMail::CheckNewAddress(wish)).await?;
        return commit_for(
            tx,
            user.id,
            home,
            Change::new("user", user.id, "user.email-change-confirmed").after(change),
        )
        .await;
    }
    let to = Correction { email: Some(&new_email), email_verified: Some(true), ..Correction::default() };
    users::correct(&mut tx, user.id, &to).await?;
    store::remove_links(&mut tx, user.id).await?;
    notify(&mut tx, &user, Event::EmailChanged).await?;
    let changed = Change::new("user", user.id, "user.email-changed").before(json!({ "email": user.email }));
    commit_for(tx, user.id, home, changed.after(change)).await
}
