use crate::{
    Failure, Gate, Priority,
    parse::{self, AggregateTrade, BestPrices, ExchangeInfo, Klines, Ticker, Trade},
};
use kit::{Clock, Ids};
use reqwest::{Client, Response, StatusCode, header::RETRY_AFTER, redirect::Policy};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use std::{sync::Arc, time::Duration};
use tracing::warn;
use trading::{
    book::Snapshot,
    money::Symbol,
    time::{Timeframe, Timestamp},
};
use url::Url;

/// The most candles of one page.
pub(crate) const PAGE: usize = 1_000;
/// The longest answer in bytes, of all but [`LARGEST_INFO`]: 5,000 levels a side are some 400 kB.
const LARGEST: usize = 4 << 20;
/// The longest description of all symbols, which has some 15 MB.
const LARGEST_INFO: usize = 64 << 20;
/// How long nobody goes out when the exchange says that there were too many, but not for how long.
const USUAL_PAUSE: Duration = Duration::from_secs(60);
/// Whoever would have to wait longer than this is told so instead.
const PATIENCE: Duration = Duration::from_secs(120);

/// How Binance is called.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where its REST API is, without `/api/v3`.
    pub base: Url,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How often a request is made before it has failed.
    pub attempts: u32,
    /// The pause before the second attempt; each further one is twice as long.
    pub pause: Duration,
    /// The weight that may leave this address a minute.
    pub weight_per_minute: u32,
    /// Says which candles are closed.
    pub clock: Clock,
    /// Spreads the pauses.
    pub ids: Ids,
}

impl Settings {
    /// The usual ones for an address.
    #[must_use]
    pub fn new(base: Url, clock: Clock, ids: Ids) -> Self {
        let (timeout, pause) = (Duration::from_secs(10), Duration::from_millis(500));
        Self { base, timeout, attempts: 4, pause, weight_per_minute: 5_000, clock, ids }
    }
}

/// Public market data of Binance spot, by REST.
pub struct Binance {
    client: Client,
    settings: Settings,
    gate: Arc<Gate>,
}

/// What is asked.
struct Ask<'a> {
    path: &'a str,
    query: &'a [(&'a str, String)],
    weight: u32,
    priority: Priority,
    largest: usize,
}

impl Binance {
    /// A client with a budget of its own.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let client = Client::builder()
            .tls_backend_preconfigured(tls())
            .redirect(Policy::none())
            .timeout(settings.timeout)
            .user_agent("BotCriptoFy");
        #[expect(clippy::expect_used, reason = "only TLS can fail to be set up, and it is set up already")]
        let client = client.build().expect("a client of a sound description");
        let gate = Arc::new(Gate::new(settings.weight_per_minute));
        Self { client, settings, gate }
    }

    /// The budget that all calls share, for others who call from the same address.
    #[must_use]
    pub fn gate(&self) -> Arc<Gate> {
        self.gate.clone()
    }

    /// Whether it answers.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub async fn ping(&self) -> Result<(), Failure> {
        self.ask("ping", &[], 1, Priority::Query, |_| Ok(())).await
    }

    /// The exchange's clock.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub async fn time(&self) -> Result<Timestamp, Failure> {
        self.ask("time", &[], 1, Priority::Query, parse::server_time).await
    }

    /// All symbols with their filters.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub async fn exchange_info(&self, priority: Priority) -> Result<ExchangeInfo, Failure> {
        let ask = Ask { path: "exchangeInfo", query: &[], weight: 20, priority, largest: LARGEST_INFO };
        self.answered(&ask, parse::exchange_info).await
    }

    /// The first candles that open at `from` or later and before `to`, at most 1,000, the open one left out.
    ///
    /// # Errors
    /// Any [`Failure`]; [`Failure::Malformed`] for candles that do not ascend or lie elsewhere.
    pub async fn klines(
        &self,
        symbol: &Symbol,
        timeframe: Timeframe,
        (from, to): (Timestamp, Timestamp),
        priority: Priority,
    ) -> Result<Klines, Failure> {
        let query = [
            ("symbol", code(symbol)),
            ("interval", timeframe.to_string()),
            ("startTime", from.millis().to_string()),
            ("endTime", to.millis().saturating_sub(1).to_string()),
            ("limit", PAGE.to_string()),
        ];
        let asked = parse::AskedKlines { timeframe, from, to, now: self.settings.clock.now().utc().into() };
        self.ask("klines", &query, 2, priority, |body| parse::klines(body, &asked)).await
    }

    /// The book to a depth of 5,000 levels a side at most.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub async fn depth(&self, symbol: &Symbol, levels: u16, priority: Priority) -> Result<Snapshot, Failure> {
        let weight = match levels {
            0..=100 => 5,
            101..=500 => 25,
            501..=1_000 => 50,
            _ => 250,
        };
        let query = [("symbol", code(symbol)), ("limit", levels.clamp(1, 5_000).to_string())];
        self.ask("depth", &query, weight, priority, parse::snapshot).await
    }

    /// The latest trades, the oldest first; at most 1,000.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub async fn trades(&self, symbol: &Symbol, limit: u16) -> Result<Vec<Trade>, Failure> {
        let query = [("symbol", code(symbol)), ("limit", limit.clamp(1, 1_000).to_string())];
        self.ask("trades", &query, 25, Priority::Query, parse::trades).await
    }

    /// Trades, those of one order at one price in one, from an id on, else the latest; at most 1,000.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub async fn aggregate_trades(
        &self,
        symbol: &Symbol,
        from_id: Option<u64>,
        priority: Priority,
    ) -> Result<Vec<AggregateTrade>, Failure> {
        let mut query = vec![("symbol", code(symbol)), ("limit", PAGE.to_string())];
        query.extend(from_id.map(|id| ("fromId", id.to_string())));
        self.ask("aggTrades", &query, 4, priority, parse::aggregate_trades).await
    }

    /// What has happened to a price in the last 24 hours.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub async fn ticker(&self, symbol: &Symbol) -> Result<Ticker, Failure> {
        self.ask("ticker/24hr", &[("symbol", code(symbol))], 2, Priority::Query, parse::ticker).await
    }

    /// The best bid and ask.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub async fn best_prices(&self, symbol: &Symbol) -> Result<BestPrices, Failure> {
        self.ask("ticker/bookTicker", &[("symbol", code(symbol))], 2, Priority::Query, parse::best_prices).await
    }

    async fn ask<T>(
        &self,
        path: &str,
        query: &[(&str, String)],
        weight: u32,
        priority: Priority,
        read: impl Fn(&[u8]) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.answered(&Ask { path, query, weight, priority, largest: LARGEST }, read).await
    }

    /// Asks until there is an answer that can be read, or there have been enough attempts.
    async fn answered<T>(&self, ask: &Ask<'_>, read: impl Fn(&[u8]) -> Result<T, Failure>) -> Result<T, Failure> {
        let mut attempt = 1;
        loop {
            self.gate.pass(ask.priority, ask.weight).await?;
            let failure = match self.body(ask).await.and_then(|body| read(&body)) {
                Ok(answer) => return Ok(answer),
                Err(failure @ (Failure::Refused { .. } | Failure::TooHeavy(_))) => return Err(failure),
                Err(failure) => failure,
            };
            let waits_too_long = matches!(failure, Failure::Limited { until }
                if (until - self.settings.clock.now()).to_std().is_ok_and(|wait| wait > PATIENCE));
            if attempt >= self.settings.attempts || waits_too_long {
                return Err(failure);
            }
            warn!(path = ask.path, attempt, "asked once more: {failure}");
            // after a refusal for the number of requests the gate itself waits
            if !matches!(failure, Failure::Limited { .. }) {
                tokio::time::sleep(self.pause(attempt)).await;
            }
            attempt += 1;
        }
    }

    /// Doubles with each attempt, and lies between half of that and all of it.
    fn pause(&self, attempt: u32) -> Duration {
        let longest = self.settings.pause * 2_u32.saturating_pow((attempt - 1).min(6));
        let [.., random] = *self.settings.ids.uuid(self.settings.clock.now()).as_bytes();
        longest / 2 + longest / 2 * u32::from(random) / 255
    }

    async fn body(&self, ask: &Ask<'_>) -> Result<Vec<u8>, Failure> {
        let mut url = self.settings.base.clone();
        url.set_path(&format!("{}/api/v3/{}", url.path().trim_end_matches('/'), ask.path));
        if !ask.query.is_empty() {
            url.query_pairs_mut().extend_pairs(ask.query);
        }
        let response = self.client.get(url).send().await.map_err(|failure| unavailable(&failure))?;
        if let Some(used) = header(&response, "x-mbx-used-weight-1m") {
            self.gate.observe(used);
        }
        let status = response.status();
        if status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::IM_A_TEAPOT {
            return Err(self.limited(&response));
        }
        let body = limited_body(response, ask.largest).await?;
        match status {
            status if status.is_success() => Ok(body),
            status if status.is_client_error() => Err(parse::refusal(status.as_u16(), &body)),
            status => Err(Failure::Unavailable(format!("the answer is {status}"))),
        }
    }

    /// Nobody goes out until the moment that the answer names.
    fn limited(&self, response: &Response) -> Failure {
        let pause =
            header(response, RETRY_AFTER.as_str()).map_or(USUAL_PAUSE, |it: u32| Duration::from_secs(it.into()));
        self.gate.stop(pause);
        let seconds = i64::try_from(pause.as_secs()).unwrap_or(i64::MAX);
        Failure::Limited { until: self.settings.clock.now() + kit::chrono::TimeDelta::seconds(seconds) }
    }
}

/// Binance's own name of a symbol.
fn code(symbol: &Symbol) -> String {
    format!("{}{}", symbol.base(), symbol.quote())
}

fn header<T: std::str::FromStr>(response: &Response, name: &str) -> Option<T> {
    response.headers().get(name)?.to_str().ok()?.trim().parse().ok()
}

fn unavailable(failure: &reqwest::Error) -> Failure {
    let what = if failure.is_timeout() { "it takes too long" } else { "the connection fails" };
    warn!("{what}: {failure}");
    Failure::Unavailable(what.to_owned())
}

async fn limited_body(mut response: Response, largest: usize) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(|failure| unavailable(&failure))? {
        if body.len() + part.len() > largest {
            return Err(Failure::Malformed(format!("the answer has more than {largest} bytes")));
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
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
