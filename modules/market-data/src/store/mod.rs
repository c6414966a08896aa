mod backfills;
mod candles;
mod corrections;
mod gaps;
mod instruments;
mod retention;
mod series;
mod write;

pub(crate) use backfills::{
    StoredBackfill, find_backfill, first_gap, insert_backfill, list_backfills, reach, stored_backfill,
    unfinished_backfills,
};
pub(crate) use candles::{Part, any_between, each_candle, each_rollup, each_time};
pub(crate) use corrections::list_corrections;
pub(crate) use gaps::{Witness, witnesses};
pub(crate) use instruments::{find_instrument, list_instruments, write_listings};
pub(crate) use retention::{delete_before, own_since_before, owners, shorten};
pub(crate) use series::{delete, extend, find, find_own, list, lock, own_size, sees, sources};
pub(crate) use write::{copy_in, copy_rollups, delete_at, delete_rollups, ensure_partitions, log_corrections};
