mod candles;
mod indicators;
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
];
