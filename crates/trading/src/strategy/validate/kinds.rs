//! Reading the kinds of bot that follow no conditions.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::market;
use super::plan::{self, UpTo, above_nought, only_above_nought, optional, percent};
use crate::money::{Factor, Percent, Symbol};
use crate::strategy::document::{Body, Market, Outside};
use crate::strategy::fault::Faults;
use crate::strategy::kinds::{Dca, DcaTarget, Grid, MAX_DCA_ORDERS, MAX_LEVELS, Rebalance, Spacing};
use crate::strategy::reader::{Fields, Part};

const SPACINGS: [(&str, Spacing); 2] = [("arithmetic", Spacing::Arithmetic), ("geometric", Spacing::Geometric)];

pub(super) fn grid(document: &Fields<'_>, market: Option<&Market>, faults: &mut Faults) -> Option<Body> {
    market::one_symbol(market, "grid", faults)?;
    let known = ["lower", "upper", "levels", "quote"];
    let fields = document.get("grid")?.fields(faults, &known, &["spacing", "stopLoss", "takeProfit"])?;
    let lower = above_nought(&fields, "lower", faults);
    let upper = above_nought(&fields, "upper", faults);
    let levels = fields.get("levels").and_then(|part| part.whole(faults, 2, MAX_LEVELS));
    let spacing = optional(&fields, "spacing", |part| part.word(faults, &SPACINGS));
    let quote = above_nought(&fields, "quote", faults);
    let stop_loss = optional(&fields, "stopLoss", |_| above_nought(&fields, "stopLoss", faults));
    let take_profit = optional(&fields, "takeProfit", |_| above_nought(&fields, "takeProfit", faults));
    let (lower, upper, stop_loss, take_profit) = (lower?, upper?, stop_loss?, take_profit?);
    if lower >= upper {
        return faults.add("grid.upper", "OUT_OF_RANGE", format!("must be above `lower`, which is {lower}"));
    }
    if stop_loss.is_some_and(|stop| stop >= lower) {
        return faults.add("grid.stopLoss", "OUT_OF_RANGE", format!("must be below `lower`, which is {lower}"));
    }
    if take_profit.is_some_and(|target| target <= upper) {
        return faults.add("grid.takeProfit", "OUT_OF_RANGE", format!("must be above `upper`, which is {upper}"));
    }
    let (levels, spacing) = (u16::try_from(levels?).ok()?, spacing?.unwrap_or_default());
    Some(Body::Grid { grid: Grid { lower, upper, levels, spacing, quote: quote?, stop_loss, take_profit } })
}

pub(super) fn dca(document: &Fields<'_>, market: Option<&Market>, faults: &mut Faults) -> Option<Body> {
    market::one_symbol(market, "dca", faults)?;
    let part = document.get("dca")?;
    let known = ["every", "dipPercent", "scale", "takeProfit"];
    let fields = part.fields(faults, &["quote", "maxOrders"], &known)?;
    let every = optional(&fields, "every", |part| part.parsed(faults));
    let dip_percent = optional(&fields, "dipPercent", |_| percent(&fields, "dipPercent", UpTo::Less, faults));
    if fields.get("every").is_some() == fields.get("dipPercent").is_some() {
        part.fault::<()>(faults, "ONE_OF", "buys by time or as the price falls: give one of `every` and `dipPercent`");
    }
    let quote = above_nought(&fields, "quote", faults);
    let max_orders = fields.get("maxOrders").and_then(|part| part.whole(faults, 1, MAX_DCA_ORDERS));
    let scale = optional(&fields, "scale", |_| above_nought(&fields, "scale", faults));
    let take_profit = optional(&fields, "takeProfit", |part| only_above_nought(&part, faults));
    Some(Body::Dca {
        dca: Dca {
            every: every?,
            dip_percent: dip_percent?,
            quote: quote?,
            max_orders: max_orders?,
            scale: scale?.unwrap_or(Factor::ONE),
            take_profit: take_profit?.map(|percent| DcaTarget { percent }),
        },
    })
}

pub(super) fn rebalance(document: &Fields<'_>, market: Option<&Market>, faults: &mut Faults) -> Option<Body> {
    let fields = document.get("rebalance")?.fields(faults, &["weights", "threshold", "every"], &[])?;
    let weights = fields.get("weights").and_then(|part| weights(&part, market, faults));
    let threshold = percent(&fields, "threshold", UpTo::Less, faults);
    let every = fields.get("every").and_then(|part| part.parsed(faults));
    Some(Body::Rebalance { rebalance: Rebalance { weights: weights?, threshold: threshold?, every: every? } })
}

/// A weight of each symbol of the market, at most all together.
fn weights(part: &Part<'_>, market: Option<&Market>, faults: &mut Faults) -> Option<BTreeMap<Symbol, Percent>> {
    let symbols = market?.symbols();
    let names: Vec<&str> = symbols.iter().map(Symbol::as_str).collect();
    let fields = part.fields(faults, &names, &[])?;
    let weight = |symbol: &Symbol| Some((*symbol, percent(&fields, symbol.as_str(), UpTo::All, faults)?));
    let weights: Vec<_> = symbols.iter().map(weight).collect();
    let weights: BTreeMap<Symbol, Percent> = weights.into_iter().collect::<Option<_>>()?;
    let sum: Decimal = weights.values().map(|weight| weight.decimal()).sum();
    if sum > Percent::HUNDRED.decimal() {
        return part.fault(faults, "OUT_OF_RANGE", format!("the weights sum to {sum}, which is above 100"));
    }
    Some(weights)
}

pub(super) fn signal(document: &Fields<'_>, _: Option<&Market>, faults: &mut Faults) -> Option<Body> {
    let known = document.get("signal")?.fields(faults, &[], &[]);
    let plan = plan::plan(document, faults);
    let plan = known.and(plan)?;
    Some(Body::Signal(Outside::new(plan)))
}
