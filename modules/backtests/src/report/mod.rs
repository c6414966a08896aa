//! The report of a back-test: one HTML page that needs nothing but itself, and no script.

mod axis;
mod chart;
mod format;
mod sweep;
mod tables;
mod tiles;

pub(crate) use format::percent;
pub use sweep::sweep_html;
pub(crate) use tiles::figures;

use crate::{curve::Curve, summary::symbols};
use chart::{Chart, Line};
use format::{date, escape, money, short};
use std::fmt::Write;
use trading::{
    backtest::{BacktestFile, Report},
    metrics::approximate,
    money::{Notional, Rate},
    simulator::{FillAt, PaidIn},
    time::Timestamp,
};

/// What a browser may do with the page: show it, with the styles and drawings that stand in it.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                                           form-action 'none'; frame-ancestors 'none'; sandbox";

/// At most so many trades are shown from either end.
const TRADES_SHOWN: usize = 25;

/// The page of one run. `held` is what holding would have been worth at each point of the equity.
/// Every text of the user in it is escaped.
pub fn html(file: &BacktestFile, report: &Report, held: &[(Timestamp, Notional)]) -> String {
    let curve = Curve::of(&report.equity, held, approximate(file.config.initial_cash.decimal()));
    let period = curve.times.first().copied().zip(curve.times.last().copied());
    let mut page = Page::begin(file, "Back-test", period);
    page.push(&tiles::tiles(&report.metrics, file.strategy.market().quote()));
    page.push(&warnings(&report.warnings));
    page.push(&equity(&curve));
    page.push(&drawdown(&curve, report.metrics.max_drawdown));
    page.section(
        "Monthly returns",
        "In per cent of the equity at the month’s beginning; months are UTC.",
        &tables::months(&curve.months),
    );
    page.push("<div class=\"pair\">");
    let ways = tables::ways_out(&report.trades);
    page.section("How trades ended", "Closed trades, by what the last sale was for.", &ways);
    page.section("Rules of the run", "How signals became fills.", &rules(file));
    page.push("</div>");
    let about = match report.trades.len() {
        many if many > 2 * TRADES_SHOWN => format!("The first and the last {TRADES_SHOWN} of {many}; times are UTC."),
        _ => "Every closed trade; times are UTC.".to_owned(),
    };
    page.section("Trades", &about, &tables::trades(&report.trades, TRADES_SHOWN));
    page.end()
}

/// A page in the making.
struct Page(String);

impl Page {
    /// The page down to its heading.
    fn begin(file: &BacktestFile, kind: &str, period: Option<(Timestamp, Timestamp)>) -> Self {
        let (title, market) = (escape(file.strategy.name()), file.strategy.market());
        let mut chips = vec![symbols(market), escape(&market.exchange), market.timeframe.to_string()];
        chips.extend(period.map(|(from, to)| format!("{} – {}", date(from), date(to))));
        let cash = money(approximate(file.config.initial_cash.decimal()));
        chips.push(format!("{cash} {} at the start", market.quote()));
        let chips: String = chips.iter().map(|chip| format!("<li>{chip}</li>")).collect();
        Self(format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <title>{title} – {kind}</title><style>{}</style></head><body>\
             <header><div><div class=\"brand\">{kind}</div><h1>{title}</h1>\
             <ul class=\"chips\">{chips}</ul></div></header><main>",
            include_str!("page.css")
        ))
    }

    fn push(&mut self, html: &str) {
        self.0.push_str(html);
    }

    fn section(&mut self, title: &str, about: &str, content: &str) {
        // writing to a String cannot fail
        let _ = write!(self.0, "<section><h2>{title}</h2><p>{about}</p><div class=\"wide\">{content}</div></section>");
    }

    fn end(mut self) -> String {
        self.push(
            "</main><footer>BotCriptoFy. What happened says nothing certain about what will.</footer></body></html>\n",
        );
        self.0
    }
}

fn warnings(warnings: &[String]) -> String {
    if warnings.is_empty() {
        return String::new();
    }
    let items: String = warnings.iter().map(|warning| format!("<li>{}</li>", escape(warning))).collect();
    format!("<section class=\"warnings\"><h2>Worth knowing</h2><ul>{items}</ul></section>")
}

fn equity(curve: &Curve) -> String {
    let lines = [
        Line { class: "held", values: &curve.held, filled: false },
        Line { class: "strategy", values: &curve.equity, filled: true },
    ];
    let last = |values: &[f64]| money(values.last().copied().unwrap_or_default());
    let description = format!(
        "From {} to {} with the strategy, to {} by buying and holding.",
        money(curve.initial),
        last(&curve.equity),
        last(&curve.held)
    );
    let chart = Chart {
        title: "Equity over time",
        description: &description,
        height: 340.0,
        times: &curve.times,
        lines: &lines,
        base: curve.initial,
        label: short,
    };
    format!(
        "<section><h2>Equity</h2><p>Cash and coins over time, beside coins bought at the start and kept.</p>\
         <ul class=\"legend\"><li><i></i>Strategy</li><li class=\"held\"><i></i>Buy and hold</li></ul>\
         <div class=\"wide\">{}</div></section>",
        chart.svg()
    )
}

fn drawdown(curve: &Curve, deepest: f64) -> String {
    let chart = Chart {
        title: "Drawdown over time",
        description: &format!("At its deepest {} below the highest equity before.", percent(deepest)),
        height: 180.0,
        times: &curve.times,
        lines: &[Line { class: "fall", values: &curve.drawdown, filled: true }],
        base: 0.0,
        label: |value, step| format!("{} %", format::grouped(value * 100.0, format::digits_of(step * 100.0))),
    };
    format!(
        "<section><h2>Drawdown</h2><p>How far the equity stands below its highest before.</p>\
         <div class=\"wide\">{}</div></section>",
        chart.svg()
    )
}

fn rules(file: &BacktestFile) -> String {
    let rules = file.config.rules();
    let rate = |rate: Rate| format!("{} %", (rate.decimal() * rust_decimal::Decimal::ONE_HUNDRED).normalize());
    let fill = match rules.fill {
        FillAt::NextOpen => "at the next candle’s open",
        FillAt::Close => "at the close of the signal’s candle",
    };
    let paid_in = match rules.fees.paid_in {
        PaidIn::Quote => "quote currency",
        PaidIn::Received => "what is received",
    };
    tables::pairs(&[
        ("Market orders fill", fill.to_owned()),
        ("Fee of makers and takers", format!("{}, {}", rate(rules.fees.maker), rate(rules.fees.taker))),
        ("Fees are paid in", paid_in.to_owned()),
        ("Slippage", format!("{} basis points", rules.slippage_bps)),
        (
            "Share of a candle’s volume",
            rules.volume_share.map_or_else(|| "unlimited".to_owned(), |share| format!("at most {share}")),
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn file(name: &str) -> BacktestFile {
        BacktestFile::parse(&json!({
            "strategy": {
                "name": name,
                "market": { "exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1h" },
                "entry": { "gt": ["close", 10] },
                "exit": { "lt": ["close", 10] },
                "sizing": { "kind": "allIn" }
            },
            "initialCash": "1000"
        }))
        .unwrap()
    }

    fn report(warning: &str) -> Report {
        serde_json::from_value(json!({
            "metrics": {
                "finalEquity": "1000", "closedTrades": 0, "openTrades": 0, "wins": 0, "totalFees": "0",
                "netProfit": "0", "grossProfit": "0", "grossLoss": "0", "return": 0.0, "maxDrawdown": 0.0,
                "exposure": 0.0
            },
            "trades": [],
            "equity": [[3_599_999, "1000"], [7_199_999, "1000"]],
            "warnings": [warning]
        }))
        .unwrap()
    }

    #[test]
    fn nothing_of_the_user_becomes_markup_and_nothing_is_fetched() {
        let page = html(&file("<script>alert(1)</script>"), &report("<img src=x onerror=y>"), &[]);
        assert!(page.contains("&lt;script&gt;alert(1)") && page.contains("&lt;img src=x"));
        for forbidden in ["<script", "<img", "http:", "https:", "url(", "@import", "javascript:"] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
    }

    #[test]
    fn a_run_without_trades_has_a_whole_report() {
        let page = html(&file("Quiet"), &report("none"), &[]);
        assert!(!page.contains("NaN") && !page.contains("inf"));
        assert!(page.contains("<title>Equity over time</title>") && page.ends_with("</html>\n"));
    }
}
