use super::{
    account::withdraw_erasure,
    links::with_pair,
    notices,
    sessions::{OpenSession, open_session},
    two_factor,
};
use crate::{
    cookie::Cookies,
    error,
    guard::{Visitor, carry},
    reply::{Landing, Reply, Success},
    store,
};
use audit::Change;
use axum::http::HeaderValue;
use kit::{App, Result, SystemTx, User};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use std::borrow::Cow;
use uuid::Uuid;

/// How a user has proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Factor {
    Password,
    /// By the link of a mail.
    MagicLink,
    /// By a key of their device, which is two factors in one.
    Passkey,
    /// By another platform, such as `google`.
    Social(String),
}

impl Factor {
    /// Its name, for the trail.
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Password => "password".into(),
            Self::MagicLink => "magic-link".into(),
            Self::Passkey => "passkey".into(),
            Self::Social(provider) => provider.into(),
        }
    }
}

/// What a first factor leads to.
pub enum Entry {
    /// An open session.
    Open(Box<User>, Box<OpenSession>),
    /// The question for a second factor: cookies that carry it, and how it may be answered.
    Challenge(Vec<HeaderValue>, Vec<&'static str>),
}

/// What is answered to a first factor.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "{T}OrChallenge")]
pub enum Entered<T> {
    /// The session is open.
    In(T),
    /// A second factor is asked for.
    #[serde(rename_all = "camelCase")]
    Challenge {
        /// Always `true`.
        two_factor_redirect: bool,
        /// How it may be given, such as `totp`.
        two_factor_methods: Vec<&'static str>,
    },
}

/// Lets a user in who has proved who they are to the visitor's request, or asks them for a second factor; and ends the
/// transaction: what happens is recorded where they are at home.
///
/// # Errors
/// 403 `BANNED_USER` and `BLOCKED`.
pub async fn enter(visitor: &Visitor, mut tx: SystemTx, user: User, by: &Factor, remembered: bool) -> Result<Entry> {
    let user = admit(&mut tx, user).await?;
    security::admit(&visitor.app, &visitor.request.origin, user.id, None, None).await?;
    let mut proof = json!({ "userId": user.id, "by": by.name() });
    let mut cookies = vec![];
    if user.two_factor_enabled && *by != Factor::Passkey {
        let Some(trust) = two_factor::is_trusted(visitor, &mut tx, user.id).await? else {
            return two_factor::ask(visitor, tx, &user, by, remembered).await;
        };
        proof["secondFactor"] = "trusted-device".into();
        cookies.push(trust);
    }
    let session = OpenSession { cookies, ..open(&visitor.app, tx, user.id, proof, remembered).await? };
    Ok(Entry::Open(Box::new(user), Box::new(session)))
}

/// Refuses a user who is banned; a ban whose time is over is lifted.
///
/// # Errors
/// 403 `BANNED_USER`.
pub(super) async fn admit(tx: &mut SystemTx, user: User) -> Result<User> {
    match user.ban_expires {
        _ if !user.banned => Ok(user),
        Some(until) if until <= tx.now() => {
            let ban = json!({ "reason": user.ban_reason, "expires": until });
            audit::record(tx, Change::new("user", user.id, "user.ban-expired").before(ban)).await?;
            users::unban(tx, user.id).await
        }
        _ => Err(error::banned_user()),
    }
}

/// Opens the session of a user who has given all that is asked for, and ends the transaction.
pub(super) async fn open(
    app: &App,
    mut tx: SystemTx,
    user: Uuid,
    proof: Value,
    remembered: bool,
) -> Result<OpenSession> {
    withdraw_erasure(&mut tx, user).await?;
    let home = store::home(&mut tx, user).await?;
    notices::see_device(&mut tx, user).await?;
    notices::tell_anomaly(app, &mut tx, user).await?;
    let session = open_session(app, &mut tx, user, remembered).await?;
    let change = Change::new("session", session.id, "session.opened").after(proof);
    super::commit_for(tx, user, home, change).await?;
    Ok(session)
}

impl Entry {
    /// The reply: what `show` makes of the open session, with its cookie; or the challenge, with its own.
    pub fn reply<T>(self, app: &App, show: impl FnOnce(User, OpenSession) -> T) -> Result<Reply<Success<Entered<T>>>> {
        match self {
            Self::Open(user, session) => {
                let (token, remembered, cookies) =
                    (session.token.clone(), session.live.remembered, session.cookies.clone());
                let reply = Reply::success(Entered::In(show(*user, *session)));
                Ok(carry(app, reply, &token, remembered)?.cookies(cookies))
            }
            Self::Challenge(cookies, two_factor_methods) => {
                let challenge = Entered::Challenge { two_factor_redirect: true, two_factor_methods };
                Ok(Reply::success(challenge).cookies(Cookies::of(app)?.clear()).cookies(cookies))
            }
        }
    }

    /// The way to a page, with the cookie of the session; or with that of the challenge, of which the page is told
    /// by `twoFactorRedirect=true`.
    pub fn land<T>(self, app: &App, page: String) -> Result<Landing<T>> {
        let cookies = Cookies::of(app)?;
        Ok(match self {
            Self::Open(_, session) => {
                let opened = cookies.open(&session.token, session.live.remembered);
                Landing::At(page, opened.into_iter().chain(session.cookies).collect())
            }
            Self::Challenge(challenge, _) => {
                let page = with_pair(&page, "twoFactorRedirect", "true");
                Landing::At(page, cookies.clear().into_iter().chain(challenge).collect())
            }
        })
    }
}
