use crate::{
    Binance, Failure, Priority,
    client::PAGE,
    parse::{self, AggregateTrade},
};
use futures::{FutureExt, future::BoxFuture, stream::BoxStream};
use market_data::{CandleNews, CandlePage, Listing, Market, Source, SourceError, Ticker, TradesFrom};
use tracing::info;
use trading::{
    book::{Level, Snapshot},
    money::{Price, Quantity, Symbol},
    time::Timestamp,
    trades::Trade,
};

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

    fn trades<'a>(&'a self, symbol: &'a Symbol, from: TradesFrom) -> BoxFuture<'a, Result<Vec<Trade>, SourceError>> {
        async move {
            let trades = self.aggregate_trades(symbol, Some(from), Priority::Backfill).await?;
            Ok(trades.iter().map(trade).collect::<Result<_, Failure>>()?)
        }
        .boxed()
    }

    fn ticker<'a>(&'a self, symbol: &'a Symbol) -> BoxFuture<'a, Result<Ticker, SourceError>> {
        self.ticker(symbol).map(|told| Ok(ticker(&told?))).boxed()
    }

    fn book<'a>(&'a self, symbol: &'a Symbol, levels: u16) -> BoxFuture<'a, Result<Snapshot, SourceError>> {
        self.depth(symbol, levels, Priority::Query).map(|book| Ok(book?)).boxed()
    }

    fn closes(&self, market: &Market) -> BoxStream<'static, CandleNews> {
        self.candle_news(market)
    }
}

fn trade(told: &AggregateTrade) -> Result<Trade, Failure> {
    let AggregateTrade { id, price, quantity, first_id, last_id, time, is_buyer_maker } = *told;
    let number = |id: u64| i64::try_from(id).map_err(|_| Failure::Malformed(format!("{id} is no number of a trade")));
    Ok(Trade {
        id: number(id)?,
        time,
        price,
        quantity,
        quote: None,
        buyer_is_maker: is_buyer_maker,
        parts: Some((number(first_id)?, number(last_id)?)),
    })
}

fn ticker(told: &parse::Ticker) -> Ticker {
    let level = |price: Option<Price>, quantity: Quantity| price.map(|price| Level { price, quantity });
    Ticker {
        open: told.open_price,
        high: told.high_price,
        low: told.low_price,
        last: told.last_price,
        volume: told.volume,
        quote_volume: told.quote_volume,
        bid: level(told.bid_price, told.bid_quantity),
        ask: level(told.ask_price, told.ask_quantity),
        at: told.close_time,
    }
}
