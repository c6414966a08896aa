use crate::{AuthSettings, cookie::COMPONENT, store, token};
use chrono::TimeDelta;
use kit::{App, JobContext, Result, SystemTx};
use percent_encoding::utf8_percent_encode;
use uuid::Uuid;

/// A link of a mail that may be opened once, and what opening it does.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) purpose: Purpose,
    /// Whose it is; nobody's where its reader may become a user by it.
    pub(crate) user_id: Option<Uuid>,
    /// The address that the user has, or is to have.
    pub(crate) email: String,
    pub(crate) new_email: Option<String>,
    /// What a new user is to be called.
    pub(crate) name: Option<String>,
}

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub(crate) enum Purpose {
    ResetPassword,
    MagicLink,
    /// Goes to the old address: is the change wanted?
    ConfirmEmailChange,
    /// Goes to the new address: is it the user's?
    ChangeEmail,
    DeleteUser,
}

impl Purpose {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ResetPassword => "reset-password",
            Self::MagicLink => "magic-link",
            Self::ConfirmEmailChange => "confirm-email-change",
            Self::ChangeEmail => "change-email",
            Self::DeleteUser => "delete-user",
        }
    }

    /// How long it holds.
    fn age(self) -> TimeDelta {
        if self == Self::MagicLink { TimeDelta::minutes(5) } else { AuthSettings::LINK_AGE }
    }

    /// How many letters and digits its token has: at least 142 bits.
    fn length(self) -> usize {
        if self == Self::ResetPassword { 24 } else { token::LENGTH }
    }
}

/// Makes the token of a link. Only its hash is kept.
pub(crate) async fn issue(context: &JobContext, link: &Link) -> Result<String> {
    let token = context.app().ids().token(link.purpose.length());
    let mut tx = context.system().await?;
    let expires_at = tx.now() + link.purpose.age();
    store::insert_link(&mut tx, link, &token::hash(&token), expires_at).await?;
    tx.commit().await?;
    Ok(token)
}

/// The link of a token, once and while it holds.
pub(crate) async fn consume(tx: &mut SystemTx, purposes: &[Purpose], token: &str) -> Result<Option<Link>> {
    store::consume_link(tx, purposes, &token::hash(token)).await
}

/// The address of a route of the protocol, for a mail.
pub(crate) fn address(app: &App, path: &str, query: &[(&str, &str)]) -> String {
    let pairs: Vec<_> =
        query.iter().map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, COMPONENT))).collect();
    format!("{}/api/auth/{path}?{}", app.settings().base_url, pairs.join("&"))
}

/// The page with a further pair in its query.
pub(crate) fn with_pair(page: &str, name: &str, value: &str) -> String {
    let (before, fragment) = page.find('#').map_or((page, ""), |at| page.split_at(at));
    let sign = if before.contains('?') { '&' } else { '?' };
    format!("{before}{sign}{name}={}{fragment}", utf8_percent_encode(value, COMPONENT))
}

/// The page as a whole address: paths are ours.
pub(crate) fn whole(app: &App, page: &str) -> String {
    if page.starts_with('/') { format!("{}{page}", app.settings().base_url) } else { page.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_goes_into_the_query_and_before_the_fragment() {
        assert_eq!(with_pair("/x", "error", "A B"), "/x?error=A%20B");
        assert_eq!(with_pair("/x?a=b#c?d", "token", "t"), "/x?a=b&token=t#c?d");
    }
}
