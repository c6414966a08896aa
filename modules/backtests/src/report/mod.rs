//! The report of a back-test: one HTML page that needs nothing but itself, and no script.

mod axis;
mod bars;
mod candles;
mod card;
mod chart;
mod figures;
mod format;
mod frame;
mod heat;
mod spread;
mod study;
mod sweep;
mod table;
mod tables;
mod tiles;

pub use card::PictureError;
pub(crate) use figures::groups;
pub(crate) use format::percent;
pub(crate) use study::{about, verdict};
pub(crate) use sweep::{ranked, sweep_html};

use crate::{curve::Curve, scenes::Scenes, summary::symbols};
use chart::{Chart, Line};
use format::{date, escape, money, short};
use frame::About;
use std::fmt::Write;
use trading::{
    backtest::{BacktestConfig, BacktestFile, Report},
    metrics::approximate,
    money::{Instrument, Notional, Rate},
    position::Trade,
    simulator::{FillAt, LimitFill, PaidIn},
    time::Timestamp,
};

/// What a browser may do with the page: show it, with the styles and drawings that stand in it.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                                           form-action 'none'; frame-ancestors 'none'; sandbox";

/// At most so many trades are shown from either end.
const TRADES_SHOWN: usize = 25;
/// Of so many trades the best and the worst are shown in tables of their own.
const RANKED: usize = 10;

/// The page of one run. `held` is what holding would have been worth at each point of the equity.
/// Every text of the user in it is escaped.
pub(crate) fn html(file: &BacktestFile, report: &Report, held: &[(Timestamp, Notional)], scenes: &Scenes) -> String {
    let curve = Curve::of(&report.equity, held, approximate(file.config.initial_cash.decimal()));
    let period = curve.times.first().copied().zip(curve.times.last().copied());
    let mut page = Page::begin(file, "Back-test", period);
    page.push(&tiles::tiles(&report.metrics, file.strategy.market().quote()));
    page.push(&warnings(&report.warnings));
    page.push(&equity(&curve, report.metrics.max_drawdown));
    market(&mut page, scenes, &report.trades);
    page.section(
        "Monthly returns",
        "In per cent of the equity at the month’s beginning; months are UTC.",
        &tables::months(&curve.months),
    );
    page.push("<div class=\"pair\">");
    page.drawing("Yearly returns", "Of the equity at the year’s beginning.", &spread::years(&curve.months));
    page.drawing(
        "Returns of trades",
        "Profit over what the trade cost; the ends hold all beyond.",
        &spread::returns(&report.trades),
    );
    page.drawing("Holding times", "From the first buy to the last sale.", &spread::holding(&report.trades));
    let ways = tables::ways_out(&report.trades);
    page.section("How trades ended", "Closed trades, by what the last sale was for.", &ways);
    page.push("</div>");
    study::sections(&mut page, &report.sections);
    page.section(
        "All figures",
        "All that was reckoned of this run.",
        &figures::tables(&report.metrics, file.strategy.market().quote()),
    );
    trades(&mut page, &report.trades);
    page.section("Rules of the run", "How signals became fills.", &rules(file));
    page.end(file)
}

const LEGEND: &str = "<section><h2>Market and trades</h2><p>Each line is a trade, from its entry to its exit.</p>\
     <ul class=\"legend\"><li class=\"won\"><i></i>Earned</li><li class=\"lost\"><i></i>Lost</li>\
     <li><b aria-hidden=\"true\">▲</b>Entry</li><li><b aria-hidden=\"true\">▼</b>Exit by signal or target</li>\
     <li><b aria-hidden=\"true\">✕</b>Exit by stop or time</li></ul>";

/// The candles: the whole period, and around the trades that earned and lost the most.
fn market(page: &mut Page, scenes: &Scenes, trades: &[Trade]) {
    let overview = candles::overview(&scenes.overview, trades);
    if overview.is_empty() && scenes.trades.is_empty() {
        return;
    }
    page.push(LEGEND);
    page.push(&overview);
    page.push("</section><div class=\"pair\">");
    let close_ups = scenes.trades.iter().filter_map(|scene| Some((scene, trades.get(scene.trade)?)));
    for (scene, trade) in close_ups {
        let symbol = trade.symbol.map_or_else(String::new, |symbol| format!(" of {symbol}"));
        let title = format!("Trade {}{symbol}: {}", scene.trade + 1, format::signed(tables::pnl(trade)));
        let about = format!("{}, held {}.", tables::words(trade.reason), tables::held(trade));
        page.drawing(&title, &about, &candles::close_up(scene, trade));
    }
    page.push("</div>");
}

fn trades(page: &mut Page, trades: &[Trade]) {
    if trades.len() > 2 * RANKED {
        page.section("Best trades", "The ten that earned the most.", &tables::ranked(trades, RANKED, true));
        page.section("Worst trades", "The ten that lost the most.", &tables::ranked(trades, RANKED, false));
    }
    let about = match trades.len() {
        many if many > 2 * TRADES_SHOWN => format!("The first and the last {TRADES_SHOWN} of {many}; times are UTC."),
        _ => "Every closed trade; times are UTC.".to_owned(),
    };
    page.section("Trades", &about, &tables::trades(trades, TRADES_SHOWN));
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

    /// A table, if there is one. It may be wider than the screen: then it is moved by hand, or by the keyboard.
    fn section(&mut self, title: &str, about: &str, content: &str) {
        // writing to a String cannot fail
        let _ = write!(self.0, "<section><h2>{title}</h2><p>{about}</p>");
        if !content.is_empty() {
            let _ = write!(
                self.0,
                "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"{title}\">{content}</div>"
            );
        }
        self.push("</section>");
    }

    /// A drawing, which fits; nothing where there is none.
    fn drawing(&mut self, title: &str, about: &str, svg: &str) {
        if !svg.is_empty() {
            let _ = write!(self.0, "<section><h2>{title}</h2><p>{about}</p>{svg}</section>");
        }
    }

    fn end(mut self, file: &BacktestFile) -> String {
        // a file is made of texts and trees, which always serialise
        let text = serde_json::to_string_pretty(file).unwrap_or_default();
        let _ = write!(
            self.0,
            "<section><h2>The file</h2><p>Saved as <code>file.json</code>, it runs once more by \
             <code>botcriptofy backtest file.json --candles FILE</code>.</p>\
             <details><summary>Show it</summary><pre>{}</pre></details></section>",
            escape(&text)
        );
        self.push(
            "</main><footer>Made by BotCriptoFy. What happened says nothing certain about what will.</footer></body></html>\n",
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

/// The equity, and below it on the same axis of time how far it had fallen.
fn equity(curve: &Curve, deepest: f64) -> String {
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
    let equity = Chart {
        about: About { title: "Equity over time", description: &description },
        height: 340.0,
        times: &curve.times,
        lines: &lines,
        base: curve.initial,
        label: short,
    };
    let description = format!("At its deepest {} below the highest equity before.", percent(deepest));
    let drawdown = Chart {
        about: About { title: "Drawdown over time", description: &description },
        height: 150.0,
        times: &curve.times,
        lines: &[Line { class: "fall", values: &curve.drawdown, filled: true }],
        base: 0.0,
        label: |value, step| format!("{} %", format::grouped(value * 100.0, format::digits_of(step * 100.0))),
    };
    format!(
        "<section><h2>Equity</h2><p>Cash and coins over time, beside coins bought at the start and kept; below, how far \
         it stands under its highest before.</p>\
         <ul class=\"legend\"><li><i></i>Strategy</li><li class=\"held\"><i></i>Buy and hold</li>\
         <li class=\"fall\"><i></i>Drawdown</li></ul>{}{}</section>",
        equity.svg(),
        drawdown.svg()
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
    let mut rows = vec![
        ("Market orders fill", fill.to_owned()),
        ("Fee of makers and takers", format!("{}, {}", rate(rules.fees.maker), rate(rules.fees.taker))),
        ("Fees are paid in", paid_in.to_owned()),
        ("Slippage", format!("{} basis points", rules.slippage_bps)),
        (
            "Share of a candle’s volume",
            rules.volume_share.map_or_else(|| "unlimited".to_owned(), |share| format!("at most {share}")),
        ),
    ];
    rows.extend(finer_rules(&file.config));
    rows.extend(filters(file).into_iter().map(|filters| ("Filters", filters)));
    tables::pairs("Rules of the run", ["Rule", "Here"], &rows)
}

/// By which filters orders were taken.
fn filters(file: &BacktestFile) -> Vec<String> {
    match file.config.filters.applied(file.strategy.market()) {
        None => vec!["none: any order is taken".to_owned()],
        Some(filters) => filters.applied.iter().map(steps).chain(filters.notes).collect(),
    }
}

/// The filters of a symbol in words.
fn steps(of: &Instrument) -> String {
    let quote = of.symbol.quote();
    let parts = [
        of.tick.map(|tick| format!("prices in steps of {tick}")),
        of.lot.map(|lot| format!("quantities in steps of {lot}")),
        of.min_quantity.map(|least| format!("at least {least} {}", of.symbol.base())),
        of.min_notional.map(|least| format!("at least {least} {quote} an order")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    format!("{}: {}", of.symbol, if parts.is_empty() { "none".to_owned() } else { parts.join(", ") })
}

/// The rules that few files have.
fn finer_rules(config: &BacktestConfig) -> impl Iterator<Item = (&'static str, String)> {
    let through = config.limit_fill == LimitFill::Through;
    [
        config.slippage_of_range.map(|share| ("Slippage on top", format!("{share} of a candle’s range"))),
        through.then(|| ("Limit orders fill", "once the price goes beyond theirs".to_owned())),
        (config.latency_ms > 0).then(|| ("An order arrives after", format!("{} ms", config.latency_ms))),
        config.funding.map(|it| ("Funding", format!("rate {} every {}", it.rate, it.every))),
        config.intrabar.map(|finer| ("Inside a candle", format!("what came first is told by {finer} candles"))),
    ]
    .into_iter()
    .flatten()
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
                "finalEquity": "1000", "closedTrades": 0, "openTrades": 0, "wins": 0, "totalFees": "0", "funding": "0",
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
        let page = html(&file("<script>alert(1)</script>"), &report("<img src=x onerror=y>"), &[], &Scenes::default());
        assert!(page.contains("&lt;script&gt;alert(1)") && page.contains("&lt;img src=x"));
        for forbidden in ["<script", "<img", "http:", "https:", "url(", "@import", "javascript:"] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
    }

    #[test]
    fn a_run_without_trades_has_a_whole_report() {
        let page = html(&file("Quiet"), &report("none"), &[], &Scenes::default());
        assert!(!page.contains("NaN") && !page.contains("inf"));
        assert!(page.contains(">Equity over time</title>") && page.ends_with("</html>\n"));
    }
}
