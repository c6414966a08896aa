//! Signed requests against an exchange that looks at every signature.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use axum::{
    Router,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use binance::Binance;
use common::client_of;
use exchanges::{Balance, Credentials, KeyInfo, Venue, VenueError};
use hmac::{Hmac, KeyInit, Mac};
use kit::Time;
use sha2::Sha256;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

/// 2024-01-01T00:00:00Z.
const NOW: i64 = 1_704_067_200_000;
const KEY: &str = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A";
const SECRET: &str = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";
const RESTRICTIONS: &str = r#"{"ipRestrict":true,"createTime":1698645219000,"enableReading":true,
    "enableSpotAndMarginTrading":true,"enableWithdrawals":false,"enableInternalTransfer":false,"enableMargin":false,
    "enableFutures":false,"permitsUniversalTransfer":false,"enableVanillaOptions":false}"#;
const ACCOUNT: &str = r#"{"makerCommission":10,"canTrade":true,"canWithdraw":true,"canDeposit":true,
    "accountType":"SPOT","permissions":["SPOT"],"balances":[
    {"asset":"BTC","free":"4723846.89208129","locked":"0.00000000"},{"asset":"USDT","free":"0.5","locked":"12.25"}]}"#;

/// An exchange on loopback that knows one key, has a clock of its own, and may be told what to answer next.
#[derive(Clone)]
struct Fake(Arc<Mutex<State>>);

struct State {
    /// By how much its clock is ahead.
    ahead: i64,
    restrictions: String,
    account: String,
    /// What it answers to signed requests before it looks at them; `None` never answers.
    next: VecDeque<Option<Response>>,
    asked: Vec<String>,
}

fn refusal(status: StatusCode, code: i64, message: &str) -> Response {
    (status, format!(r#"{{"code":{code},"msg":"{message}"}}"#)).into_response()
}

fn signature(payload: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    base16ct::lower::encode_string(&mac.chain_update(payload).finalize().into_bytes())
}

impl State {
    fn now(&self) -> i64 {
        NOW + self.ahead
    }

    fn answer(&mut self, headers: &HeaderMap, uri: &Uri) -> Option<Response> {
        self.asked.push(uri.path().to_owned());
        if uri.path() == "/api/v3/time" {
            return Some(format!(r#"{{"serverTime":{}}}"#, self.now()).into_response());
        }
        if let Some(next) = self.next.pop_front() {
            return next;
        }
        if let Some(refusal) = self.refuses(headers, uri.query().unwrap_or_default()) {
            return Some(refusal);
        }
        Some(match uri.path() {
            "/sapi/v1/account/apiRestrictions" => self.restrictions.clone().into_response(),
            "/api/v3/account" => self.account.clone().into_response(),
            _ => StatusCode::NOT_FOUND.into_response(),
        })
    }

    /// As the exchange documents its checks.
    fn refuses(&self, headers: &HeaderMap, query: &str) -> Option<Response> {
        if headers.get("x-mbx-apikey").is_none_or(|key| key != KEY) {
            let message = "Invalid API-key, IP, or permissions for action.";
            return Some(refusal(StatusCode::UNAUTHORIZED, -2015, message));
        }
        let (payload, signed) = query.rsplit_once("&signature=").unwrap();
        if signed != signature(payload) {
            return Some(refusal(StatusCode::BAD_REQUEST, -1022, "Signature for this request is not valid."));
        }
        let value = |name: &str| -> i64 {
            let mut pairs = payload.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(known, _)| *known == name).unwrap().1.parse().unwrap()
        };
        let timestamp = value("timestamp");
        assert_eq!(value("recvWindow"), 5_000);
        let in_time = timestamp < self.now() + 1_000 && self.now() - timestamp <= 5_000;
        let message = "Timestamp for this request is outside of the recvWindow.";
        (!in_time).then(|| refusal(StatusCode::BAD_REQUEST, -1021, message))
    }
}

impl Fake {
    async fn start(ahead: i64) -> (Self, Binance) {
        let (restrictions, account) = (RESTRICTIONS.to_owned(), ACCOUNT.to_owned());
        let state = State { ahead, restrictions, account, next: VecDeque::new(), asked: vec![] };
        let fake = Self(Arc::new(Mutex::new(state)));
        let answering = fake.clone();
        let answer = move |headers: HeaderMap, uri: Uri| {
            let answer = answering.0.lock().unwrap().answer(&headers, &uri);
            async move {
                match answer {
                    Some(answer) => answer,
                    None => std::future::pending().await,
                }
            }
        };
        (fake, client_of(Router::new().fallback(answer), 2, NOW).await)
    }

    fn say(&self, answers: impl IntoIterator<Item = Option<Response>>) {
        self.0.lock().unwrap().next.extend(answers);
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().asked)
    }
}

fn known() -> Credentials {
    Credentials::new(KEY.to_owned(), SECRET.to_owned())
}

const TIME: &str = "/api/v3/time";
const ASKED_ACCOUNT: &str = "/api/v3/account";
const ASKED_RESTRICTIONS: &str = "/sapi/v1/account/apiRestrictions";

#[tokio::test]
async fn a_key_is_probed_and_its_account_read() {
    let (fake, binance) = Fake::start(0).await;
    let info = KeyInfo { read: true, trade: true, withdraw: false, ip_restricted: true };
    assert_eq!(binance.probe(&known()).await, Ok(info));
    let held = |asset: &str, free: &str, locked: &str| Balance {
        asset: asset.to_owned(),
        free: free.parse().unwrap(),
        locked: locked.parse().unwrap(),
    };
    let expected = vec![held("BTC", "4723846.89208129", "0"), held("USDT", "0.5", "12.25")];
    assert_eq!(binance.balances(&known()).await, Ok(expected));
    assert_eq!(fake.asked(), [TIME, ASKED_RESTRICTIONS, ASKED_ACCOUNT, ASKED_ACCOUNT]);
}

#[tokio::test]
async fn a_key_may_no_more_than_its_account() {
    let (fake, binance) = Fake::start(0).await;
    fake.0.lock().unwrap().account = ACCOUNT.replace(r#""canTrade":true"#, r#""canTrade":false"#);
    let info = KeyInfo { read: true, trade: false, withdraw: false, ip_restricted: true };
    assert_eq!(binance.probe(&known()).await, Ok(info));
    let blind = RESTRICTIONS.replace(r#""enableReading":true"#, r#""enableReading":false"#);
    fake.0.lock().unwrap().restrictions = blind.replace(r#""enableWithdrawals":false"#, r#""enableWithdrawals":true"#);
    let info = KeyInfo { read: false, trade: false, withdraw: true, ip_restricted: true };
    assert_eq!(binance.probe(&known()).await, Ok(info));
}

#[tokio::test]
async fn an_unknown_key_and_a_wrong_secret_are_refused_in_the_exchanges_words_and_asked_once() {
    let (fake, binance) = Fake::start(0).await;
    let wrong = Credentials::new(KEY.to_owned(), "another secret".to_owned());
    let message = "Signature for this request is not valid. (-1022)".to_owned();
    assert_eq!(binance.probe(&wrong).await, Err(VenueError::KeyRefused(message)));
    let unknown = Credentials::new("another key".to_owned(), SECRET.to_owned());
    let message = "Invalid API-key, IP, or permissions for action. (-2015)".to_owned();
    assert_eq!(binance.balances(&unknown).await, Err(VenueError::KeyRefused(message)));
    let no_key = Credentials::new("line\nbreak".to_owned(), SECRET.to_owned());
    assert!(matches!(binance.balances(&no_key).await, Err(VenueError::KeyRefused(_))));
    fake.say([Some(refusal(StatusCode::UNAUTHORIZED, -2014, "API-key format invalid."))]);
    let message = "API-key format invalid. (-2014)".to_owned();
    assert_eq!(binance.balances(&known()).await, Err(VenueError::KeyRefused(message)));
    assert_eq!(fake.asked(), [TIME, ASKED_RESTRICTIONS, ASKED_ACCOUNT, ASKED_ACCOUNT]);
}

#[tokio::test]
async fn the_exchanges_clock_is_measured_and_measured_anew_when_it_has_moved() {
    for ahead in [-3_600_000, 3_600_000] {
        let (fake, binance) = Fake::start(ahead).await;
        assert!(binance.balances(&known()).await.is_ok());
        fake.0.lock().unwrap().ahead = -ahead;
        assert!(binance.balances(&known()).await.is_ok());
        assert_eq!(fake.asked(), [TIME, ASKED_ACCOUNT, ASKED_ACCOUNT, TIME, ASKED_ACCOUNT]);
    }
}

#[tokio::test]
async fn a_clock_that_does_not_agree_even_when_it_was_measured_is_given_up() {
    let (fake, binance) = Fake::start(0).await;
    let message = "Timestamp for this request is outside of the recvWindow.";
    fake.say((0..9).map(|_| Some(refusal(StatusCode::BAD_REQUEST, -1021, message))));
    assert_eq!(binance.balances(&known()).await, Err(VenueError::Clock(message.to_owned())));
    assert_eq!(fake.asked(), [TIME, ASKED_ACCOUNT, TIME, ASKED_ACCOUNT]);
}

#[tokio::test]
async fn a_ban_is_told_with_its_end() {
    for status in [StatusCode::TOO_MANY_REQUESTS, StatusCode::IM_A_TEAPOT] {
        let (fake, binance) = Fake::start(0).await;
        fake.say([Some((status, [("retry-after", "3600")], r#"{"code":-1003,"msg":"Banned."}"#).into_response())]);
        let Err(VenueError::Unavailable { until, .. }) = binance.balances(&known()).await else { panic!("{status}") };
        assert_eq!(until, Some(Time::from_millis(NOW + 3_600_000)));
        assert_eq!(fake.asked(), [TIME, ASKED_ACCOUNT]);
    }
}

#[tokio::test]
async fn an_exchange_that_is_ill_or_silent_is_unavailable_and_asked_as_often_as_was_said() {
    let (fake, binance) = Fake::start(0).await;
    fake.say((0..2).map(|_| Some(StatusCode::BAD_GATEWAY.into_response())));
    let failure = binance.balances(&known()).await;
    assert!(matches!(&failure, Err(VenueError::Unavailable { message, until: None }) if message.contains("502")));
    fake.say([None, None]);
    let failure = binance.balances(&known()).await;
    assert!(matches!(&failure, Err(VenueError::Unavailable { message, .. }) if message.contains("too long")));
    fake.say([Some(StatusCode::FORBIDDEN.into_response())]);
    assert!(matches!(binance.balances(&known()).await, Err(VenueError::Unavailable { .. })));
    fake.say([Some(StatusCode::BAD_GATEWAY.into_response())]);
    assert!(binance.balances(&known()).await.is_ok());
    assert_eq!(fake.asked(), [TIME].into_iter().chain([ASKED_ACCOUNT; 7]).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_answer_that_cannot_be_used_is_told_as_that() {
    for account in [
        "{",
        r#"{"canTrade":true}"#,
        r#"{"canTrade":true,"balances":[{"asset":"BTC","free":1,"locked":"0"}]}"#,
        r#"{"canTrade":true,"balances":[{"asset":"BTC","free":"-1","locked":"0"}]}"#,
        r#"{"canTrade":true,"balances":[{"asset":"","free":"1","locked":"0"}]}"#,
    ] {
        let (fake, binance) = Fake::start(0).await;
        fake.0.lock().unwrap().account = account.to_owned();
        assert!(matches!(binance.balances(&known()).await, Err(VenueError::Wrong(_))), "{account}");
    }
    let (fake, binance) = Fake::start(0).await;
    fake.0.lock().unwrap().restrictions = r#"{"ipRestrict":true,"enableReading":true}"#.to_owned();
    assert!(matches!(binance.probe(&known()).await, Err(VenueError::Wrong(_))), "nothing is said of withdrawals");
}
