//! Requests in somebody's name, by Binance's clock.

use crate::{Binance, Failure, Priority, parse, refusal::of_order, sign, transport::Ask};
use exchanges::{Validity, VenueError};
use reqwest::Method;
use std::time::Duration;
use tokio::time::timeout;
use tracing::warn;

impl Binance {
    /// Asks by Binance's clock; once more when that turns out to be another than was thought.
    pub(crate) async fn signed<T>(
        &self,
        ask: &Ask<'_>,
        read: impl Fn(&[u8]) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        if !self.skew.is_known() {
            self.measure(ask.priority).await?;
        }
        match self.answered(ask, &read).await {
            Err(Failure::Refused { code: sign::BAD_TIME, .. }) => {
                self.measure(ask.priority).await?;
                self.answered(ask, &read).await
            }
            answered => answered,
        }
    }

    /// Sends what must not be done twice: once, within its validity, and never again.
    pub(crate) async fn sent_once<T>(
        &self,
        ask: Ask<'_>,
        validity: Validity,
        read: impl Fn(&[u8]) -> Result<T, Failure>,
    ) -> Result<T, VenueError> {
        let ask = Ask { method: Method::POST, validity: Some(validity), ..ask };
        self.ready_within(&ask, validity).await?;
        let answer = self.body(&ask).await.and_then(|body| read(&body));
        if matches!(answer, Err(Failure::Refused { code: sign::BAD_TIME, .. }))
            // the next one, under a validity of its own, goes by the right clock
            && let Err(failure) = self.measure(ask.priority).await
        {
            warn!("the clock could not be measured: {failure}");
        }
        answer.map_err(of_order)
    }

    /// Learns the time and waits for a turn, but not for longer than the request is valid.
    async fn ready_within(&self, ask: &Ask<'_>, validity: Validity) -> Result<(), VenueError> {
        let ready = async {
            if !self.skew.is_known() {
                self.measure(ask.priority).await?;
            }
            self.gate.pass(ask.priority, ask.weight).await.map_err(Failure::from)
        };
        timeout(self.left(validity)?, ready).await.map_err(|_| too_late())??;
        // the clock may have been set meanwhile
        self.left(validity).map(|_| ())
    }

    fn left(&self, Validity { from, millis }: Validity) -> Result<Duration, VenueError> {
        let window = i64::from(millis.min(sign::LONGEST_WINDOW));
        let left = from.millis() + window - self.settings.clock.now().millis();
        u64::try_from(left).map(Duration::from_millis).map_err(|_| too_late())
    }

    pub(crate) async fn measure(&self, priority: Priority) -> Result<(), Failure> {
        let learn = |body: &[u8]| {
            let theirs = parse::server_time(body);
            theirs.map(|theirs| self.skew.learn(theirs.millis(), self.settings.clock.now()))
        };
        self.ask("time", &[], 1, priority, learn).await
    }
}

fn too_late() -> VenueError {
    let message = "It was not sent, since it would have been sent too late.".to_owned();
    VenueError::Unavailable { message, until: None }
}
