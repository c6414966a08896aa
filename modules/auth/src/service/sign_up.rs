use crate::{AuthSettings, common::is_common, error, form::Form, jobs::SendMail, platform::admit_strangers, store};
use audit::Change;
use garde::Validate;
use kit::{App, Origin, Reason, Result, SystemTx, TenantTx, User, enqueue_job};
use schemars::JsonSchema;
use serde::Deserialize;
use tenants::{Kind, Tenant};
use users::{Email, NewUser, Profile};

/// What somebody says who wants to become a user.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignUp {
    #[garde(length(chars, max = 200))]
    name: String,
    #[garde(skip)]
    email: Email,
    /// 8 to 128 characters.
    #[garde(skip)]
    password: String,
    /// The address of a picture.
    #[garde(length(max = 2048))]
    image: Option<String>,
    /// Where the link of the verification mail leads in the end.
    #[serde(rename = "callbackURL")]
    #[garde(length(max = 2048))]
    callback_url: Option<String>,
    /// What the user's tenant is to be; a trader's if not said.
    #[garde(skip)]
    #[serde(default)]
    tenant_type: Kind,
    /// What the user's tenant is to be called; as the user if not said.
    #[garde(length(chars, min = 1, max = 200))]
    tenant_name: Option<String>,
}

impl Form for SignUp {
    const REFUSED: &[&str] = &["role", "banned", "banReason", "banExpires", "twoFactorEnabled"];
    const URL_ENCODED: bool = true;
}

/// A user to be, with an account of their own and a tenant.
#[derive(Clone, Debug)]
pub struct NewAccount<'a> {
    pub user: NewUser<'a>,
    /// As [`Passwords::hash`](crate::Passwords::hash) makes it; without one they sign in by something else.
    pub password_hash: Option<&'a str>,
    /// What their tenant is.
    pub kind: Kind,
    /// What their tenant is called.
    pub tenant_name: &'a str,
}

/// A new user, in whose tenant the transaction goes on.
pub struct SignedUp {
    pub tx: TenantTx,
    pub user: User,
    pub tenant: Tenant,
}

/// Makes a user, their account and their tenant, of which they are the founder.
///
/// # Errors
/// 409 `USER_ALREADY_EXISTS` when the address is somebody's already.
pub async fn sign_up(mut tx: SystemTx, new: &NewAccount<'_>) -> Result<SignedUp> {
    let user = users::create(&mut tx, &new.user).await?.ok_or_else(error::address_taken)?;
    settle(tx, user, new).await
}

/// Gives a user a tenant, and an account where they have a password.
async fn settle(tx: SystemTx, user: User, new: &NewAccount<'_>) -> Result<SignedUp> {
    let (mut tx, tenant) = tenants::create(tx, new.kind, new.tenant_name, user.id).await?;
    if let Some(hash) = new.password_hash {
        store::insert_account(&mut tx, user.id, hash).await?;
    }
    audit::record(&mut tx, Change::new("user", user.id, "user.created").after(Profile::from(&user))).await?;
    Ok(SignedUp { tx, user, tenant })
}

/// The hash of a password that somebody has chosen.
///
/// # Errors
/// 400 `PASSWORD_TOO_SHORT` below 8 characters, `PASSWORD_TOO_LONG` beyond 128, `PASSWORD_COMPROMISED` for one that
/// everybody tries first; 503 when too many are hashed already.
pub async fn hash_new_password(app: &App, password: &str) -> Result<String> {
    match password.chars().count() {
        ..8 => Err(error::password_too_short()),
        129.. => Err(error::password_too_long()),
        _ if is_common(password) => Err(error::password_compromised()),
        _ => app.the::<AuthSettings>()?.passwords.hash(password, app.ids()).await,
    }
}

/// Signs a stranger up and asks them to verify their address. Who gives the address of another learns nothing:
/// the same work is done for an invented user, the answer looks the same, and nothing is kept.
pub(crate) async fn register(app: &App, origin: Origin, form: &SignUp) -> Result<User> {
    let hash = hash_new_password(app, &form.password).await?;
    let local_part = form.email.as_str().split('@').next().unwrap_or_default();
    let name = if form.name.trim().is_empty() { local_part } else { form.name.trim() };
    let user = NewUser { email: &form.email, name: &form.name, image: form.image.as_deref(), email_verified: false };
    let new = NewAccount {
        user,
        password_hash: Some(&hash),
        kind: form.tenant_type,
        tenant_name: form.tenant_name.as_deref().unwrap_or(name),
    };

    let mut tx = app.db().system(Reason::SignUp, origin).await?;
    admit_strangers(&mut tx).await?;
    let user = users::create(&mut tx, &new.user).await?;
    let taken = user.is_none();
    let user = match user {
        Some(user) => user,
        None => invented(&mut tx, &new.user).await?,
    };
    let SignedUp { mut tx, user, .. } = settle(tx, user, &new).await?;
    let mail = SendMail::VerifyEmail { email: form.email.clone(), callback_url: form.callback_url.clone() };
    enqueue_job(&mut tx, &mail).await?;
    if !taken {
        tx.commit().await?;
    }
    Ok(User { email: form.email.to_string(), ..user })
}

/// A user with an address that nobody can have, whom the end of the transaction undoes.
async fn invented(tx: &mut SystemTx, like: &NewUser<'_>) -> Result<User> {
    let address = format!("{}@taken.invalid", tx.new_id().simple());
    let email = Email::parse(&address).ok_or_else(error::address_taken)?;
    users::create(tx, &NewUser { email: &email, ..like.clone() }).await?.ok_or_else(error::address_taken)
}
