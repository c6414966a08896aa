//! The candles that a back-test asks for.

use crate::{made::MadeOf, service};
use kit::{Error, Result, TenantTx};
use market_data::{Market, Series};
use trading::{
    backtest::{BacktestFile, History},
    candle::Candles,
};

/// Candles and the series that they are from.
pub(crate) struct Loaded {
    pub(crate) history: History,
    series: Vec<Series>,
    /// Of the finer candles, where the file asks for them.
    finer: Vec<Series>,
}

impl Loaded {
    /// The candles of every symbol of a file up to its end, and the finer ones that it asks for.
    ///
    /// # Errors
    /// 404 for a market without candles.
    pub(crate) async fn of(tx: &mut TenantTx, file: &BacktestFile) -> Result<Self> {
        let mut loaded = Self { history: History::default(), series: vec![], finer: vec![] };
        for market in service::markets(file)? {
            let (series, mut candles) = load(tx, file, &market).await?;
            if let Some(timeframe) = file.config.intrabar {
                let (series, finer) = load(tx, file, &Market { timeframe, ..market.clone() }).await?;
                candles = candles.with_finer(finer).map_err(Error::internal)?;
                loaded.finer.push(series);
            }
            loaded.history.markets.insert(market.symbol, candles);
            loaded.series.push(series);
        }
        Ok(loaded)
    }

    /// What a result of these candles was made from.
    pub(crate) fn made_of(&self) -> Vec<MadeOf> {
        let candles = |series: &Series| self.history.markets.get(&series.market().symbol);
        let coarse = self.series.iter().filter_map(|series| Some(MadeOf::of(series, candles(series)?)));
        let finer =
            self.finer.iter().filter_map(|series| Some(MadeOf::of(series, candles(series)?.finer()?.candles())));
        coarse.chain(finer).collect()
    }
}

async fn load(tx: &mut TenantTx, file: &BacktestFile, market: &Market) -> Result<(Series, Candles)> {
    let series = market_data::series(tx, market).await?;
    let candles = market_data::load(tx, &series, None, file.config.to).await?;
    Ok((series, candles))
}
