//! What a live bot does at its exchange: it sends what was written that it sends, once, and asks what has become of it.

use super::{
    log::Errand,
    news::{News, Teller},
    ticket,
};
use crate::event::Event;
use chrono::TimeDelta;
use exchanges::{Account, AccountNews, OrderRefusal, OrderReport, PlacedOrder, Validity, VenueError};
use kit::Time;
use orders::Open;
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};
use trading::{
    engine::{Input, RejectReason, Rejection},
    money::Instrument,
    order::{ClientOrderId, IdPrefix, Order, OrderStatus},
    time::Timestamp,
};

/// For how long after it was written an order may reach the exchange.
const VALID_MILLIS: u32 = 5_000;
/// An order that the exchange does not know so long after its validity has never reached it.
const MARGIN: TimeDelta = TimeDelta::milliseconds(5_000);
/// How often the exchange is asked about orders whose fate is near, …
const EVERY: TimeDelta = TimeDelta::seconds(2);
/// … about those that wait for a price, …
const RESTING: TimeDelta = TimeDelta::seconds(10);
/// … about the same while it tells by itself what happens to them, …
const TOLD: TimeDelta = TimeDelta::seconds(30);
/// … and when it is asked again if it does not answer.
const PAUSE: TimeDelta = TimeDelta::seconds(5);
/// How often orders are looked for that are written nowhere.
const SEARCH: TimeDelta = TimeDelta::hours(1);
/// However long a bot was away, they are looked for no further back, …
const FURTHEST: TimeDelta = TimeDelta::days(30);
/// … and always a little further than it knows, since clocks differ.
pub(super) const OVERLAP: TimeDelta = TimeDelta::minutes(1);
/// However much it tells, it is asked no more often.
const LEAST: TimeDelta = TimeDelta::seconds(1);
/// How long an entry is tried that the exchange cannot take at the moment. What leaves a position is tried for ever.
const PATIENCE: TimeDelta = TimeDelta::seconds(30);

/// The account of a live bot.
pub(super) struct Exchange {
    pub(super) account: Arc<Account>,
    pub(super) teller: Teller,
    /// What the exchange has surely not taken, to be sent by the next right to do so, with when it was decided.
    unsent: Vec<(Vec<Order>, Time)>,
    /// When an order was last given the right to be sent, by this process.
    sent: HashMap<ClientOrderId, Time>,
    /// Whoever ran the bot before had no right to send after this moment.
    opened: Time,
    /// When to ask again.
    pub(super) next: Time,
    /// When it was last asked.
    asked: Time,
    /// Whether it tells by itself what happens.
    tells: bool,
    /// The orders of which it has told something since.
    hinted: HashSet<ClientOrderId>,
    /// Whether it has told before.
    heard: bool,
    /// When orders were last looked for that are written nowhere; `None` where it is time to.
    pub(super) searched: Option<Time>,
    /// All that were placed before are written.
    pub(super) since: Time,
    /// Orders under the bot's name that are not open here.
    pub(super) found: Vec<PlacedOrder>,
    interrupted: bool,
    /// Why the key is not taken any more.
    refused: Option<String>,
}

impl Exchange {
    /// From now on, for a bot that has known of its orders until a moment; the exchange is asked about all that is open
    /// at once.
    pub(super) fn new(
        account: Arc<Account>,
        instrument: Instrument,
        prefix: IdPrefix,
        (known, now): (Time, Time),
    ) -> Self {
        Self {
            account,
            teller: Teller::new(instrument, prefix),
            unsent: vec![],
            sent: HashMap::new(),
            opened: now,
            next: now,
            asked: Time::from_millis(0),
            tells: false,
            hinted: HashSet::new(),
            heard: false,
            searched: None,
            since: (known - OVERLAP).max(now - FURTHEST),
            found: vec![],
            interrupted: false,
            refused: None,
        }
    }

    /// Why it cannot go on, if so.
    pub(super) fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// When it has to be asked again, with these orders open.
    pub(super) fn next(&self, open: &[Open]) -> Time {
        match self.searched {
            Some(at) if open.is_empty() => at + SEARCH,
            Some(at) => self.next.min(at + SEARCH),
            None => self.next,
        }
    }

    /// Takes a hint. Nothing is believed: it is asked, and soon; answers whether sooner than was planned.
    pub(super) fn hear(&mut self, news: &AccountNews, open: &[Open], now: Time) -> bool {
        let before = self.next(open);
        match news {
            AccountNews::Order(id) => match open.iter().find(|it| it.order.client_order_id.as_str() == id) {
                Some(it) => _ = self.hinted.insert(it.order.client_order_id),
                None => return false,
            },
            AccountNews::Connected => {
                self.tells = true;
                if std::mem::replace(&mut self.heard, true) {
                    self.searched = None;
                }
            }
            AccountNews::Interrupted(why) => {
                self.tells = false;
                // whether it takes the key, it says where it is asked
                if matches!(why, VenueError::KeyRefused(_)) {
                    self.searched = None;
                }
            }
        }
        self.next = self.next.min(now.max(self.asked + LEAST));
        self.next(open) != before
    }

    /// Asks what has become of the open orders, if it is time to.
    pub(super) async fn ask(&mut self, mut open: Vec<Open>, now: Time) -> Vec<News> {
        if self.next(&open) > now {
            return vec![];
        }
        self.asked = now;
        self.next = now + self.pace(&open);
        let hinted = std::mem::take(&mut self.hinted);
        self.searched = self.searched.filter(|at| now < *at + SEARCH);
        let told = self.look(&mut open, now).await;
        let searched = match (&told, self.searched) {
            (Ok(_), None) => self.search(&open, now).await,
            _ => Ok(()),
        };
        match (told, searched) {
            (Ok(mut news), Ok(())) => {
                if news.is_empty() && open.iter().any(|it| hinted.contains(&it.order.client_order_id)) {
                    // what it tells may be ahead of what it answers
                    self.next = now + EVERY;
                }
                if std::mem::take(&mut self.interrupted) {
                    news.push(News::Event(Event::of_bot("exchange.resumed", "The exchange answers again.")));
                }
                news
            }
            // what is known of the others is told all the same
            (Ok(mut news), Err(failure)) => {
                news.extend(self.failed(failure, now));
                news
            }
            (Err(failure), _) => self.failed(failure, now),
        }
    }

    /// How often it is asked about these orders.
    fn pace(&self, open: &[Open]) -> TimeDelta {
        match open.iter().all(rests) {
            false => EVERY,
            true if self.tells => TOLD,
            true => RESTING,
        }
    }

    async fn look(&mut self, open: &mut [Open], now: Time) -> Result<Vec<News>, VenueError> {
        let reports = match open {
            [] => vec![],
            _ => self.account.open_orders(self.teller.symbol()).await?,
        };
        let mut news = vec![];
        for it in open.iter_mut().filter(|it| !is_unsent(&self.unsent, it.order.client_order_id)) {
            let id = it.order.client_order_id;
            let known = reports.iter().find(|report| report.client_order_id == id.as_str()).cloned();
            let report = match known {
                Some(report) => Some(report),
                None => self.account.order(self.teller.symbol(), id).await?,
            };
            match report {
                Some(report) => {
                    let is_open = !report.status.is_final();
                    news.extend(self.teller.tell(&self.account, it, report, now).await?);
                    if is_open && (it.withdrawn || is_over(&it.order, now)) {
                        news.extend(self.withdraw(it, now).await?);
                    }
                }
                None if self.is_lost(id, now) => news.extend(never_came(id, now)),
                None => {}
            }
        }
        Ok(news)
    }

    /// Whether an order that the exchange does not know can never come any more.
    fn is_lost(&self, id: ClientOrderId, now: Time) -> bool {
        let since = self.sent.get(&id).map_or(self.opened, |sent| (*sent).max(self.opened));
        now > since + TimeDelta::milliseconds(VALID_MILLIS.into()) + MARGIN
    }

    /// Runs the errands that were written down at `now`, and those that could not be run before.
    pub(super) async fn run(&mut self, errands: Vec<Errand>, mut open: Vec<Open>, now: Time) -> Vec<News> {
        self.sent.retain(|id, _| open.iter().any(|it| it.order.client_order_id == *id));
        let mut news = vec![];
        let mut errands = VecDeque::from(errands);
        errands.retain(|errand| match errand {
            Errand::Cancel(id) if is_unsent(&self.unsent, *id) => {
                news.extend(self.drop_unsent(*id, now));
                false
            }
            _ => true,
        });
        for (orders, decided) in std::mem::take(&mut self.unsent) {
            news.extend(self.send(orders, &mut open, (decided, now)).await);
        }
        while let Some(errand) = errands.pop_front() {
            match errand {
                Errand::Cancel(id) => news.extend(self.cancel(id, &mut open, now).await),
                Errand::Place(order) => {
                    let other = errands.front().and_then(|next| match next {
                        Errand::Place(other) if order.pair == Some(other.client_order_id) => Some(*other),
                        _ => None,
                    });
                    let orders = match other {
                        Some(other) => {
                            errands.pop_front();
                            vec![order, other]
                        }
                        None => vec![order],
                    };
                    news.extend(self.send(orders, &mut open, (now, now)).await);
                }
            }
        }
        news
    }

    /// Sends an order, or a pair, by the right that was had at the second moment.
    async fn send(&mut self, orders: Vec<Order>, open: &mut [Open], (decided, now): (Time, Time)) -> Vec<News> {
        let mut tickets = Vec::with_capacity(orders.len());
        for order in &orders {
            match ticket::of(order, self.teller.instrument()) {
                Some(ticket) => tickets.push(ticket),
                None => return refused(&orders, RejectReason::Filter, "It is too small for the exchange.", now),
            }
        }
        self.sent.extend(orders.iter().map(|order| (order.client_order_id, now)));
        let validity = Validity { from: now, millis: VALID_MILLIS };
        let answer = match &tickets[..] {
            [one, other] => self.account.place_pair([one, other], validity).await.map(Vec::from),
            [one] => self.account.place(one, validity).await.map(|report| vec![report]),
            _ => return vec![],
        };
        match answer {
            Ok(reports) => self.placed(reports, open, now).await,
            Err(VenueError::Refused(OrderRefusal { reason, message })) => refused(&orders, reason, &message, now),
            Err(VenueError::Unknown(message)) => {
                self.next = now + TimeDelta::seconds(1);
                orders.iter().map(|order| unknown(order, &message)).collect()
            }
            Err(VenueError::KeyRefused(message)) => {
                self.refused = Some(message.clone());
                refused(&orders, RejectReason::Other, &message, now)
            }
            Err(failure) => {
                let waits = orders.iter().any(Order::reduces_only) || now - decided < PATIENCE;
                if !waits {
                    return refused(&orders, RejectReason::Other, &failure.to_string(), now);
                }
                self.unsent.push((orders, decided));
                self.failed(failure, now)
            }
        }
    }

    async fn placed(&mut self, reports: Vec<OrderReport>, open: &mut [Open], now: Time) -> Vec<News> {
        let mut news = vec![];
        for report in reports {
            let Some(it) = open.iter_mut().find(|it| it.order.client_order_id.as_str() == report.client_order_id)
            else {
                continue;
            };
            news.push(News::Accepted(it.order.client_order_id));
            match self.teller.tell(&self.account, it, report, now).await {
                Ok(told) => news.extend(told),
                // it is asked about with the others
                Err(failure) => news.extend(self.failed(failure, now)),
            }
        }
        news
    }

    /// Never sends an order that was not sent, nor the other of its pair.
    fn drop_unsent(&mut self, id: ClientOrderId, now: Time) -> Vec<News> {
        let dropped = self.unsent.extract_if(.., |(orders, _)| orders.iter().any(|it| it.client_order_id == id));
        let cancelled = |it: Order| News::Input(stamp(now), Input::Cancelled(it.client_order_id));
        dropped.flat_map(|(orders, _)| orders).map(cancelled).collect()
    }

    /// Takes an order back that is at the exchange, or was not sent.
    async fn cancel(&mut self, id: ClientOrderId, open: &mut [Open], now: Time) -> Vec<News> {
        if is_unsent(&self.unsent, id) {
            return self.drop_unsent(id, now);
        }
        let Some(it) = open.iter_mut().find(|it| it.order.client_order_id == id) else { return vec![] };
        match self.withdraw(it, now).await {
            Ok(news) => news,
            Err(failure) => self.failed(failure, now),
        }
    }

    async fn withdraw(&self, it: &mut Open, now: Time) -> Result<Vec<News>, VenueError> {
        let (symbol, id) = (self.teller.symbol(), it.order.client_order_id);
        let report = match self.account.cancel(symbol, id).await? {
            Some(report) => Some(report),
            // it was done before, or has not come yet
            None => self.account.order(symbol, id).await?,
        };
        match report {
            Some(report) => self.teller.tell(&self.account, it, report, now).await,
            None => Ok(vec![]),
        }
    }

    /// Nothing is known, and it is asked again.
    pub(super) fn failed(&mut self, failure: VenueError, now: Time) -> Vec<News> {
        if let VenueError::KeyRefused(message) = failure {
            self.refused = Some(message);
            return vec![];
        }
        self.next = now + PAUSE;
        if std::mem::replace(&mut self.interrupted, true) {
            return vec![];
        }
        let message = format!("The exchange cannot be asked, and is tried again: {failure}.");
        vec![News::Event(Event::of_bot("exchange.interrupted", message))]
    }
}

fn is_unsent(unsent: &[(Vec<Order>, Time)], id: ClientOrderId) -> bool {
    unsent.iter().any(|(orders, _)| orders.iter().any(|it| it.client_order_id == id))
}

/// Whether an order stands in the exchange's book untouched, and shall.
fn rests(it: &Open) -> bool {
    it.status == OrderStatus::Accepted && !it.withdrawn
}

fn is_over(order: &Order, now: Time) -> bool {
    order.expires.is_some_and(|expires| expires <= stamp(now))
}

pub(super) fn stamp(now: Time) -> Timestamp {
    Timestamp::from_millis(now.millis())
}

/// Refused by the exchange, in its own words.
fn refused(orders: &[Order], reason: RejectReason, words: &str, now: Time) -> Vec<News> {
    let of = |order: &Order| {
        let client_order_id = order.client_order_id;
        let rejection = Rejection { client_order_id, reason, filter: None };
        let message = format!("The exchange about the order {client_order_id}: {words}");
        let words = News::Event(Event::of_bot("exchange.refused", message));
        [words, News::Input(stamp(now), Input::Rejected(rejection))]
    };
    orders.iter().flat_map(of).collect()
}

fn unknown(order: &Order, words: &str) -> News {
    let id = order.client_order_id;
    let message = format!("It is not known whether the exchange has taken the order {id}; it is asked. ({words})");
    News::Event(Event::of_bot("order.unknown_outcome", message))
}

fn never_came(id: ClientOrderId, now: Time) -> [News; 2] {
    let message = format!("The order {id} has never reached the exchange, and cannot any more.");
    [News::Event(Event::of_bot("order.never_came", message)), News::Input(stamp(now), Input::Expired(id))]
}
