mod backfills;
mod book;
mod candles;
mod indicators;
mod instruments;
mod series;

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
];
