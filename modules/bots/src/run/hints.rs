//! What is told without being asked for. **It is a hint**: it says when to ask, and nothing is made of it but questions,
//! so whatever is lost, doubled or late costs time and nothing else.

use exchanges::AccountNews;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use kit::App;
use market_data::CandleNews;

/// Something that was told.
pub(super) enum Told {
    /// Of the market of a lane.
    Candle(usize, CandleNews),
    /// Of its account.
    Account(AccountNews),
    /// Something that is read in its next transaction: a halt, a signal from outside.
    News,
}

type Hints = BoxStream<'static, Told>;

pub(super) fn candles((lane, news): (usize, BoxStream<'static, CandleNews>)) -> Hints {
    news.map(move |news| Told::Candle(lane, news)).boxed()
}

pub(super) fn account(news: BoxStream<'static, AccountNews>) -> Hints {
    news.map(Told::Account).boxed()
}

/// What is announced on a topic.
pub(super) fn news(app: &App, topic: String) -> Hints {
    let (app, signal) = (app.clone(), app.signals().subscribe(&topic));
    let next = move |mut signal: kit::Signal| {
        let (app, topic) = (app.clone(), topic.clone());
        async move {
            if !signal.changed().await {
                // what was announced meanwhile is looked for, and listened again
                signal = app.signals().subscribe(&topic);
            }
            Some((Told::News, signal))
        }
    };
    stream::unfold(signal, next).boxed()
}

/// All that is told, without end.
pub(super) fn all(sources: impl IntoIterator<Item = Hints>) -> Hints {
    stream::select_all(sources).chain(stream::pending()).boxed()
}
