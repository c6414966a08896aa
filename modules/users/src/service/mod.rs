//! The rules, by subject.

mod administration;
mod export;
mod own;

pub(crate) use export::{ask_export, exports, fetch_export, make_export};
pub(crate) use own::{avatar, consent, consents, own_avatar, prefer, preferences, remove_avatar, replace_avatar};

pub use administration::{Correction, appoint, ban, correct, lock_all, promote, remove, set_role, unban};

use crate::{
    Email, Profile,
    profile::{ProfileInput, ProfilePatch},
    store,
};
use audit::Change;
use kit::{Error, Result, SystemTx, Time, Tx, User, UserTx};
use uuid::Uuid;

/// A user to be.
#[derive(Clone, Debug)]
pub struct NewUser<'a> {
    pub email: &'a Email,
    pub name: &'a str,
    /// The address of a picture.
    pub image: Option<&'a str>,
    /// Whether the address is known to be theirs.
    pub email_verified: bool,
}

/// Adds a user, or answers `None` when the address is somebody's already.
pub async fn create(tx: &mut SystemTx, new: &NewUser<'_>) -> Result<Option<User>> {
    store::insert(tx, new).await
}

/// The user with this id.
pub async fn find(tx: &mut SystemTx, id: Uuid) -> Result<Option<User>> {
    store::find(tx, id).await
}

/// The user with this address.
pub async fn find_by_email(tx: &mut SystemTx, email: &Email) -> Result<Option<User>> {
    store::find_by_email(tx, email.as_str()).await
}

/// Notes that the address is the user's own. Answers whether that is news.
pub async fn verify_email(tx: &mut SystemTx, user: Uuid) -> Result<bool> {
    store::verify_email(tx, user).await
}

/// Notes whether a second factor is asked for when the user signs in.
pub async fn set_two_factor<K>(tx: &mut Tx<K>, user: Uuid, enabled: bool) -> Result<()> {
    store::set_two_factor(tx, user, enabled).await
}

/// Notes when a user is to be forgotten, or that they are not to be. Answers whether that is news.
pub async fn set_erasure(tx: &mut SystemTx, user: Uuid, at: Option<Time>) -> Result<bool> {
    store::set_erasure(tx, user, at).await
}

/// When the user is to be forgotten, if they are.
pub async fn erasure(tx: &mut SystemTx, user: Uuid) -> Result<Option<Time>> {
    store::erasure(tx, user).await
}

/// Changes what a user is called and their picture; what is `None` stays.
pub async fn change_name_and_image(
    tx: &mut UserTx,
    user: Uuid,
    name: Option<String>,
    image: Option<Option<String>>,
) -> Result<Profile> {
    let patch = ProfilePatch { name, image, ..ProfilePatch::default() };
    change(tx, user, |user| patch.of(user)).await
}

/// Makes a tenant the one that the user's requests are about when they name none.
pub async fn set_default_tenant<K>(tx: &mut Tx<K>, user: Uuid, tenant: Uuid) -> Result<()> {
    store::set_default_tenant(tx, user, tenant).await
}

/// Changes the profile to what `change` makes of the present one.
pub(crate) async fn change(tx: &mut UserTx, user: Uuid, change: impl FnOnce(&User) -> ProfileInput) -> Result<Profile> {
    let before = store::lock(tx, user).await?.ok_or_else(|| Error::not_found("user"))?;
    let after = Profile::from(&store::change(tx, user, &change(&before)).await?);
    let change = Change::new("user", user, "user.profile-changed").before(Profile::from(&before)).after(&after);
    audit::record(tx, change).await?;
    Ok(after)
}
