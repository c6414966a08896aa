//! The figures at a glance.

use super::{
    format::{grouped, money, percent, signed, signed_percent},
    tables::sign,
};
use trading::metrics::{Metrics, approximate};

/// A figure, or a dash where it does not exist.
pub(super) fn maybe(value: Option<f64>, show: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| "–".to_owned(), show)
}

pub(super) fn two(value: f64) -> String {
    grouped(value, 2)
}

struct Tile {
    name: &'static str,
    class: &'static str,
    value: String,
    note: String,
}

fn tile(name: &'static str, class: &'static str, value: String, note: impl Into<String>) -> Tile {
    Tile { name, class, value, note: note.into() }
}

fn all(metrics: &Metrics, quote: &str) -> impl Iterator<Item = Tile> {
    money_made(metrics, quote).into_iter().chain(risk(metrics)).chain(trading(metrics, quote))
}

/// The tiles, in the currency `quote`.
pub(super) fn tiles(metrics: &Metrics, quote: &str) -> String {
    let tiles: String = all(metrics, quote).map(|it| it.html()).collect();
    format!("<section class=\"plain\"><dl class=\"tiles\">{tiles}</dl></section>")
}

impl Tile {
    fn html(&self) -> String {
        let Self { name, class, value, note } = self;
        format!("<div><dt>{name}</dt><dd class=\"{class}\">{value}</dd><dd class=\"note\">{note}</dd></div>")
    }
}

fn money_made(metrics: &Metrics, quote: &str) -> [Tile; 4] {
    let profit = approximate(metrics.net_profit.decimal());
    let held = metrics.buy_and_hold;
    let last = approximate(metrics.final_equity.decimal());
    [
        tile("Return", sign(profit), signed_percent(metrics.total_return), format!("{} {quote}", signed(profit))),
        tile("Buy and hold", sign(held.unwrap_or(0.0)), maybe(held, signed_percent), "first open to last close"),
        tile("Growth a year", "", maybe(metrics.cagr, signed_percent), "compound (CAGR)"),
        tile("Final equity", "", money(last), quote),
    ]
}

fn risk(metrics: &Metrics) -> [Tile; 4] {
    let (calmar, volatility) = (maybe(metrics.calmar, two), maybe(metrics.volatility, percent));
    [
        tile("Largest drawdown", "loss", percent(-metrics.max_drawdown), format!("Calmar {calmar}")),
        tile("Sharpe", "", maybe(metrics.sharpe, two), "daily returns, a year"),
        tile("Sortino", "", maybe(metrics.sortino, two), format!("volatility {volatility}")),
        tile("In the market", "", percent(metrics.exposure), "of all candles"),
    ]
}

fn trading(metrics: &Metrics, quote: &str) -> [Tile; 4] {
    let fees = approximate(metrics.total_fees.decimal());
    let each = metrics.expectancy.map(|each| approximate(each.decimal()));
    let funding = match approximate(metrics.funding.decimal()) {
        0.0 => String::new(),
        funding => format!("; funding {}", money(funding)),
    };
    let open = if metrics.open_trades == 0 { "" } else { ", one still open" };
    [
        tile("Trades", "", metrics.closed_trades.to_string(), format!("{} won{open}", metrics.wins)),
        tile("Win rate", "", maybe(metrics.win_rate, percent), format!("{} {quote} a trade", maybe(each, signed))),
        tile("Profit factor", "", maybe(metrics.profit_factor, two), "all gains over all losses"),
        tile("Fees", "", money(fees), format!("{quote}, all fills{funding}")),
    ]
}
