//! A conversation with one who listens.

mod catch_up;
mod end;
mod listen;

use crate::{
    event::{Event, Key},
    frame::{Answer, Wish},
    hub::{Hub, Seat},
    limits::Limits,
};
use end::End;
use kit::{
    App, Presence, Socket, Upgrade, read_json,
    ws::{Message, Utf8Bytes, WebSocket},
};
use std::{collections::HashMap, sync::Arc};
use tokio::{
    select,
    time::{Instant, Interval, MissedTickBehavior, interval, timeout},
};

/// How many events go out together.
const TOGETHER: usize = 256;
/// How many beats a connection may be silent.
const SILENT_BEATS: u32 = 3;

/// One who listens.
pub(crate) struct Connection {
    app: App,
    presence: Presence,
    limits: Limits,
    hub: Hub,
    seat: Seat,
    socket: WebSocket,
    topics: HashMap<Key, Topic>,
    beat: Interval,
    /// How many beats ago something was heard.
    silent: u32,
    /// How many messages came in this second.
    heard: (Instant, u32),
}

/// What a connection listens to.
struct Topic {
    /// As the client calls it.
    name: String,
    permission: &'static str,
    /// The place up to which it has been told.
    told: i64,
}

/// What there is to do next.
enum Next {
    Say(Message),
    Tell(Vec<Arc<Event>>),
    Beat,
}

impl Connection {
    /// Begins the conversation.
    pub(crate) fn open(presence: Presence, upgrade: Upgrade) -> Socket {
        let limits = Limits::of(presence.app());
        upgrade.open(limits.message_bytes, move |socket| Box::pin(Self::new(presence, limits, socket).talk()))
    }

    fn new(presence: Presence, limits: Limits, socket: WebSocket) -> Self {
        let app = presence.app().clone();
        let hub: Hub = app.db().memory().kept();
        let mut beat = interval(limits.beat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (seat, heard) = (hub.enter(limits.queue), (Instant::now(), 0));
        Self { app, presence, limits, hub, seat, socket, topics: HashMap::new(), beat, silent: 0, heard }
    }

    async fn talk(mut self) {
        let connections = metrics::gauge!("stream_connections");
        connections.increment(1.0);
        let end = loop {
            if let Err(end) = self.go_on().await {
                break end;
            }
        };
        connections.decrement(1.0);
        metrics::counter!("stream_ends_total", "reason" => end.reason()).increment(1);
        let Self { seat, socket, .. } = self;
        let open = seat.open.clone();
        // nothing more waits for it, though it is open until it has been told
        drop(seat);
        end.tell(socket).await;
        drop(open);
    }

    async fn go_on(&mut self) -> Result<(), End> {
        match self.next().await? {
            Next::Say(message) => self.hear(message).await,
            Next::Tell(events) => self.tell(events).await,
            Next::Beat => self.beat().await,
        }
    }

    async fn next(&mut self) -> Result<Next, End> {
        let mut events = vec![];
        select! {
            biased;
            () = self.hub.stop().cancelled() => Err(End::Stopping),
            () = self.seat.slow.cancelled() => Err(End::Slow),
            _ = self.beat.tick() => Ok(Next::Beat),
            message = self.socket.recv() => match message {
                Some(Ok(message)) => Ok(Next::Say(message)),
                Some(Err(_)) => Err(End::Unreadable),
                None => Err(End::Left),
            },
            _ = self.seat.events.recv_many(&mut events, TOGETHER) => Ok(Next::Tell(events)),
        }
    }

    async fn hear(&mut self, message: Message) -> Result<(), End> {
        self.silent = 0;
        if !matches!(message, Message::Pong(_)) {
            self.count()?;
        }
        match message {
            Message::Text(text) => self.do_what(&text).await,
            Message::Binary(_) => {
                let message = "Send texts of JSON.";
                self.answer(&Answer::Error { code: "NOT_A_TEXT", message, topic: None, errors: &[] }).await
            }
            Message::Close(_) => Err(End::Left),
            // pings are answered where they are read
            Message::Ping(_) | Message::Pong(_) => Ok(()),
        }
    }

    /// Counts a message.
    fn count(&mut self) -> Result<(), End> {
        let (second, count) = &mut self.heard;
        if second.elapsed().as_secs() > 0 {
            (*second, *count) = (Instant::now(), 0);
        }
        *count += 1;
        if *count > self.limits.messages_a_second { Err(End::TooMuch) } else { Ok(()) }
    }

    async fn do_what(&mut self, text: &str) -> Result<(), End> {
        match read_json::<Wish>(text.as_bytes()) {
            Ok(Wish::Subscribe { topics, cursor }) => self.subscribe(topics, cursor.as_deref()).await,
            Ok(Wish::Unsubscribe { topics }) => self.unsubscribe(topics).await,
            Ok(Wish::Ping {}) => self.answer(&Answer::Pong).await,
            Err(error) => self.answer(&Answer::error(&error, None)).await,
        }
    }

    /// Asks whether the client is still there, and makes sure of who they are.
    async fn beat(&mut self) -> Result<(), End> {
        if self.silent >= SILENT_BEATS {
            return Err(End::Silent);
        }
        self.silent += 1;
        self.be_certain().await?;
        self.send([Message::Ping(vec![].into())]).await
    }

    /// Makes sure of who listens. What they may hear no longer is told no longer.
    async fn be_certain(&mut self) -> Result<(), End> {
        if self.presence.is_certain() {
            return Ok(());
        }
        self.presence.recognise().await.map_err(End::Refused)?;
        let mut topics = std::mem::take(&mut self.topics);
        let parted = self.part(&mut topics).await;
        self.topics = topics;
        parted
    }

    /// Leaves those of the topics that they may not listen to.
    async fn part(&mut self, topics: &mut HashMap<Key, Topic>) -> Result<(), End> {
        let (presence, seat) = (&self.presence, &mut self.seat);
        let lost = topics.extract_if(|_, topic| presence.may(topic.permission).is_err());
        let lost: Vec<_> = lost.inspect(|(key, _)| seat.leave(key)).map(|(_, topic)| topic.name).collect();
        if lost.is_empty() {
            return Ok(());
        }
        self.answer(&Answer::Unsubscribed { topics: &lost, code: Some("FORBIDDEN") }).await
    }

    /// Listens to a topic no longer; answers what it was called.
    fn leave(&mut self, key: &Key) -> Option<String> {
        self.seat.leave(key);
        self.topics.remove(key).map(|topic| topic.name)
    }

    async fn tell(&mut self, events: Vec<Arc<Event>>) -> Result<(), End> {
        self.be_certain().await?;
        let mut wanted = vec![];
        for event in events {
            if is_news(&mut self.topics, &event) {
                wanted.push(event.text.clone());
            }
            if event.last {
                self.leave(&event.key);
            }
        }
        self.send(wanted.into_iter().map(Message::Text)).await
    }

    async fn answer(&mut self, answer: &Answer<'_>) -> Result<(), End> {
        self.send([Message::Text(Utf8Bytes::from(answer.text()))]).await
    }

    /// Nobody waits long for a reader who takes in nothing.
    async fn send(&mut self, messages: impl IntoIterator<Item = Message>) -> Result<(), End> {
        let Self { hub, seat, socket, limits, .. } = self;
        select! {
            biased;
            () = hub.stop().cancelled() => Err(End::Stopping),
            () = seat.slow.cancelled() => Err(End::Slow),
            sent = timeout(limits.patience, end::send_all(socket, messages)) => match sent {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) => Err(End::Left),
                Err(_) => Err(End::Slow),
            },
        }
    }
}

/// Whether one of the topics has not been told of the event; then it has now.
fn is_news(topics: &mut HashMap<Key, Topic>, event: &Event) -> bool {
    let mut news = false;
    for key in event.keys() {
        if let Some(topic) = topics.get_mut(key) {
            let Some(seq) = event.seq else { return true };
            news |= topic.told < seq;
            topic.told = topic.told.max(seq);
        }
    }
    news
}
