//! One back-test of a document of any kind.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::recorder::Report;
use super::run::{Setup, go};
use super::{BacktestError, lanes};
use crate::engine::{Conduct, Rebalancer, Silent, Strategy};
use crate::strategy::{Body, ColumnRules, ColumnScript, Columns, Document, Program, Rules};

/// Tries a document on the candles of its symbols, which come in their order.
///
/// # Errors
/// As [`run`](super::run()).
pub(super) fn trial(
    document: &Document,
    columns: &[Columns<'_>],
    setup: &Setup,
    detail: bool,
    progress: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Report, BacktestError> {
    let ([columns], None) = (columns, rebalance(document)) else {
        return lanes::trial(document, columns, setup, detail, progress);
    };
    let candles = columns.candles();
    match document.body() {
        Body::Rules(rules) => go(candles, Conduct::RoundTrips(decisions(rules, columns)), setup, detail, progress),
        Body::Script(scripted) => {
            go(candles, Conduct::RoundTrips(ColumnScript::new(scripted, columns)), setup, detail, progress)
        }
        other => go(candles, unruled(other), setup, detail, progress),
    }
}

/// The decisions of rules at every candle.
fn decisions(rules: &Rules, columns: &Columns<'_>) -> ColumnRules {
    let program = Program::compile(rules, columns.candles().timeframe());
    ColumnRules::new(Arc::new(program.signals(columns)), 0)
}

/// How a document conducts itself on one symbol, where speed does not count for much.
pub(super) fn conduct<'a>(document: &Document, columns: &Columns<'a>) -> Conduct<Box<dyn Strategy + 'a>> {
    match document.body() {
        Body::Rules(rules) => Conduct::RoundTrips(Box::new(decisions(rules, columns))),
        Body::Script(scripted) => Conduct::RoundTrips(Box::new(ColumnScript::new(scripted, columns))),
        other => match unruled(other) {
            Conduct::RoundTrips(silent) => Conduct::RoundTrips(Box::new(silent)),
            Conduct::Dca(dca) => Conduct::Dca(dca),
            Conduct::Grid(grid) => Conduct::Grid(grid),
            Conduct::Holding => Conduct::Holding,
        },
    }
}

/// What keeps the weights of an account, where a document asks for that.
pub(super) fn rebalance(document: &Document) -> Option<Rebalancer> {
    match document.body() {
        Body::Rebalance { rebalance } => Some(Rebalancer::new(rebalance.clone())),
        _ => None,
    }
}

/// How a bot that follows no rules of its own conducts itself.
fn unruled(body: &Body) -> Conduct<Silent> {
    match body {
        Body::Rules(_) | Body::Script(_) | Body::Signal(_) => Conduct::RoundTrips(Silent),
        Body::Grid { grid } => Conduct::Grid(grid.clone()),
        Body::Dca { dca } => Conduct::Dca(dca.clone()),
        Body::Rebalance { .. } => Conduct::Holding,
    }
}
