//! One request to Binance, and its answer.

use crate::{Binance, Failure, Priority, parse, sign};
use exchanges::{Credentials, Validity};
use reqwest::{
    Method, Request, Response, StatusCode,
    header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER},
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use std::{sync::Arc, time::Duration};
use tracing::warn;

/// The longest answer in bytes, of all but the description of all symbols: 5,000 levels a side are some 400 kB.
const LARGEST: usize = 4 << 20;
/// How long nobody goes out when the exchange says that there were too many, but not for how long.
pub(crate) const USUAL_PAUSE: Duration = Duration::from_secs(60);
/// Binance's code for more orders of an account than it takes.
const TOO_MANY_ORDERS: i64 = -1015;
/// The shorter of the spans in which an account's orders are counted.
const ORDERS_SPAN: Duration = Duration::from_secs(10);

/// What is asked.
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) query: &'a [(&'a str, String)],
    pub(crate) weight: u32,
    pub(crate) priority: Priority,
    pub(crate) largest: usize,
    /// In whose name, if in anybody's.
    pub(crate) signer: Option<&'a Credentials>,
    /// When it may be taken, where that is not the usual time from when it is sent on.
    pub(crate) validity: Option<Validity>,
}

impl<'a> Ask<'a> {
    /// In nobody's name; below `api/v3`, but for a path that begins with `sapi/`.
    pub(crate) fn new(path: &'a str, query: &'a [(&'a str, String)], weight: u32, priority: Priority) -> Self {
        let (method, largest) = (Method::GET, LARGEST);
        Self { method, path, query, weight, priority, largest, signer: None, validity: None }
    }
}

impl Binance {
    /// Doubles with each attempt, and is spread.
    pub(crate) fn pause(&self, attempt: u32) -> Duration {
        self.spread(self.settings.pause * 2_u32.saturating_pow((attempt - 1).min(6)))
    }

    /// Between half of a time and all of it, so that many do not come at once.
    pub(crate) fn spread(&self, longest: Duration) -> Duration {
        let [.., random] = *self.settings.ids.uuid(self.settings.clock.now()).as_bytes();
        longest / 2 + longest / 2 * u32::from(random) / 255
    }

    fn request(&self, ask: &Ask<'_>) -> Result<Request, Failure> {
        let mut url = self.settings.base.clone();
        let (api, path) = ask.path.strip_prefix("sapi/").map_or(("api/v3", ask.path), |path| ("sapi", path));
        url.set_path(&format!("{}/{api}/{path}", url.path().trim_end_matches('/')));
        if ask.signer.is_none() && !ask.query.is_empty() {
            url.query_pairs_mut().extend_pairs(ask.query);
        }
        let mut request = Request::new(ask.method.clone(), url);
        if let Some(credentials) = ask.signer {
            request.headers_mut().insert(sign::KEY, key(credentials)?);
            self.sign(&mut request, ask, credentials);
        }
        Ok(request)
    }

    /// What is sent is signed where it stands: in the body of what changes something new, else in the query.
    fn sign(&self, request: &mut Request, ask: &Ask<'_>, credentials: &Credentials) {
        let usual = || Validity { from: self.settings.clock.now(), millis: sign::WINDOW };
        let Validity { from, millis } = ask.validity.unwrap_or_else(usual);
        let window = millis.min(sign::LONGEST_WINDOW);
        let signed = sign::query(ask.query, self.skew.applied(from), window, credentials.secret());
        if ask.method == Method::POST {
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            request.headers_mut().insert(CONTENT_TYPE, form);
            *request.body_mut() = Some(signed.into());
        } else {
            request.url_mut().set_query(Some(&signed));
        }
    }

    pub(crate) async fn body(&self, ask: &Ask<'_>) -> Result<Vec<u8>, Failure> {
        let response = self.client.execute(self.request(ask)?).await.map_err(unavailable)?;
        if let Some(used) = header(&response, "x-mbx-used-weight-1m") {
            self.gate.observe(used);
        }
        let response = self.unlimited(response).await?;
        let status = response.status();
        let body = limited_body(response, ask.largest).await?;
        match status {
            status if status.is_success() => Ok(body),
            status if status.is_client_error() => Err(parse::refusal(status.as_u16(), &body)),
            status => Err(Failure::Unavailable(format!("the answer is {status}"))),
        }
    }

    /// An answer that does not speak of too many requests.
    pub(crate) async fn unlimited(&self, response: Response) -> Result<Response, Failure> {
        match response.status() {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::IM_A_TEAPOT => Err(self.limited(response).await),
            _ => Ok(response),
        }
    }

    /// Nobody goes out until the moment that the answer names.
    async fn limited(&self, response: Response) -> Failure {
        let named = header(&response, RETRY_AFTER.as_str()).map(|it: u32| Duration::from_secs(it.into()));
        let pause = match named {
            Some(pause) => pause,
            // an account that places too many orders stops nobody else
            None if is_about_orders(response).await => return self.limited_for(ORDERS_SPAN),
            None => USUAL_PAUSE,
        };
        self.stopped(pause)
    }

    /// Nobody goes out for so long.
    pub(crate) fn stopped(&self, pause: Duration) -> Failure {
        self.gate.stop(pause);
        self.limited_for(pause)
    }

    pub(crate) fn limited_for(&self, pause: Duration) -> Failure {
        let seconds = i64::try_from(pause.as_millis().div_ceil(1_000)).unwrap_or(i64::MAX);
        Failure::Limited { until: self.settings.clock.now() + kit::chrono::TimeDelta::seconds(seconds) }
    }
}

fn header<T: std::str::FromStr>(response: &Response, name: &str) -> Option<T> {
    response.headers().get(name)?.to_str().ok()?.trim().parse().ok()
}

async fn is_about_orders(response: Response) -> bool {
    let status = response.status().as_u16();
    let body = limited_body(response, LARGEST).await;
    body.is_ok_and(|body| matches!(parse::refusal(status, &body), Failure::Refused { code: TOO_MANY_ORDERS, .. }))
}

/// The key as a header that no log shows.
fn key(credentials: &Credentials) -> Result<HeaderValue, Failure> {
    let refused = |_| Failure::Refused { code: sign::BAD_KEY, message: "it cannot be a key of Binance".to_owned() };
    let mut key = HeaderValue::from_str(credentials.key()).map_err(refused)?;
    key.set_sensitive(true);
    Ok(key)
}

/// The address of a signed request holds its signature, which is nothing for a log.
pub(crate) fn unavailable(failure: reqwest::Error) -> Failure {
    let failure = failure.without_url();
    if failure.is_connect() {
        warn!("there is no connection: {failure}");
        return Failure::Unreached("there is no connection".to_owned());
    }
    let what = if failure.is_timeout() { "it takes too long" } else { "the connection fails" };
    warn!("{what}: {failure}");
    Failure::Unavailable(what.to_owned())
}

async fn limited_body(mut response: Response, largest: usize) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(unavailable)? {
        if body.len() + part.len() > largest {
            return Err(Failure::Malformed(format!("the answer has more than {largest} bytes")));
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

/// Trusts the usual authorities, and those that the operator has added to the machine's.
pub(crate) fn tls() -> ClientConfig {
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(ring::default_provider());
    #[expect(clippy::expect_used, reason = "ring speaks every version of TLS that rustls knows")]
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("TLS");
    config.with_root_certificates(roots).with_no_client_auth()
}
