//! The tests of a walk-forward, one after the other as one equity.

use std::ops::{ControlFlow, Range};

use super::account::AccountRecorder;
use super::lanes::{Account, live};
use super::recorder::{Recorder, Report};
use super::run::drive;
use super::trial::{conduct, rebalance};
use super::{BacktestConfig, BacktestError, Setup};
use crate::engine::{Driver, Strategy};
use crate::money::Notional;
use crate::strategy::{Columns, Document};

/// The tests of one symbol, or of an account of several.
pub(super) enum Chain<'a> {
    One(Box<One<'a>>),
    Several(Box<Several<'a>>),
}

pub(super) struct One<'a> {
    columns: &'a Columns<'a>,
    rows: Range<usize>,
    cash: Notional,
    recorder: Recorder<'a>,
    /// The bot that was the last to trade.
    last: Option<Driver<Box<dyn Strategy + 'a>>>,
}

pub(super) struct Several<'a> {
    columns: &'a [Columns<'a>],
    recorder: AccountRecorder,
    last: Option<Account<'a>>,
}

impl<'a> Chain<'a> {
    /// Nothing has traded yet; `tests` is from the first test to the last one.
    pub(super) fn new(document: &Document, columns: &'a [Columns<'a>], tests: &BacktestConfig) -> Self {
        if let ([columns], None) = (columns, rebalance(document)) {
            let (candles, cash) = (columns.candles(), tests.initial_cash);
            let rows = candles.rows(tests.from, tests.to);
            let recorder = Recorder::new(candles, &rows, cash, true);
            return Self::One(Box::new(One { columns, rows, cash, recorder, last: None }));
        }
        let recorder = AccountRecorder::new(columns, &Setup::of(document, tests.clone()), true);
        Self::Several(Box::new(Several { columns, recorder, last: None }))
    }

    /// Takes a document through its test; answers what the account is worth then.
    pub(super) fn live(
        &mut self,
        document: &Document,
        setup: &Setup,
        progress: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Notional, BacktestError> {
        match self {
            Self::One(chain) => {
                let One { columns, recorder, last, .. } = &mut **chain;
                if let Some(last) = last {
                    recorder.begin_again(last.engine());
                }
                let driver = drive(columns.candles(), conduct(document, columns), setup, recorder, progress)?;
                Ok(last.insert(driver).engine().equity())
            }
            Self::Several(chain) => {
                let Several { columns, recorder, last } = &mut **chain;
                if let Some(last) = last {
                    recorder.begin_again(last);
                }
                let make = |_, columns: &Columns<'a>| conduct(document, columns);
                let lanes = live(document, columns, setup, make, recorder, progress)?;
                Ok(last.insert(lanes).equity())
            }
        }
    }

    /// The report of all tests.
    ///
    /// # Errors
    /// [`BacktestError::NoWindow`] where there was none.
    pub(super) fn finish(self) -> Result<Report, BacktestError> {
        match self {
            Self::One(chain) => {
                let last = chain.last.ok_or(BacktestError::NoWindow)?;
                Ok(chain.recorder.finish(&chain.rows, &last, chain.cash))
            }
            Self::Several(chain) => {
                let last = chain.last.ok_or(BacktestError::NoWindow)?;
                Ok(chain.recorder.finish(&last, chain.columns))
            }
        }
    }
}
