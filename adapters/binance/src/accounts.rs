//! What happens to accounts, as Binance tells it: a connection of the WebSocket API for each key by which somebody
//! listens, kept for as long as somebody does.

use crate::{
    Binance, Failure, Priority,
    parse::user::{self, Answer, Message},
    persistence::Persistence,
    sign,
    socket::Socket,
    topics::Topics,
    transport::USUAL_PAUSE,
};
use exchanges::{AccountNews, Credentials};
use futures::stream::BoxStream;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::{convert::Infallible, time::Duration};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{debug, warn};

/// Of opening a connection, and of asking for the events of an account.
const WEIGHT: u32 = 2 + 2;

/// Those who listen, by the account's [`name`].
pub(crate) type Accounts = Topics<[u8; 32], AccountNews>;

impl Binance {
    pub(crate) fn account_news(&self, credentials: &Credentials) -> BoxStream<'static, AccountNews> {
        let account = name(credentials);
        self.accounts.listen(account, || {
            let (binance, credentials) = (self.clone(), credentials.clone());
            tokio::spawn(async move { binance.tell_of(account, &credentials).await })
        })
    }

    /// Tells of an account until nobody listens any more.
    async fn tell_of(&self, account: [u8; 32], credentials: &Credentials) {
        let mut persistence = Persistence::new();
        loop {
            let Err(failure) = self.hear_of(account, credentials).await;
            warn!("the events of an account are not heard: {failure}");
            self.accounts.stand(&account, &AccountNews::Interrupted(failure.clone().into()));
            if matches!(failure, Failure::Refused { code: sign::BAD_TIME, .. })
                && let Err(failure) = self.measure(Priority::Query).await
            {
                warn!("the clock could not be measured: {failure}");
            }
            persistence.wait(self, &failure).await;
        }
    }

    /// Tells what a connection tells, until it fails.
    async fn hear_of(&self, account: [u8; 32], credentials: &Credentials) -> Result<Infallible, Failure> {
        if !self.skew.is_known() {
            self.measure(Priority::Query).await?;
        }
        self.gate.pass(Priority::Query, WEIGHT).await?;
        let end = Instant::now() + self.spread(self.settings.life);
        let mut socket = self.socket(&self.settings.api, "ws-api/v3").await?;
        let late = |_| Failure::Unavailable("it does not say whether it will tell".to_owned());
        timeout(self.settings.timeout, self.subscribe(&mut socket, credentials)).await.map_err(late)??;
        self.accounts.stand(&account, &AccountNews::Connected);
        loop {
            let renewed = |_| Failure::Unavailable("the connection is renewed".to_owned());
            let text = timeout_at(end, socket.hear()).await.map_err(renewed)??;
            match user::read(&text) {
                Ok(Message::Order(id)) => self.accounts.tell(&account, AccountNews::Order(id)),
                Ok(Message::Over) => return Err(Failure::Unavailable("it tells no more".to_owned())),
                Ok(Message::Answer(_) | Message::Other) => {}
                Err(why) => debug!("a message of an account is passed over: {why}"),
            }
        }
    }

    async fn subscribe(&self, socket: &mut Socket, credentials: &Credentials) -> Result<(), Failure> {
        let now = self.skew.applied(self.settings.clock.now());
        let parameters = sign::parameters(credentials.key(), now, credentials.secret());
        let request = json!({ "id": "1", "method": "userDataStream.subscribe.signature", "params": parameters });
        socket.say(request.to_string()).await?;
        loop {
            let text = socket.hear().await?;
            if let Ok(Message::Answer(answer)) = user::read(&text) {
                return self.answered_by_socket(answer);
            }
        }
    }

    fn answered_by_socket(&self, answer: Answer) -> Result<(), Failure> {
        if let Some(used) = answer.used_weight {
            self.gate.observe(used);
        }
        match (answer.status, answer.refusal) {
            (200, None) => Ok(()),
            (418 | 429, refusal) => {
                let named = refusal.and_then(|it| it.retry_after);
                Err(self.stopped(named.map_or(USUAL_PAUSE, Duration::from_millis)))
            }
            (400..=499, Some(refusal)) => Err(Failure::Refused { code: refusal.code, message: refusal.message }),
            (status, _) => Err(Failure::Unavailable(format!("the answer is {status}"))),
        }
    }
}

/// What tells one account from another: a wrong secret hears nothing of what the right one is told.
fn name(credentials: &Credentials) -> [u8; 32] {
    let name = Sha256::new().chain_update(credentials.key()).chain_update([0]).chain_update(credentials.secret());
    name.finalize().into()
}
