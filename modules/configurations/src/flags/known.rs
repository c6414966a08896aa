use super::{
    Verdict,
    rule::{Context, Definition},
};
use crate::store;
use kit::{Error, Remembered, Result, Tx, kind::Kind, nearest};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use uuid::Uuid;

/// What is on for whom, as this process remembers it.
#[derive(Clone)]
struct Known {
    flags: Remembered<(), Flags>,
    choices: Remembered<Uuid, Choices>,
}

/// All flags by key.
type Flags = Arc<BTreeMap<String, Definition>>;
/// What a tenant has chosen, by key.
type Choices = Arc<HashMap<String, bool>>;

/// The choices of how many tenants are remembered.
const MOST_REMEMBERED: u64 = 10_000;

impl Default for Known {
    fn default() -> Self {
        Self { flags: Remembered::most(1), choices: Remembered::most(MOST_REMEMBERED) }
    }
}

/// Whether a feature is on where the transaction is. One that nobody has defined is off.
pub async fn flag<K: Kind>(tx: &mut Tx<K>, key: &str) -> Result<bool> {
    flag_on_plan(tx, key, None).await
}

/// The same, for a tenant on this plan.
pub async fn flag_on_plan<K: Kind>(tx: &mut Tx<K>, key: &str, plan: Option<&str>) -> Result<bool> {
    let (flags, choices) = (flags(tx).await?, choices(tx).await?);
    let asking = Context { plan, ..asking(tx) };
    let on = |definition: &Definition| definition.verdict(key, choices.get(key).copied(), &asking).enabled;
    Ok(flags.get(key).is_some_and(on))
}

/// What is on for whom the transaction is of, of all features.
pub(crate) async fn verdicts<K: Kind>(tx: &mut Tx<K>) -> Result<BTreeMap<String, Verdict>> {
    let (flags, choices, asking) = (flags(tx).await?, choices(tx).await?, asking(tx));
    let verdict = |(key, definition): (&String, &Definition)| {
        (key.clone(), definition.verdict(key, choices.get(key).copied(), &asking))
    };
    Ok(flags.iter().map(verdict).collect())
}

/// Whether a feature is on for whom the transaction is of.
///
/// # Errors
/// 404 for a key that there is not, with the nearest one.
pub(crate) async fn verdict<K: Kind>(tx: &mut Tx<K>, key: &str) -> Result<Verdict> {
    let mut verdicts = verdicts(tx).await?;
    verdicts.remove(key).ok_or_else(|| {
        let unknown = Error::not_found("flag");
        match nearest(key, verdicts.keys().map(String::as_str)) {
            Some(near) => unknown.with("nearest", near),
            None => unknown,
        }
    })
}

fn asking<K: Kind>(tx: &Tx<K>) -> Context<'static> {
    Context { user: tx.on_behalf_of(), tenant: tx.inside(), plan: None }
}

async fn flags<K: Kind>(tx: &mut Tx<K>) -> Result<Flags> {
    let memory = tx.memory().clone();
    let known: Known = memory.kept();
    if let Some(flags) = known.flags.get(&memory, &()) {
        return Ok(flags);
    }
    let mark = memory.mark();
    let flags = store::flags(tx).await?.into_iter().filter_map(|flag| Some((flag.key, flag.definition?.0)));
    let flags: Flags = Arc::new(flags.collect());
    if let Some(mark) = mark {
        known.flags.keep(mark, (), flags.clone(), vec![Uuid::nil()]);
    }
    Ok(flags)
}

async fn choices<K: Kind>(tx: &mut Tx<K>) -> Result<Choices> {
    let Some(tenant) = tx.inside() else { return Ok(Choices::default()) };
    let memory = tx.memory().clone();
    let known: Known = memory.kept();
    if let Some(choices) = known.choices.get(&memory, &tenant) {
        return Ok(choices);
    }
    let mark = memory.mark();
    let choices: Choices = Arc::new(store::choices(tx, tenant).await?.into_iter().collect());
    if let Some(mark) = mark {
        known.choices.keep(mark, tenant, choices.clone(), vec![tenant]);
    }
    Ok(choices)
}
