//! How much of back-testing a tenant may ask for.

use crate::{offline::MAX_CANDLES, service::markets, store};
use chrono::Months;
use configurations::Setting;
use kit::{Declaration, Error, Level, Result, TenantTx, Time};
use market_data::Market;
use trading::backtest::{BacktestFile, MAX_COMBINATIONS};

const LEVELS: &[Level] = &[Level::System];

static KEPT: Setting<i64> =
    Setting::integer("backtests.kept", [1, 1_000, 100_000], LEVELS, "How many back-tests a tenant may keep.");
static UNFINISHED: Setting<i64> = Setting::integer(
    "backtests.unfinished",
    [1, 20, 10_000],
    LEVELS,
    "How many back-tests of a tenant may wait and run.",
);
static AT_ONCE: Setting<i64> = Setting::integer(
    "backtests.at-once",
    [1, 2, 64],
    LEVELS,
    "How many back-tests of a tenant may run at once; the others wait for their turn.",
);
static MONTHS: Setting<i64> = Setting::integer(
    "backtests.months",
    [1, 600, 1_200],
    LEVELS,
    "Of how many months a back-test may be, from its first candle that trades to its end.",
);
static COMBINATIONS: Setting<i64> =
    Setting::integer("backtests.combinations", [1, 10_000, 10_000], LEVELS, "How many combinations a sweep may have.");

pub(crate) static SETTINGS: &[&Declaration] =
    &[KEPT.declared(), UNFINISHED.declared(), AT_ONCE.declared(), MONTHS.declared(), COMBINATIONS.declared()];

// what the setting allows, the core runs
const _: () = assert!(MAX_COMBINATIONS >= 10_000);

/// The sweep is not larger than the tenant may ask for.
pub(crate) async fn within_combinations(tx: &mut TenantTx, file: &BacktestFile) -> Result<()> {
    let (limit, asked) = (COMBINATIONS.get(tx).await?, file.combinations());
    if i64::try_from(asked).is_ok_and(|asked| asked <= limit) {
        return Ok(());
    }
    let message = format!("The sweep has {asked} combinations; {limit} are allowed.");
    Err(Error::invalid("sweep", "TOO_LARGE", message).with("limit", limit).with("combinations", asked))
}

/// There are candles of all its symbols, finer ones where it asks for them, and not too many; answers how many.
///
/// # Errors
/// 404 for a market without candles, 422 `NO_CANDLES`, `TOO_MANY_CANDLES` or `TOO_LONG`.
pub(crate) async fn within_reach(tx: &mut TenantTx, file: &BacktestFile) -> Result<usize> {
    let mut count = 0;
    for market in markets(file)? {
        count += reach(tx, file, &market).await?;
        if let Some(timeframe) = file.config.intrabar {
            count += reach(tx, file, &Market { timeframe, ..market }).await?;
        }
    }
    if count > MAX_CANDLES {
        let message = format!("There are {count} candles; a back-test takes {MAX_CANDLES} at most.");
        return Err(Error::invalid("strategy.market", "TOO_MANY_CANDLES", message).with("limit", MAX_CANDLES));
    }
    Ok(count)
}

/// How many candles there are of one market, some of them in the period.
async fn reach(tx: &mut TenantTx, file: &BacktestFile, market: &Market) -> Result<usize> {
    let series = market_data::series(tx, market).await?;
    let (Some(first), Some(last)) = (series.first_open_time(), series.last_open_time()) else {
        let message = format!("The market has no candles yet: {market}.");
        return Err(Error::invalid("strategy.market", "NO_CANDLES", message));
    };
    let outside = |path| {
        let message = format!("The candles of {} open from {first} to {last}.", market.symbol);
        Error::invalid(path, "NO_CANDLES", message)
    };
    if file.config.to.is_some_and(|to| to.millis() <= first.millis()) {
        return Err(outside("to"));
    }
    if file.config.from.is_some_and(|from| from.millis() > last.millis()) {
        return Err(outside("from"));
    }
    within_months(tx, file, first, last).await?;
    Ok(usize::try_from(series.candle_count()).unwrap_or_default())
}

async fn within_months(tx: &mut TenantTx, file: &BacktestFile, first: Time, last: Time) -> Result<()> {
    let limit = MONTHS.get(tx).await?;
    let from = file.config.from.map_or(first, |from| Time::from_millis(from.millis().max(first.millis())));
    let to = file.config.to.map_or(last, |to| Time::from_millis(to.millis().min(last.millis())));
    let end = from.utc().checked_add_months(Months::new(u32::try_from(limit).unwrap_or_default()));
    if end.is_none_or(|end| to.utc() <= end) {
        return Ok(());
    }
    let message =
        format!("The back-test is of {from} to {to}; {limit} months are allowed. Begin later, or end earlier.");
    Err(Error::invalid("from", "TOO_LONG", message).with("limit", limit))
}

/// One more may be asked for; answers how many of the tenant's may run at once.
///
/// # Errors
/// 409 `TOO_MANY_BACKTESTS` or `BACKTEST_LIMIT`.
pub(crate) async fn within_quota(tx: &mut TenantTx) -> Result<i32> {
    let (most_kept, most_unfinished) = (KEPT.get(tx).await?, UNFINISHED.get(tx).await?);
    let at_once = AT_ONCE.get(tx).await?;
    let (kept, unfinished) = store::counts(tx).await?;
    if unfinished >= most_unfinished {
        let message = format!("{most_unfinished} back-tests wait or run already; let one end, or cancel it.");
        return Err(Error::conflict("TOO_MANY_BACKTESTS", message).with("limit", most_unfinished));
    }
    if kept >= most_kept {
        let message = format!("{most_kept} back-tests are kept; delete some first.");
        return Err(Error::conflict("BACKTEST_LIMIT", message).with("limit", most_kept));
    }
    Ok(i32::try_from(at_once).unwrap_or(i32::MAX))
}
