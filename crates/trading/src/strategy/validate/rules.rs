//! Reading a bot that follows conditions.

use super::conditions::Conditions;
use super::names::Names;
use super::{indicators, plan};
use crate::strategy::Condition;
use crate::strategy::document::{Body, Market, Rules};
use crate::strategy::fault::Faults;
use crate::strategy::plan::Plan;
use crate::strategy::reader::Fields;

pub(super) fn read(fields: &Fields<'_>, market: Option<&Market>, faults: &mut Faults) -> Option<Body> {
    let names = names(fields, market, faults);
    let (entry, exit) = conditions(fields, &names, faults);
    let plan = plan::plan(fields, faults);
    if fields.get("exit").is_none() && plan.as_ref().is_some_and(|plan| !plan::sells(plan)) {
        faults.add::<()>("exit", "MISSING", "`exit` is missing, and nothing in `protect` sells either");
    }
    let (plan, indicators) = (plan?, names.declared()?);
    let Plan { sizing, protect, guards, orders } = plan;
    Some(Body::Rules(Rules { indicators, entry: entry?, exit: exit?, sizing, protect, guards, orders }))
}

fn names(fields: &Fields<'_>, market: Option<&Market>, faults: &mut Faults) -> Names {
    let part = fields.get("indicators");
    part.map_or_else(Names::default, |part| indicators::read(&part, market.map(|market| market.timeframe), faults))
}

/// The entry, and the exit if there is one.
fn conditions(
    fields: &Fields<'_>,
    names: &Names,
    faults: &mut Faults,
) -> (Option<Condition>, Option<Option<Condition>>) {
    let mut reader = Conditions { names, faults, parts: 0 };
    let entry = fields.get("entry").and_then(|part| reader.condition(&part, 1));
    let exit = match fields.get("exit") {
        Some(part) => reader.condition(&part, 1).map(Some),
        None => Some(None),
    };
    (entry, exit)
}
