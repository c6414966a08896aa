//! Running a back-test file.

use std::ops::ControlFlow;

use schemars::JsonSchema;
use serde::Serialize;

use super::history::sorted;
use super::recorder::{Report, about};
use super::run::{Setup, warn};
use super::search::search;
use super::sweep::sweep;
use super::trial::trial;
use super::walk_forward::walk_forward;
use super::{BacktestConfig, BacktestError, BacktestFile, CheckReport, History, Sweep, checks, monte_carlo};
use crate::candle::Candles;
use crate::money::Symbol;
use crate::strategy::{Columns, Program};

/// The answer to a back-test file: a report, or the combinations of its sweep or search.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Answer {
    /// Of one back-test.
    Report(Box<Report>),
    /// Of a sweep or a search.
    Sweep(Sweep),
}

impl BacktestFile {
    /// Runs the file on the candles of its symbols. `progress` is told the done and the total steps
    /// (candles, or combinations) and may ask for the end; it is asked often, from many threads at
    /// once. Whatever runs more than once runs on the rayon pool from which this is called.
    ///
    /// # Errors
    /// Where candles are missing or do not fit the strategy, or as [`run`](super::run()); where too
    /// much is asked for.
    pub fn execute(
        &self,
        history: &History,
        progress: impl Fn(usize, usize) -> ControlFlow<()> + Sync,
    ) -> Result<Answer, BacktestError> {
        let columns = history.columns(self.strategy.market())?;
        let filters = self.config.filters.applied(self.strategy.market());
        let many = match &self.search {
            Some(asked) => Some(search(self, asked, &columns, &progress)?),
            None if !self.sweep.is_empty() => Some(sweep(self, &columns, &progress)?),
            None => None,
        };
        if let Some(many) = many {
            return Ok(Answer::Sweep(Sweep { filters, ..many }));
        }
        let mut report = match &self.walk_forward {
            Some(walk) => walk_forward(self, walk, &columns, &progress)?,
            None => self.run_once(&columns, &progress)?,
        };
        report.sections.filters = filters;
        let steps = columns.iter().map(|columns| columns.candles().len()).sum();
        self.look_closer(&columns, &mut report, || progress(steps, steps))?;
        Ok(Answer::Report(Box::new(report)))
    }

    fn run_once(
        &self,
        columns: &[Columns<'_>],
        progress: impl Fn(usize, usize) -> ControlFlow<()> + Sync,
    ) -> Result<Report, BacktestError> {
        let setup = Setup::of(&self.strategy, self.config.clone());
        let total = columns.iter().map(|columns| columns.candles().len()).sum();
        let mut report = trial(&self.strategy, columns, &setup, true, |done| progress(done, total))?;
        let several = columns.len() > 1;
        for (columns, symbol) in columns.iter().zip(sorted(self.strategy.market())) {
            let symbol = several.then_some(symbol);
            warn(columns.candles(), &setup, symbol, &mut report)?;
            self.warn_of_warm_up(columns.candles(), symbol, &mut report);
        }
        Ok(report)
    }

    fn warn_of_warm_up(&self, candles: &Candles, symbol: Option<Symbol>, report: &mut Report) {
        let timeframe = candles.timeframe();
        let needed = self.strategy.rules().map_or(0, |rules| Program::compile(rules, timeframe).warm_up());
        let known = candles.rows(None, self.config.to).end;
        if needed >= known {
            let warning =
                format!("the indicators need {needed} candles before they have a value, and there are only {known}");
            report.warnings.push(about(symbol, warning));
        }
    }

    /// The sections of a report that were asked for.
    fn look_closer(
        &self,
        columns: &[Columns<'_>],
        report: &mut Report,
        progress: impl Fn() -> ControlFlow<()> + Sync,
    ) -> Result<(), BacktestError> {
        if let Some(asked) = self.monte_carlo {
            let played = monte_carlo(&report.trades, self.config.initial_cash, asked, &progress)?;
            report.sections.monte_carlo = played;
        }
        if let Some(asked) = self.checks {
            // A history that is cut off has no finer candles, and what is decided does not need them.
            let setup = Setup::of(&self.strategy, BacktestConfig { intrabar: None, ..self.config.clone() });
            let look_ahead =
                asked.look_ahead.then(|| checks::look_ahead_of(&self.strategy, columns, &setup, &progress));
            let recursive = asked.recursive.then(|| checks::recursive(&self.strategy, columns, &progress));
            let (look_ahead, recursive) = (look_ahead.transpose()?, recursive.transpose()?);
            report.sections.checks = Some(CheckReport { look_ahead, recursive });
        }
        Ok(())
    }
}
