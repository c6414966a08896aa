use crate::{
    Failure, Gate, Priority,
    accounts::Accounts,
    markets::Markets,
    parse::{self, AggregateTrade, BestPrices, ExchangeInfo, Klines, Ticker, Trade},
    sign::Skew,
    topics::Topics,
    transport::{Ask, tls},
};
use kit::{Clock, Ids};
use market_data::TradesFrom;
use reqwest::{Client, redirect::Policy};
use std::{sync::Arc, time::Duration};
use tracing::warn;
use trading::{
    book::Snapshot,
    money::Symbol,
    time::{Timeframe, Timestamp},
};
use url::Url;

/// Where Binance's own REST API is.
const HOST: &str = "api.binance.com";
/// The most candles of one page.
pub(crate) const PAGE: usize = 1_000;
/// The longest description of all symbols, which has some 15 MB.
const LARGEST_INFO: usize = 64 << 20;
/// How long after its end a candle counts as closed, in milliseconds: its last trades come in, …
const SETTLED: i64 = 500;
/// … and clocks differ, where nobody has measured by how much.
const DIFFERENCE: i64 = 5_000;
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
    /// Where its market streams are, without `/stream`.
    pub streams: Url,
    /// Where its WebSocket API is, without `/ws-api/v3`.
    pub api: Url,
    /// How long a connection may say nothing: it pings three times as often.
    pub silence: Duration,
    /// How long a connection is used at the most, of the 24 hours that it lasts.
    pub life: Duration,
    /// Says which candles are closed.
    pub clock: Clock,
    /// Spreads the pauses.
    pub ids: Ids,
}

impl Settings {
    /// The usual ones for an address. Whatever speaks as Binance does has all in one place, which Binance has not.
    #[must_use]
    pub fn new(base: Url, clock: Clock, ids: Ids) -> Self {
        let at = |host| {
            let mut url = base.clone();
            let is_moved = base.host_str() == Some(HOST) && url.set_host(Some(host)).is_ok();
            if is_moved { url } else { base.clone() }
        };
        Self {
            timeout: Duration::from_secs(10),
            attempts: 4,
            pause: Duration::from_millis(500),
            weight_per_minute: 5_000,
            streams: at("stream.binance.com"),
            api: at("ws-api.binance.com"),
            silence: Duration::from_secs(60),
            life: Duration::from_hours(23),
            base,
            clock,
            ids,
        }
    }
}

/// Binance spot, by REST and by streams. A clone is the same client.
#[derive(Clone)]
pub struct Binance {
    pub(crate) client: Client,
    pub(crate) settings: Settings,
    pub(crate) gate: Arc<Gate>,
    pub(crate) skew: Arc<Skew>,
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) markets: Arc<Markets>,
}

impl Binance {
    /// A client with a budget of its own.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let client = Client::builder()
            .tls_backend_preconfigured(tls())
            .redirect(Policy::none())
            // what is asked again is decided here: an order never is
            .retry(reqwest::retry::never())
            .timeout(settings.timeout)
            .user_agent("BotCriptoFy");
        #[expect(clippy::expect_used, reason = "only TLS can fail to be set up, and it is set up already")]
        let client = client.build().expect("a client of a sound description");
        let gate = Arc::new(Gate::new(settings.weight_per_minute));
        let (accounts, markets) = (Arc::new(Topics::of_a_teller_each()), Arc::new(Topics::of_one_teller()));
        Self { client, settings, gate, skew: Arc::default(), accounts, markets }
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
        let ask = Ask { largest: LARGEST_INFO, ..Ask::new("exchangeInfo", &[], 20, priority) };
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
        let asked = parse::AskedKlines { timeframe, from, to, now: self.ended_by() };
        self.ask("klines", &query, 2, priority, |body| parse::klines(body, &asked)).await
    }

    /// What ended before this moment has ended at the exchange too, and is counted.
    fn ended_by(&self) -> Timestamp {
        let now = self.settings.clock.now();
        let grace = if self.skew.is_known() { SETTLED } else { DIFFERENCE };
        Timestamp::from_millis(self.skew.applied(now).saturating_sub(grace))
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

    /// Trades, those of one order at one price in one, from a time or an id on, else the latest; at most 1,000.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub async fn aggregate_trades(
        &self,
        symbol: &Symbol,
        from: Option<TradesFrom>,
        priority: Priority,
    ) -> Result<Vec<AggregateTrade>, Failure> {
        let mut query = vec![("symbol", code(symbol)), ("limit", PAGE.to_string())];
        query.extend(from.map(|from| match from {
            TradesFrom::Time(at) => ("startTime", at.millis().to_string()),
            TradesFrom::Number(id) => ("fromId", id.to_string()),
        }));
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

    pub(crate) async fn ask<T>(
        &self,
        path: &str,
        query: &[(&str, String)],
        weight: u32,
        priority: Priority,
        read: impl Fn(&[u8]) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.answered(&Ask::new(path, query, weight, priority), read).await
    }

    /// Waits for a turn, but not for the end of a ban: whoever asks has other things to do meanwhile.
    pub(crate) async fn turn(&self, priority: Priority, weight: u32) -> Result<(), Failure> {
        let stopped = self.gate.stopped();
        if stopped > PATIENCE {
            return Err(self.limited_for(stopped));
        }
        Ok(self.gate.pass(priority, weight).await?)
    }

    /// Asks until there is an answer that can be read, or there have been enough attempts.
    pub(crate) async fn answered<T>(
        &self,
        ask: &Ask<'_>,
        read: impl Fn(&[u8]) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut attempt = 1;
        loop {
            self.turn(ask.priority, ask.weight).await?;
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
}

/// Binance's own name of a symbol.
pub(crate) fn code(symbol: &Symbol) -> String {
    format!("{}{}", symbol.base(), symbol.quote())
}
