use super::{
    administration::close_sessions_of,
    enter::{Entry, Factor, enter},
    links::{Link, Purpose, address, consume, issue},
    sign_up::{NewAccount, SignedUp, sign_up},
};
use crate::{
    Mail, error,
    form::Form,
    guard::Visitor,
    jobs::SendMail,
    mail::Language,
    platform::{admit_strangers, is_sign_up_open},
    store,
};
use audit::Change;
use garde::Validate;
use kit::{App, JobContext, Origin, Reason, Result, SystemTx, User, enqueue_job};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tenants::Kind;
use users::{Email, NewUser};

/// Who wants to sign in by a link.
#[derive(Serialize, Deserialize, JsonSchema, Validate)]
pub(crate) struct AskMagicLink {
    #[garde(skip)]
    email: Email,
    /// What a new user is to be called.
    #[garde(length(chars, max = 200))]
    name: Option<String>,
    /// Where the link leads in the end.
    #[serde(rename = "callbackURL")]
    #[garde(length(max = 2048))]
    callback_url: Option<String>,
    /// Where it leads a new user.
    #[serde(rename = "newUserCallbackURL")]
    #[garde(length(max = 2048))]
    new_user_callback_url: Option<String>,
    /// Where it leads when it holds no more.
    #[serde(rename = "errorCallbackURL")]
    #[garde(length(max = 2048))]
    error_callback_url: Option<String>,
}

impl Form for AskMagicLink {}

/// The link of the mail.
#[derive(Deserialize, JsonSchema, Validate)]
pub(crate) struct OpenMagicLink {
    #[garde(length(max = 200))]
    token: String,
    /// Where to go on; without it the answer is the session.
    #[serde(rename = "callbackURL")]
    #[garde(length(max = 2048))]
    callback_url: Option<String>,
    /// Where a new user goes on.
    #[serde(rename = "newUserCallbackURL")]
    #[garde(length(max = 2048))]
    new_user_callback_url: Option<String>,
    /// Where to go when the link holds no more.
    #[serde(rename = "errorCallbackURL")]
    #[garde(length(max = 2048))]
    error_callback_url: Option<String>,
}

impl Form for OpenMagicLink {}

impl OpenMagicLink {
    /// Where to go on.
    pub(crate) fn page(&self, new: bool) -> Option<&str> {
        let for_new = self.new_user_callback_url.as_deref().filter(|_| new);
        for_new.or(self.callback_url.as_deref())
    }

    /// Where to go when it fails.
    pub(crate) fn error_page(&self) -> &str {
        self.error_callback_url.as_deref().or(self.callback_url.as_deref()).unwrap_or("/")
    }
}

/// Promises a mail with a link to sign in by, to whatever address: who has none becomes a user by it.
pub(crate) async fn ask_magic_link(app: &App, origin: Origin, form: AskMagicLink) -> Result<()> {
    let mut tx = app.db().system(Reason::Session, origin).await?;
    enqueue_job(&mut tx, &SendMail::MagicLink(form)).await?;
    tx.unaudited("a mail is only promised");
    tx.commit().await
}

/// Writes the mail, if whoever has the address is a user or may become one.
pub(crate) async fn write_magic_link(context: &JobContext, asked: &AskMagicLink) -> Result<Option<Mail>> {
    let mut tx = context.system().await?;
    let user = users::find_by_email(&mut tx, &asked.email).await?;
    if user.is_none() && !is_sign_up_open(&mut tx).await? {
        return Ok(None);
    }
    drop(tx);
    let (purpose, email) = (Purpose::MagicLink, asked.email.to_string());
    let link = Link { purpose, user_id: None, email, new_email: None, name: asked.name.clone() };
    let token = issue(context, &link).await?;
    let mut query = vec![("token", token.as_str()), ("callbackURL", asked.callback_url.as_deref().unwrap_or("/"))];
    let further =
        [("newUserCallbackURL", &asked.new_user_callback_url), ("errorCallbackURL", &asked.error_callback_url)];
    query.extend(further.iter().filter_map(|(name, page)| page.as_deref().map(|page| (*name, page))));
    let link = address(context.app(), "magic-link/verify", &query);
    let words = Language::of(user.as_ref().map_or("en", |user| &user.locale)).words(
        [
            "Sign in",
            "This link signs you in:",
            "The link holds for five minutes and works once. If you did not ask for it, you need not do anything.",
        ],
        [
            "Entrar",
            "Este link faz você entrar:",
            "O link vale por cinco minutos e funciona uma única vez. Se você não o pediu, não é preciso fazer nada.",
        ],
    );
    Ok(Some(Mail::with_link(asked.email.as_str(), &words, &link)))
}

/// Lets in whoever opens the link; answers whether they have become a user by it.
///
/// # Errors
/// 401 `INVALID_TOKEN`; as [`enter`].
pub(crate) async fn open_magic_link(visitor: &Visitor, form: &OpenMagicLink) -> Result<(Entry, bool)> {
    let system = || visitor.app.db().system(Reason::Session, visitor.request.origin.clone());
    let mut tx = system().await?;
    let link = consume(&mut tx, &[Purpose::MagicLink], &form.token).await?.ok_or_else(error::invalid_token)?;
    let email = Email::parse(&link.email).ok_or_else(error::invalid_token)?;
    let (user, new) = match users::find_by_email(&mut tx, &email).await? {
        Some(user) if user.email_verified => {
            return Ok((enter(visitor, tx, user, &Factor::MagicLink, true).await?, false));
        }
        Some(user) => (claim(tx, user).await?, false),
        None => (welcome(tx, &email, link.name.as_deref().unwrap_or_default()).await?, true),
    };
    Ok((enter(visitor, system().await?, user, &Factor::MagicLink, true).await?, new))
}

/// Gives an account that somebody made for an address that was not verified to whoever has the address. Whoever
/// made it may be another: their password and sessions go.
async fn claim(mut tx: SystemTx, user: User) -> Result<User> {
    users::verify_email(&mut tx, user.id).await?;
    store::set_password(&mut tx, user.id, None).await?;
    store::remove_links(&mut tx, user.id).await?;
    close_sessions_of(&mut tx, user.id).await?;
    let home = store::home(&mut tx, user.id).await?;
    super::commit_for(tx, user.id, home, Change::new("user", user.id, "user.claimed")).await?;
    Ok(User { email_verified: true, ..user })
}

/// Makes a user of whoever has the address, with a trader's tenant.
async fn welcome(mut tx: SystemTx, email: &Email, name: &str) -> Result<User> {
    admit_strangers(&mut tx).await?;
    let local_part = email.as_str().split('@').next().unwrap_or_default();
    let new = NewAccount {
        user: NewUser { email, name, image: None, email_verified: true },
        password_hash: None,
        kind: Kind::Trader,
        tenant_name: if name.trim().is_empty() { local_part } else { name.trim() },
    };
    let SignedUp { tx, user, .. } = sign_up(tx, &new).await?;
    tx.commit().await?;
    Ok(user)
}
