//! Reading by which kinds of order a plan trades.

use super::plan::{UpTo, optional, percent};
use crate::money::Percent;
use crate::strategy::fault::Faults;
use crate::strategy::plan::{EntryOrder, ExitOrder, Orders, Pairing, StopOrder};
use crate::strategy::reader::{Fields, Part};
use crate::time::Span;

/// The keys that a kind needs, and those that it may have.
type Keys = (&'static [&'static str], &'static [&'static str]);

const AT_MARKET: Keys = (&["kind"], &[]);
const LIMIT: Keys = (&["kind"], &["offset", "expires"]);
const OFFSET: Keys = (&["kind", "offset"], &["expires"]);

const ENTRIES: [(&str, Keys); 4] = [("market", AT_MARKET), ("limit", LIMIT), ("limitMaker", OFFSET), ("stop", OFFSET)];
const EXITS: [(&str, Keys); 3] = [("market", AT_MARKET), ("limit", LIMIT), ("limitMaker", OFFSET)];
const STOPS: [(&str, Keys); 2] = [("market", AT_MARKET), ("limit", (&["kind", "offset"], &[]))];
const PAIRINGS: [(&str, Pairing); 2] = [("separate", Pairing::Separate), ("oco", Pairing::Oco)];

pub(super) fn orders(part: &Part<'_>, faults: &mut Faults) -> Option<Orders> {
    let fields = part.fields(faults, &[], &["entry", "exit", "stop", "pair"])?;
    let entry = optional(&fields, "entry", |part| entry(&part, faults));
    let exit = optional(&fields, "exit", |part| exit(&part, faults));
    let stop = optional(&fields, "stop", |part| stop(&part, faults));
    let pair = optional(&fields, "pair", |part| part.word(faults, &PAIRINGS));
    Some(Orders {
        entry: entry?.unwrap_or_default(),
        exit: exit?.unwrap_or_default(),
        stop: stop?.unwrap_or_default(),
        pair: pair?.unwrap_or_default(),
    })
}

/// The kind of an order and the fields that this kind has.
fn kind<'a>(part: &Part<'a>, kinds: &[(&str, Keys)], faults: &mut Faults) -> Option<(&'a str, Fields<'a>)> {
    let map = part.map(faults, "an object with a kind")?;
    let path = format!("{}.kind", part.path);
    let Some(value) = map.get("kind") else {
        return faults.add(&path, "MISSING", "`kind` is missing");
    };
    let (required, allowed) = Part { value, path }.word(faults, kinds)?;
    Some((value.as_str()?, part.fields(faults, required, allowed)?))
}

fn entry(part: &Part<'_>, faults: &mut Faults) -> Option<EntryOrder> {
    let (kind, fields) = kind(part, &ENTRIES, faults)?;
    let expires = expires(&fields, faults);
    Some(match kind {
        "market" => EntryOrder::Market {},
        "limit" => EntryOrder::Limit { offset: offset(&fields, faults)?, expires: expires? },
        "limitMaker" => {
            EntryOrder::LimitMaker { offset: percent(&fields, "offset", UpTo::Less, faults)?, expires: expires? }
        }
        _ => EntryOrder::Stop { offset: percent(&fields, "offset", UpTo::Less, faults)?, expires: expires? },
    })
}

fn exit(part: &Part<'_>, faults: &mut Faults) -> Option<ExitOrder> {
    let (kind, fields) = kind(part, &EXITS, faults)?;
    let expires = expires(&fields, faults);
    Some(match kind {
        "market" => ExitOrder::Market {},
        "limit" => ExitOrder::Limit { offset: offset(&fields, faults)?, expires: expires? },
        _ => ExitOrder::LimitMaker { offset: percent(&fields, "offset", UpTo::Less, faults)?, expires: expires? },
    })
}

fn stop(part: &Part<'_>, faults: &mut Faults) -> Option<StopOrder> {
    let (kind, fields) = kind(part, &STOPS, faults)?;
    Some(match kind {
        "market" => StopOrder::Market {},
        _ => StopOrder::Limit { offset: offset(&fields, faults)? },
    })
}

fn expires(fields: &Fields<'_>, faults: &mut Faults) -> Option<Option<Span>> {
    optional(fields, "expires", |part| part.parsed(faults))
}

/// A percentage below a hundred, nought where it is absent.
fn offset(fields: &Fields<'_>, faults: &mut Faults) -> Option<Percent> {
    let Some(part) = fields.get("offset") else { return Some(Percent::default()) };
    let percent: Percent = part.amount(faults)?;
    if percent < Percent::HUNDRED {
        return Some(percent);
    }
    part.fault(faults, "OUT_OF_RANGE", format!("must be below 100, not {percent}"))
}
