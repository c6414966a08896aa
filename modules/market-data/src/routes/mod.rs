mod backfills;
mod book;
mod candles;
mod indicators;
mod instruments;
mod series;
mod trades;

use kit::{Route, routes};

pub(crate) static ROUTES: &[Route] = routes![
    series::markets,
    candles::candles,
    candles::export_candles,
    candles::import,
    series::gaps,
    series::repair,
    series::list_corrections,
    series::remove,
    indicators::list_indicators,
    indicators::compute_indicator,
    instruments::list_instruments,
    instruments::show_instrument,
    instruments::refresh_instruments,
    backfills::list_backfills,
    backfills::create_backfill,
    backfills::show_backfill,
    backfills::cancel_backfill,
    book::show_book,
    book::show_ticker,
    book::list_snapshots,
    book::take_snapshot,
    book::take_shared_snapshot,
    book::show_snapshot,
    book::remove_snapshot,
    trades::list_trades,
    trades::trade_candles,
    trades::export_trades,
    trades::import_trades,
    trades::derive_candles,
    trades::list_trade_series,
    trades::remove_trades,
];
