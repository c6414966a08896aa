mod candles;
mod indicators;
mod series;

use kit::{Route, routes};

pub(crate) static ROUTES: &[Route] = routes![
    series::markets,
    candles::candles,
    candles::import,
    series::gaps,
    series::remove,
    indicators::list_indicators,
    indicators::compute_indicator,
];
