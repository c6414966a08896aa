//! From what is stored to what is told as it comes, without a gap and without telling anything twice.
//!
//! Pages are read until one is not full, so that little is left to read; then the connection listens; then pages are
//! read once more. What got its place before it listened is on a page that is read afterwards, what gets it later
//! comes through the queue, and what does both is known by its place.

use super::{Connection, End, is_news, listen::Fresh};
use crate::{
    event::{Event, Key},
    frame::Answer,
    store::{self, Places, Row},
};
use kit::ws::Message;

/// How many events are read at once.
const PAGE: i64 = 500;

impl Connection {
    /// Begins to tell topics whose events are kept, after a cursor or from now on.
    pub(super) async fn begin(&mut self, mut fresh: Fresh, cursor: Option<i64>) -> Result<(), End> {
        let Places { floor, head } = self.places().await?;
        let place = cursor.unwrap_or(head);
        if (floor..=head).contains(&place) {
            let topics = names(&fresh);
            self.answer(&Answer::Subscribed { topics: &topics, cursor: Some(place.to_string()) }).await?;
            fresh.values_mut().for_each(|topic| topic.told = place);
        } else {
            self.reset(&mut fresh, head).await?;
        }
        self.read(&mut fresh).await?;
        let place = reached(&fresh);
        fresh.keys().for_each(|key| self.seat.listen(key.clone(), place));
        self.read(&mut fresh).await?;
        self.topics.extend(fresh);
        Ok(())
    }

    /// Tells what is stored, as far as there is anything.
    async fn read(&mut self, fresh: &mut Fresh) -> Result<(), End> {
        let topics = topics(fresh);
        while !fresh.is_empty() {
            let place = reached(fresh);
            let (rows, places) = self.page(&topics, place).await?;
            if places.floor > place {
                self.reset(fresh, places.head).await?;
                continue;
            }
            let full = i64::try_from(rows.len()).is_ok_and(|length| length >= PAGE);
            let last = rows.last().map(|row| row.seq);
            self.be_certain().await?;
            self.part(fresh).await?;
            let events = rows.iter().filter_map(|row| Event::stored(&self.app, row));
            let news: Vec<_> = events.filter(|event| is_news(fresh, event)).map(|event| event.text).collect();
            self.send(news.into_iter().map(Message::Text)).await?;
            if let Some(last) = last {
                fresh.values_mut().for_each(|topic| topic.told = topic.told.max(last));
            }
            if !full {
                break;
            }
        }
        Ok(())
    }

    /// What followed on the cursor is gone: it goes on from the head.
    async fn reset(&mut self, fresh: &mut Fresh, head: i64) -> Result<(), End> {
        fresh.values_mut().for_each(|topic| topic.told = head);
        let topics = names(fresh);
        self.answer(&Answer::Reset { topics: &topics, cursor: head.to_string() }).await
    }

    async fn places(&mut self) -> Result<Places, End> {
        let mut tx = self.presence.begin().await.map_err(End::Refused)?;
        store::places(&mut tx).await.map_err(End::Refused)
    }

    /// What follows on a place, and then how far events were removed: it is whole if that is not beyond the place.
    async fn page(&mut self, topics: &[String], place: i64) -> Result<(Vec<Row>, Places), End> {
        let mut tx = self.presence.begin().await.map_err(End::Refused)?;
        let rows = store::after(&mut tx, topics, place, PAGE).await.map_err(End::Refused)?;
        Ok((rows, store::places(&mut tx).await.map_err(End::Refused)?))
    }
}

/// All of them have come equally far.
fn reached(fresh: &Fresh) -> i64 {
    fresh.values().map(|topic| topic.told).max().unwrap_or_default()
}

fn names(fresh: &Fresh) -> Vec<String> {
    let mut names: Vec<_> = fresh.values().map(|topic| topic.name.clone()).collect();
    names.sort_unstable();
    names
}

fn topics(fresh: &Fresh) -> Vec<String> {
    let topics = fresh.keys().filter_map(|key| match key {
        Key::Tenant { topic, .. } => Some((*topic).to_owned()),
        Key::Market(_) => None,
    });
    topics.collect()
}
