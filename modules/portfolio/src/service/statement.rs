//! What a period has brought.

use super::{notional, taxes::with_fills};
use crate::{
    lots::{Lots, Method},
    store::{self, Ends},
};
use garde::Validate;
use kit::{Error, Result, TenantTx, Time};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use trading::money::Notional;
use uuid::Uuid;

/// Which period a statement is of.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "StatementPeriod")]
pub(crate) struct Period {
    /// From this moment on, …
    #[garde(skip)]
    pub(crate) from: Time,
    /// … and before this one.
    #[garde(custom(after(&self.from)))]
    pub(crate) to: Time,
    /// Only of this bot.
    #[garde(skip)]
    pub(crate) bot_id: Option<Uuid>,
}

fn after(from: &Time) -> impl Fn(&Time, &()) -> garde::Result + '_ {
    move |to, ()| if from < to { Ok(()) } else { Err(garde::Error::new("must be after `from`")) }
}

/// What a period has brought, in one currency. Closing equity is opening equity, what was added, what was realised and
/// what the coins held have gained.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "StatementLine")]
pub(crate) struct Line {
    currency: String,
    opening: Worth,
    /// The cash of bots that began in the period.
    added: Notional,
    /// What sales have earned, fees included, at the average cost of what was sold.
    realised_pnl: Notional,
    /// By how much the coins held are worth more than they cost, more than at the beginning.
    unrealised_change: Notional,
    /// All fees, which are counted in both already.
    fees: Notional,
    fills: usize,
    closing: Worth,
}

/// What bots were worth at a moment.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Worth")]
pub(crate) struct Worth {
    cash: Notional,
    position_value: Notional,
    equity: Notional,
}

impl Worth {
    fn add(&mut self, cash: Notional, position_value: Notional) {
        self.cash += cash;
        self.position_value += position_value;
        self.equity += cash + position_value;
    }
}

/// A line for each currency. Bots count by the time of their feeds, and from when they began.
pub(crate) async fn statement(tx: &mut TenantTx, period: &Period) -> Result<Vec<Line>> {
    let ends: BTreeMap<Uuid, Ends> = store::ends(tx, period.from, period.to).await?.into_iter().collect();
    let mut lines = BTreeMap::<String, Line>::new();
    let mut counted = BTreeSet::new();
    for (row, fills) in with_fills(tx, (period.bot_id, None)).await? {
        let Some(Ends { opening, closing: Some(closing) }) = ends.get(&row.bot_id) else { continue };
        let line = lines.entry(row.quote().to_owned()).or_default();
        // a bot of several symbols has one account
        if counted.insert(row.bot_id) {
            match opening {
                Some(opening) => line.opening.add(notional(opening.0)?, notional(opening.1)?),
                None => line.added += notional(row.initial_cash)?,
            }
            line.closing.add(notional(closing.0)?, notional(closing.1)?);
        }
        let mut lots = Lots::new(Method::Average);
        for fill in &fills {
            let at = Time::from_millis(fill.at.millis());
            let within = at >= period.from && at < period.to;
            let mut gain = Notional::ZERO;
            lots.take(fill, |sold| gain += sold.gain()).map_err(Error::internal)?;
            if within {
                line.realised_pnl += gain;
                line.fees += fill.fee_value();
                line.fills += 1;
            }
        }
    }
    let concluded = |(currency, line): (String, Line)| {
        let grown = line.closing.equity - line.opening.equity - line.added;
        Line { currency, unrealised_change: grown - line.realised_pnl, ..line }
    };
    Ok(lines.into_iter().map(concluded).collect())
}

/// Cash and the value of the coins.
pub(crate) type Held = (Decimal, Decimal);
