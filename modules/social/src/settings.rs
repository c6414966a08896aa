use crate::{error, outside::Outside, provider::Provider};
use kit::Result;
use secrecy::SecretString;
use std::{collections::BTreeMap, time::Duration};
use url::Url;

/// By which platforms users may sign in.
#[derive(Clone, Debug)]
pub struct SocialSettings {
    pub providers: Vec<ProviderSettings>,
    /// Whether a signed-in user may link an account of another address than their own.
    pub link_different_emails: bool,
    /// How long any of the platforms may take for an answer.
    pub timeout: Duration,
}

impl Default for SocialSettings {
    fn default() -> Self {
        Self { providers: vec![], link_different_emails: false, timeout: Duration::from_secs(10) }
    }
}

/// A platform, and who we are there.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// What it is called in paths and accounts: `google`, `github`, or the operator's own name for an issuer.
    pub name: String,
    pub kind: ProviderKind,
    pub client_id: String,
    pub client_secret: SecretString,
}

/// What a platform speaks.
#[derive(Clone, Debug)]
pub enum ProviderKind {
    /// OpenID Connect, found out about by discovery.
    OpenId { issuer: Url },
    /// GitHub's own OAuth 2: github.com, or an Enterprise server at this address.
    GitHub { base: Option<Url> },
}

/// The platforms by which users may sign in; provided where the program starts.
pub struct Social {
    providers: BTreeMap<String, Provider>,
    pub(crate) link_different_emails: bool,
}

impl Social {
    /// The platforms of the settings. None of them is asked for anything yet.
    pub fn new(settings: SocialSettings) -> Self {
        let outside = Outside::new(settings.timeout);
        let provider = |it: ProviderSettings| (it.name.clone(), Provider::new(it, outside.clone()));
        let providers = settings.providers.into_iter().map(provider).collect();
        Self { providers, link_different_emails: settings.link_different_emails }
    }

    /// The platform of this name.
    ///
    /// # Errors
    /// 404 `PROVIDER_NOT_FOUND`.
    pub(crate) fn provider(&self, name: &str) -> Result<&Provider> {
        self.providers.get(name).ok_or_else(error::provider_not_found)
    }
}
