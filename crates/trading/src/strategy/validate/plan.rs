//! Reading what does not decide when: sizing, protection and guards.

use rust_decimal::Decimal;

use super::orders;
use crate::money::Percent;
use crate::strategy::fault::Faults;
use crate::strategy::plan::{
    Guards, MAX_LOSSES, MAX_TARGETS, MaxDrawdown, Orders, PauseAfterLosses, Plan, Protect, Sizing, StopLoss, Target,
    TrailingStop,
};
use crate::strategy::reader::{Fields, Part};

/// The longest average true range that sizes, in candles.
const MAX_ATR: u32 = 1_000;

/// The keys that each kind of sizing needs.
const SIZINGS: [(&str, &[&str]); 6] = [
    ("fixedQuantity", &["kind", "quantity"]),
    ("fixedQuote", &["kind", "quote"]),
    ("percentEquity", &["kind", "percent"]),
    ("allIn", &["kind"]),
    ("riskPercent", &["kind", "percent"]),
    ("atrRisk", &["kind", "percent", "period", "multiple"]),
];

/// Whether the plan sells anything without a signal.
pub(super) fn sells(plan: &Plan) -> bool {
    plan.protect != Protect::default() || matches!(plan.sizing, Sizing::AtrRisk { .. })
}

/// Reads the four sections. Each rule is told with its own path here; [`Plan::check`] has the
/// last word.
pub(super) fn plan(fields: &Fields<'_>, faults: &mut Faults) -> Option<Plan> {
    let sizing = fields.get("sizing").and_then(|part| sizing(&part, faults));
    let protect = fields.get("protect").map_or(Some(Protect::default()), |part| protect(&part, faults));
    let guards = fields.get("guards").map_or(Some(Guards::default()), |part| guards(&part, faults));
    let orders = fields.get("orders").map_or(Some(Orders::default()), |part| orders::orders(&part, faults));
    let plan = Plan { sizing: sizing?, protect: protect?, guards: guards?, orders: orders? };
    match plan.check() {
        Ok(()) => Some(plan),
        Err(error) => faults.add(&error.path, "INVALID", error.message),
    }
}

fn sizing(part: &Part<'_>, faults: &mut Faults) -> Option<Sizing> {
    let map = part.map(faults, "an object with a kind")?;
    let path = format!("{}.kind", part.path);
    let Some(kind) = map.get("kind") else {
        return faults.add(&path, "MISSING", "`kind` is missing");
    };
    let keys = Part { value: kind, path }.word(faults, &SIZINGS)?;
    let fields = part.fields(faults, keys, &[])?;
    Some(match kind.as_str()? {
        "fixedQuantity" => Sizing::FixedQuantity { quantity: above_nought(&fields, "quantity", faults)? },
        "fixedQuote" => Sizing::FixedQuote { quote: above_nought(&fields, "quote", faults)? },
        "percentEquity" => Sizing::PercentEquity { percent: percent(&fields, "percent", UpTo::All, faults)? },
        "allIn" => Sizing::AllIn {},
        "riskPercent" => Sizing::RiskPercent { percent: percent(&fields, "percent", UpTo::All, faults)? },
        _ => {
            let percent = percent(&fields, "percent", UpTo::All, faults);
            let period = fields.get("period").and_then(|part| part.whole(faults, 1, MAX_ATR));
            let multiple = above_nought(&fields, "multiple", faults);
            Sizing::AtrRisk { percent: percent?, period: u16::try_from(period?).ok()?, multiple: multiple? }
        }
    })
}

fn protect(part: &Part<'_>, faults: &mut Faults) -> Option<Protect> {
    let fields = part.fields(faults, &[], &["stopLoss", "takeProfit", "trailingStop", "maxHold"])?;
    let stop_loss =
        optional(&fields, "stopLoss", |part| only_percent(&part, faults).map(|percent| StopLoss { percent }));
    let take_profit = optional(&fields, "takeProfit", |part| targets(&part, faults));
    let trailing_stop = optional(&fields, "trailingStop", |part| trailing_stop(&part, faults));
    let max_hold = optional(&fields, "maxHold", |part| part.parsed(faults));
    Some(Protect {
        stop_loss: stop_loss?,
        take_profit: take_profit?.unwrap_or_default(),
        trailing_stop: trailing_stop?,
        max_hold: max_hold?,
    })
}

fn targets(part: &Part<'_>, faults: &mut Faults) -> Option<Vec<Target>> {
    let items = part.list(faults, 1, MAX_TARGETS)?;
    let read: Vec<Option<Target>> = items.iter().map(|item| target(item, faults)).collect();
    let targets: Vec<Target> = read.into_iter().collect::<Option<_>>()?;
    let mut sold = Decimal::ZERO;
    for (i, target) in targets.iter().enumerate() {
        if i > 0 && target.percent <= targets[i - 1].percent {
            let path = format!("{}.percent", items[i].path);
            return faults.add(&path, "WRONG_ORDER", "must be above the target before");
        }
        sold += target.sell.decimal();
        if sold > Percent::HUNDRED.decimal() {
            let path = format!("{}.sell", items[i].path);
            return faults.add(&path, "OUT_OF_RANGE", format!("the parts sum to {sold} so far, which is above 100"));
        }
    }
    Some(targets)
}

fn target(part: &Part<'_>, faults: &mut Faults) -> Option<Target> {
    let fields = part.fields(faults, &["percent"], &["sell"])?;
    let percent = above_nought(&fields, "percent", faults);
    let sell = match fields.get("sell") {
        Some(_) => self::percent(&fields, "sell", UpTo::All, faults),
        None => Some(Percent::HUNDRED),
    };
    Some(Target { percent: percent?, sell: sell? })
}

fn trailing_stop(part: &Part<'_>, faults: &mut Faults) -> Option<TrailingStop> {
    let fields = part.fields(faults, &["percent"], &["after"])?;
    let percent = percent(&fields, "percent", UpTo::Less, faults);
    let after = optional(&fields, "after", |part| part.amount(faults));
    Some(TrailingStop { percent: percent?, after: after?.unwrap_or_default() })
}

fn guards(part: &Part<'_>, faults: &mut Faults) -> Option<Guards> {
    let known = ["cooldown", "maxTradesPerDay", "pauseAfterLosses", "maxDrawdown", "maxOpenPositions"];
    let fields = part.fields(faults, &[], &known)?;
    let cooldown = optional(&fields, "cooldown", |part| part.parsed(faults));
    let max_trades_per_day = optional(&fields, "maxTradesPerDay", |part| part.whole(faults, 1, u32::MAX));
    let pause_after_losses = optional(&fields, "pauseAfterLosses", |part| pause(&part, faults));
    let max_drawdown =
        optional(&fields, "maxDrawdown", |part| only_percent(&part, faults).map(|percent| MaxDrawdown { percent }));
    let max_open_positions = optional(&fields, "maxOpenPositions", |part| part.whole(faults, 1, u32::MAX));
    Some(Guards {
        cooldown: cooldown?,
        max_trades_per_day: max_trades_per_day?,
        pause_after_losses: pause_after_losses?,
        max_drawdown: max_drawdown?,
        max_open_positions: max_open_positions?,
    })
}

fn pause(part: &Part<'_>, faults: &mut Faults) -> Option<PauseAfterLosses> {
    let fields = part.fields(faults, &["losses", "within", "pause"], &[])?;
    let most = u32::try_from(MAX_LOSSES).ok()?;
    let losses = fields.get("losses").and_then(|part| part.whole(faults, 1, most));
    let within = fields.get("within").and_then(|part| part.parsed(faults));
    let pause = fields.get("pause").and_then(|part| part.parsed(faults));
    Some(PauseAfterLosses { losses: u8::try_from(losses?).ok()?, within: within?, pause: pause? })
}

/// `Some(None)` where the key is absent, `None` where what it holds has a fault.
pub(super) fn optional<'a, T>(
    fields: &Fields<'a>,
    key: &str,
    read: impl FnOnce(Part<'a>) -> Option<T>,
) -> Option<Option<T>> {
    fields.get(key).map_or(Some(None), |part| read(part).map(Some))
}

/// The upper bound of a percentage that must be above nought.
#[derive(Clone, Copy)]
pub(super) enum UpTo {
    /// 100 included.
    All,
    /// Below 100.
    Less,
}

pub(super) fn percent(fields: &Fields<'_>, key: &str, up_to: UpTo, faults: &mut Faults) -> Option<Percent> {
    let part = fields.get(key)?;
    let percent: Percent = part.amount(faults)?;
    let (inside, bound) = match up_to {
        UpTo::All => (percent <= Percent::HUNDRED, "at most"),
        UpTo::Less => (percent < Percent::HUNDRED, "below"),
    };
    if inside && !percent.is_zero() {
        return Some(percent);
    }
    part.fault(faults, "OUT_OF_RANGE", format!("must be above 0 and {bound} 100, not {percent}"))
}

pub(super) fn only_percent(part: &Part<'_>, faults: &mut Faults) -> Option<Percent> {
    let fields = part.fields(faults, &["percent"], &[])?;
    percent(&fields, "percent", UpTo::Less, faults)
}

/// The percentage of a part that has nothing else, above nought and without an upper bound.
pub(super) fn only_above_nought(part: &Part<'_>, faults: &mut Faults) -> Option<Percent> {
    let fields = part.fields(faults, &["percent"], &[])?;
    above_nought(&fields, "percent", faults)
}

/// A decimal of one of our types that is above nought, which is every type's default.
pub(super) fn above_nought<T>(fields: &Fields<'_>, key: &str, faults: &mut Faults) -> Option<T>
where
    T: std::str::FromStr<Err: std::fmt::Display> + PartialOrd + Default + std::fmt::Display,
{
    let part = fields.get(key)?;
    let amount: T = part.amount(faults)?;
    if amount > T::default() {
        return Some(amount);
    }
    part.fault(faults, "OUT_OF_RANGE", format!("must be above 0, not {amount}"))
}
