//! What is told without being asked for. **It is a hint**: it says when to ask, and nothing is made of it but questions,
//! so whatever is lost, doubled or late costs time and nothing else.

use exchanges::AccountNews;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use market_data::CandleNews;

/// Something that was told.
pub(super) enum Told {
    /// Of the bot's market.
    Candle(CandleNews),
    /// Of its account.
    Account(AccountNews),
}

/// All that is told, without end.
pub(super) fn all(
    candles: Option<BoxStream<'static, CandleNews>>,
    account: Option<BoxStream<'static, AccountNews>>,
) -> BoxStream<'static, Told> {
    let candles = candles.map_or_else(|| stream::pending().boxed(), |news| news.map(Told::Candle).boxed());
    let account = account.map_or_else(|| stream::pending().boxed(), |news| news.map(Told::Account).boxed());
    stream::select(candles, account).boxed()
}
