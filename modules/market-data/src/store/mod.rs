mod candles;
mod series;
mod write;

pub(crate) use candles::{Part, any_between, each_candle, each_time};
pub(crate) use series::{delete, extend, find, find_own, list, lock, own_size};
pub(crate) use write::{copy_in, delete_at, ensure_partitions};
