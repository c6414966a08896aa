mod backfills;
mod books;
mod candles;
mod corrections;
mod gaps;
mod instruments;
mod retention;
mod series;
mod trade_series;
mod trades;
mod write;

pub(crate) use backfills::{
    Fetched, StoredBackfill, find_backfill, first_gap, insert_backfill, list_backfills, reach, stored_backfill,
    unfinished_backfills,
};
pub(crate) use books::{
    delete_snapshot, delete_snapshots_before, find_snapshot, insert_snapshot, list_snapshots, own_snapshots,
};
pub(crate) use candles::{Part, any_between, each_candle, each_rollup, each_time};
pub(crate) use corrections::list_corrections;
pub(crate) use gaps::{Witness, witnesses};
pub(crate) use instruments::{find_instrument, learned, list_instruments, write_listings};
pub(crate) use retention::{delete_before, own_since_before, owners, shorten};
pub(crate) use series::{delete, extend, find, find_own, list, lock, own_size, sees, series_of, sources};
pub(crate) use trade_series::{
    delete_trade_series, extend_trades, find_own_trades, find_trades, list_trade_series, lock_trades, own_trades,
    own_trades_since_before,
};
pub(crate) use trades::{
    Place, Tally, TradePart, any_trade_between, copy_trades, delete_trades, delete_trades_before, each_numbered,
    each_trade, ensure_trade_partitions, tally,
};
pub(crate) use write::{copy_in, copy_rollups, delete_at, delete_rollups, ensure_partitions, log_corrections};
