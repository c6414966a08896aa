use crate::{Binance, Failure, Priority, client::PAGE};
use futures::{FutureExt, future::BoxFuture};
use market_data::{CandlePage, Listing, Market, Source, SourceError};
use tracing::info;
use trading::{book::Snapshot, money::Symbol, time::Timestamp};

impl Source for Binance {
    fn exchange(&self) -> &'static str {
        "binance"
    }

    fn candles<'a>(
        &'a self,
        market: &'a Market,
        from: Timestamp,
        to: Timestamp,
    ) -> BoxFuture<'a, Result<CandlePage, SourceError>> {
        async move {
            let page = self.klines(&market.symbol, market.timeframe, (from, to), Priority::Backfill).await?;
            let next = page.candles.last().filter(|_| page.received == PAGE);
            let next = next.map(|last| market.timeframe.next(last.open_time));
            Ok(CandlePage { candles: page.candles, next })
        }
        .boxed()
    }

    fn listings(&self) -> BoxFuture<'_, Result<Vec<Listing>, SourceError>> {
        async move {
            let told = self.exchange_info(Priority::Query).await?;
            if told.listings.is_empty() {
                return Err(Failure::Malformed("there are no symbols".to_owned()).into());
            }
            if told.left_out > 0 {
                info!("{} of Binance's symbols have names that cannot be written as BASE/QUOTE", told.left_out);
            }
            Ok(told.listings)
        }
        .boxed()
    }

    fn book<'a>(&'a self, symbol: &'a Symbol, levels: u16) -> BoxFuture<'a, Result<Snapshot, SourceError>> {
        self.depth(symbol, levels, Priority::Query).map(|book| Ok(book?)).boxed()
    }
}
