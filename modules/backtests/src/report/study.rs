//! What a report tells beyond one run: walk-forward, luck, and whether the figures can be trusted.

use super::{
    Page, axis,
    chart::{Scale, roomy},
    format::{date, escape, grouped, minute, money, number, percent, short, signed_percent},
    frame::{About, drawing},
    heat::shown,
    table::Table,
    tables::{sign, symbols},
    tiles::{maybe, two},
};
use std::fmt::Write;
use trading::{
    backtest::{CheckReport, Drift, FanPoint, LookAhead, MonteCarloReport, Quantiles, Sections, WalkForwardReport},
    metrics::approximate,
    money::{Notional, Symbol},
    time::Timestamp,
};

pub(super) fn sections(page: &mut Page, sections: &Sections) {
    if !sections.symbols.is_empty() {
        let about = "Closed trades of each symbol and what they earned, fees included.";
        page.section("What each symbol contributed", about, &symbols(&sections.symbols));
    }
    if let Some(walk) = &sections.walk_forward {
        walk_forward(page, walk);
    }
    if let Some(played) = &sections.monte_carlo {
        monte_carlo(page, played);
    }
    if let Some(found) = &sections.checks {
        checks(page, found);
    }
}

fn walk_forward(page: &mut Page, walk: &WalkForwardReport) {
    let heads =
        ["Test", "Chosen", "Return in training", "Return in test", "Sharpe in training", "Sharpe in test", "Kept"];
    let mut table = Table::new("Walk-forward", heads);
    for window in &walk.windows {
        let chosen: Vec<_> =
            window.parameters.iter().map(|(path, value)| format!("{} = {}", escape(path), shown(value))).collect();
        let (inside, outside) = (&window.in_sample, &window.out_of_sample);
        let cells = format!(
            "<td class=\"word many\">{}</td><td class=\"{}\">{}</td><td class=\"{}\">{}</td><td>{}</td><td>{}</td>\
             <td>{}</td>",
            chosen.join(", "),
            sign(inside.total_return),
            signed_percent(inside.total_return),
            sign(outside.total_return),
            signed_percent(outside.total_return),
            maybe(inside.sharpe, two),
            maybe(outside.sharpe, two),
            maybe(window.efficiency, percent)
        );
        table.row(&format!("{} – {}", date(window.test_from), date(window.test_to)), &cells);
    }
    let about = format!(
        "Values are chosen on a stretch and traded on the next; all other figures are of the tests alone. Of what the \
         trainings earned a day the tests kept {}.",
        maybe(walk.efficiency, percent)
    );
    page.section("Walk-forward", &about, &table.end());
}

fn monte_carlo(page: &mut Page, played: &MonteCarloReport) {
    let about = format!(
        "The {} trades played {} times with other luck. In {} of the runs the loss counts as ruin.",
        played.trades,
        grouped(number(played.runs), 0),
        percent(played.ruin)
    );
    page.drawing("Luck", &about, &fan(&played.fan));
    let heads = ["Of the runs, below", "1 %", "5 %", "25 %", "50 %", "75 %", "95 %", "99 %"];
    let mut table = Table::new("Luck in numbers", heads);
    let rows = [
        ("Final equity", each(&played.final_equity, |value| money(approximate(value.decimal())))),
        ("Largest drawdown", each(&played.max_drawdown, |value| percent(-value))),
        ("Longest losing streak", each(&played.losing_streak, |value| grouped(value, 0))),
    ];
    for (name, cells) in rows {
        table.row(name, &cells.map(|cell| format!("<td>{cell}</td>")).concat());
    }
    page.section("Luck in numbers", "What so many of the runs stay below.", &table.end());
}

fn each<T: Copy>(of: &Quantiles<T>, show: impl Fn(T) -> String) -> [String; 7] {
    [of.p1, of.p5, of.p25, of.p50, of.p75, of.p95, of.p99].map(show)
}

/// The equity over the trades: where half of the runs are, where nine of ten are, and the one in the middle.
fn fan(points: &[FanPoint]) -> String {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return String::new() };
    if first.trades == last.trades {
        return String::new();
    }
    let value = |value: Notional| approximate(value.decimal());
    let (low, high) = points.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), point| {
        (low.min(value(point.equity.p5)), high.max(value(point.equity.p95)))
    });
    let air = ((high - low) * 0.04).max(1e-9);
    let moment = |point: &FanPoint| Timestamp::from_millis(i64::try_from(point.trades).unwrap_or(i64::MAX));
    let description = format!(
        "In the end half of the runs have between {} and {}, the one in the middle {}.",
        money(value(last.equity.p25)),
        money(value(last.equity.p75)),
        money(value(last.equity.p50))
    );
    drawing(&About { title: "Equity of all runs", description: &description }, 300.0, |frame, svg| {
        let bounds = (low - air, high + air);
        let frame = roomy(frame, bounds, short);
        let scale = Scale::new(frame, (moment(first), moment(last)), bounds);
        scale.values(short, svg);
        let (begin, end) = (number(first.trades), number(last.trades));
        let place = |mark: f64| (frame.left + (mark - begin) / (end - begin) * frame.across(), grouped(mark, 0));
        frame.below(axis::values(begin, end, 6.0).0.into_iter().map(place), svg);
        let line = |of: fn(&Quantiles<Notional>) -> Notional, backwards: bool| {
            let place =
                |point: &FanPoint| format!("{:.1} {:.1}", scale.x(moment(point)), scale.y(value(of(&point.equity))));
            let mut places: Vec<String> = points.iter().map(place).collect();
            if backwards {
                places.reverse();
            }
            places.join("L")
        };
        let _ = write!(
            svg,
            "<path class=\"band\" d=\"M{}L{}Z\"/><path class=\"band\" d=\"M{}L{}Z\"/>\
             <path class=\"line strategy\" d=\"M{}\"/>",
            line(|of| of.p5, false),
            line(|of| of.p95, true),
            line(|of| of.p25, false),
            line(|of| of.p75, true),
            line(|of| of.p50, false)
        );
    })
}

fn checks(page: &mut Page, found: &CheckReport) {
    if let Some(look_ahead) = &found.look_ahead {
        ahead(page, look_ahead);
    }
    if let Some(drifts) = found.recursive.as_ref().filter(|drifts| !drifts.is_empty()) {
        recursive(page, drifts);
    }
}

/// What a check found, in a sentence.
pub(crate) fn verdict(found: &LookAhead) -> String {
    let LookAhead { cuts, decisions, differences } = found;
    match differences.len() {
        0 if *cuts == 0 => "Not checked: nothing was decided after which to cut the candles off".to_owned(),
        0 => format!("The candles were cut off after {cuts} of {decisions} decisions, and nothing looks ahead"),
        many => format!(
            "The candles were cut off after {cuts} of {decisions} decisions, and {many} things were otherwise: the strategy \
             knows the future"
        ),
    }
}

/// A thing with its symbol before it, where there are several.
pub(crate) fn about(symbol: Option<Symbol>, what: &str) -> String {
    symbol.map_or_else(|| what.to_owned(), |symbol| format!("{symbol} {what}"))
}

fn ahead(page: &mut Page, found: &LookAhead) {
    let title = "Does it look ahead?";
    let verdict = format!("{}.", verdict(found));
    if found.differences.is_empty() {
        return page.section(title, &verdict, "");
    }
    let mut table = Table::new(title, ["Cut after", "Differs at", "What"]);
    for it in &found.differences {
        let cells =
            format!("<td>{}</td><td class=\"word\">{}</td>", minute(it.at), escape(&about(it.symbol, &it.what)));
        table.row(&minute(it.cut), &cells);
    }
    page.section(title, &verdict, &table.end());
}

fn recursive(page: &mut Page, drifts: &[Drift]) {
    let title = "Warm-up of the indicators";
    let lengths: Vec<String> = drifts
        .first()
        .map(|first| first.drifts.iter().map(|(candles, _)| candles.to_string()).collect())
        .unwrap_or_default();
    let mut table = Table::new(title, ["Indicator", "Needs"].into_iter().chain(lengths.iter().map(String::as_str)));
    for Drift { symbol, output, drifts, warm_up } in drifts {
        let needs = warm_up.map_or_else(|| "more".to_owned(), |candles| candles.to_string());
        let cell =
            |drift: &Option<f64>| format!("<td>{}</td>", maybe(*drift, |drift| format!("{} %", grouped(drift, 3))));
        let cells: String = drifts.iter().map(|(_, drift)| cell(drift)).collect();
        table.row(&escape(&about(*symbol, output)), &format!("<td>{needs}</td>{cells}"));
    }
    let about = "How far the last value of each indicator is off with so many candles before it, and how many it needs to be \
                 less than a tenth of a percent off.";
    page.section(title, about, &table.end());
}
