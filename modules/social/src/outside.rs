//! What is asked of other platforms. They may be slow, ill or hostile.

use crate::provider::Refusal;
use reqwest::{Client, RequestBuilder, StatusCode, redirect::Policy};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use url::Url;

/// The longest answer, in bytes: a set of keys or a profile is far smaller.
const LARGEST: usize = 256 << 10;

/// Asks other platforms: never for long, never led elsewhere, never for much.
#[derive(Clone)]
pub(crate) struct Outside {
    client: Client,
    timeout: Duration,
}

impl Outside {
    pub(crate) fn new(timeout: Duration) -> Self {
        let client = Client::builder()
            .tls_backend_preconfigured(tls())
            .redirect(Policy::none())
            .timeout(timeout)
            .user_agent("BotCriptoFy");
        #[expect(clippy::expect_used, reason = "only TLS can fail to be set up, and it is set up already")]
        let client = client.build().expect("a client of a sound description");
        Self { client, timeout }
    }

    /// How long an answer may take.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// What stands there; asked once more when that fails.
    pub(crate) async fn get(&self, url: &Url, bearer: Option<&str>) -> Result<Value, Refusal> {
        let ask = || {
            let request = self.client.get(url.clone());
            let request = if let Some(token) = bearer { request.bearer_auth(token) } else { request };
            answer(request)
        };
        let answered = match ask().await {
            Err(Refusal::Unavailable(_)) => ask().await?,
            answered => answered?,
        };
        match answered {
            (status, body) if status.is_success() => Ok(body),
            (status, _) => Err(Refusal::UserInfo(format!("{} answers {status}", url.path()))),
        }
    }

    /// What a form is answered with. It is sent once: a code can be redeemed once only.
    pub(crate) async fn post(
        &self,
        url: &Url,
        basic: Option<(&str, &str)>,
        form: &[(&str, &str)],
    ) -> Result<Value, Refusal> {
        let request = self.client.post(url.clone()).form(form);
        let request = match basic {
            Some((user, password)) => request.basic_auth(user, Some(password)),
            None => request,
        };
        match answer(request).await? {
            (status, body) if status.is_success() && body.get("error").is_none() => Ok(body),
            // the platform's own name of the fault, which is no secret
            (status, body) => Err(Refusal::Code(format!("{status} {}", body["error"].as_str().unwrap_or_default()))),
        }
    }
}

async fn answer(request: RequestBuilder) -> Result<(StatusCode, Value), Refusal> {
    let unavailable = |failure: reqwest::Error| Refusal::Unavailable(failure.without_url().to_string());
    let mut response = request.header("accept", "application/json").send().await.map_err(unavailable)?;
    let status = response.status();
    if status.is_server_error() || status.is_redirection() || status == StatusCode::TOO_MANY_REQUESTS {
        return Err(Refusal::Unavailable(format!("the answer is {status}")));
    }
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(unavailable)? {
        if body.len() + part.len() > LARGEST {
            return Err(Refusal::Unavailable(format!("the answer has more than {LARGEST} bytes")));
        }
        body.extend_from_slice(&part);
    }
    match serde_json::from_slice(&body) {
        Ok(body) => Ok((status, body)),
        // a refusal needs no reason
        Err(_) if status.is_client_error() => Ok((status, Value::Null)),
        Err(_) => Err(Refusal::Unavailable("the answer is no JSON".to_owned())),
    }
}

/// Trusts the usual authorities, and those that the operator has added to the machine's.
fn tls() -> ClientConfig {
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(ring::default_provider());
    #[expect(clippy::expect_used, reason = "ring speaks every version of TLS that rustls knows")]
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("TLS");
    config.with_root_certificates(roots).with_no_client_auth()
}
