//! What was probably meant by a symbol or a time frame that is written as other programs do.

use crate::money::Symbol;
use crate::time::{DAY, HOUR, MINUTE, Timeframe, WEEK};

/// Currencies that pay, those first that end like another one.
const QUOTES: [&str; 14] =
    ["FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USD", "DAI", "EUR", "GBP", "TRY", "BRL", "BTC", "ETH", "BNB"];

/// `BTC/USDT` for `btc/usdt`, `BTC-USDT`, `BTC_USDT` and `BTCUSDT`.
pub(super) fn symbol(written: &str) -> Option<String> {
    let capitals = written.trim().to_ascii_uppercase();
    let paid_in = |quote: &&'static str| Some((capitals.strip_suffix(*quote)?, *quote));
    let (base, quote) = capitals.split_once(['/', '-', '_', ':', ' ']).or_else(|| QUOTES.iter().find_map(paid_in))?;
    format!("{base}/{quote}").parse::<Symbol>().ok().map(|symbol| symbol.to_string())
}

/// `5m` for `5min`, `M5` and `5`, `1h` for `60m`, and the nearest length where there is none such.
pub(super) fn timeframe(written: &str) -> Option<String> {
    let digits: String = written.chars().filter(char::is_ascii_digit).collect();
    let unit: String = written.chars().filter(char::is_ascii_alphabetic).collect();
    let count: i64 =
        if digits.is_empty() { 1 } else { digits.parse().ok().filter(|count| (1..100_000).contains(count))? };
    let length = match unit.to_ascii_lowercase().as_str() {
        "" if digits.is_empty() => return None,
        "" | "m" | "min" | "mins" | "minute" | "minutes" => MINUTE,
        "h" | "hr" | "hrs" | "hour" | "hours" | "hourly" => HOUR,
        "d" | "day" | "days" | "daily" => DAY,
        "w" | "wk" | "week" | "weeks" | "weekly" => WEEK,
        "mo" | "mn" | "mon" | "month" | "months" | "monthly" if count == 1 => {
            return Some(Timeframe::Month1.to_string());
        }
        _ => return None,
    } * count;
    let off = |frame: Timeframe| Some(((frame.fixed_millis()? - length).abs(), frame));
    let (off, nearest) = Timeframe::ALL.into_iter().filter_map(off).min()?;
    (off * 2 <= length).then(|| nearest.to_string())
}
