mod backfills;
mod candles;
mod instruments;
mod series;
mod write;

pub(crate) use backfills::{
    StoredBackfill, find_backfill, first_gap, insert_backfill, list_backfills, reach, stored_backfill,
    unfinished_backfills,
};
pub(crate) use candles::{Part, any_between, each_candle, each_time};
pub(crate) use instruments::{find_instrument, list_instruments, write_listings};
pub(crate) use series::{delete, extend, find, find_own, list, lock, own_size};
pub(crate) use write::{copy_in, delete_at, ensure_partitions};
