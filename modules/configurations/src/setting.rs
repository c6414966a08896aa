use crate::{store, values};
use kit::{Declaration, Level, Preset, Remembered, Result, Tx, Values, Vault, kind::Kind};
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::marker::PhantomData;
use uuid::Uuid;

/// A setting as the module has it that acts by it, with the type of its values:
///
/// ```
/// # use configurations::Setting;
/// # use kit::Level;
/// static OPEN: Setting<bool> = Setting::truth("sign-up.open", true, &[Level::System], "Whether strangers may sign up.");
/// ```
///
/// The module lists `OPEN.declared()` among its settings and asks for `OPEN.get(&mut tx)`.
pub struct Setting<T> {
    declaration: Declaration,
    holds: PhantomData<fn() -> T>,
}

/// The type of a setting that is sealed.
pub struct Secret;

type Levels = &'static [Level];

impl<T> Setting<T> {
    const fn new(
        name: &'static str,
        levels: Levels,
        values: Values,
        preset: Preset,
        description: &'static str,
    ) -> Self {
        Self { declaration: Declaration { name, levels, values, preset, description }, holds: PhantomData }
    }

    /// What the module lists.
    pub const fn declared(&'static self) -> &'static Declaration {
        &self.declaration
    }
}

impl Setting<bool> {
    /// Yes or no.
    pub const fn truth(name: &'static str, preset: bool, levels: Levels, description: &'static str) -> Self {
        Self::new(name, levels, Values::Truth, Preset::Truth(preset), description)
    }
}

impl Setting<i64> {
    /// A whole number between these two, and what it is at first.
    pub const fn integer(
        name: &'static str,
        [least, preset, most]: [i64; 3],
        levels: Levels,
        description: &'static str,
    ) -> Self {
        Self::new(name, levels, Values::Integer { least, most }, Preset::Integer(preset), description)
    }
}

impl Setting<Decimal> {
    /// A decimal between these two, and what it is at first.
    pub const fn decimal(
        name: &'static str,
        [least, preset, most]: [Decimal; 3],
        levels: Levels,
        description: &'static str,
    ) -> Self {
        Self::new(name, levels, Values::Decimal { least, most }, Preset::Decimal(preset), description)
    }
}

impl Setting<String> {
    /// A text of so many characters at most.
    pub const fn text(
        name: &'static str,
        most: usize,
        preset: &'static str,
        levels: Levels,
        description: &'static str,
    ) -> Self {
        Self::new(name, levels, Values::Text { most }, Preset::Text(preset), description)
    }

    /// One of these words.
    pub const fn choice(
        name: &'static str,
        words: &'static [&'static str],
        preset: &'static str,
        levels: Levels,
        description: &'static str,
    ) -> Self {
        Self::new(name, levels, Values::Choice(words), Preset::Text(preset), description)
    }
}

impl Setting<Option<String>> {
    /// An address by http or https; none at first.
    pub const fn web_address(name: &'static str, levels: Levels, description: &'static str) -> Self {
        Self::new(name, levels, Values::WebAddress, Preset::Nothing, description)
    }

    /// An address to write to; none at first.
    pub const fn email(name: &'static str, levels: Levels, description: &'static str) -> Self {
        Self::new(name, levels, Values::Email, Preset::Nothing, description)
    }
}

impl Setting<Vec<String>> {
    /// So many texts at most, each of so many characters at most.
    pub const fn texts(
        name: &'static str,
        [most, length]: [usize; 2],
        preset: &'static [&'static str],
        levels: Levels,
        description: &'static str,
    ) -> Self {
        Self::new(name, levels, Values::Texts { most, length }, Preset::Texts(preset), description)
    }
}

impl Setting<Secret> {
    /// A text of so many characters at most that is sealed and never shown; none at first.
    pub const fn secret(name: &'static str, most: usize, levels: Levels, description: &'static str) -> Self {
        Self::new(name, levels, Values::Secret { most }, Preset::Nothing, description)
    }

    /// The secret, if somebody has set one.
    pub async fn open<K: Kind>(&self, tx: &mut Tx<K>, vault: &Vault) -> Result<Option<String>> {
        for (_, owner) in chain(tx, &self.declaration) {
            let latest = store::latest(tx, owner, &[self.declaration.name]).await?.pop();
            if let Some(secret) = latest.map(|it| it.open(vault)).transpose()?.flatten() {
                return Ok(secret.as_str().map(str::to_owned));
            }
        }
        Ok(None)
    }
}

impl<T: DeserializeOwned> Setting<T> {
    /// What holds where the transaction is: the user's value, else the tenant's, else the platform's, else the preset.
    /// A value that is no longer within the limits counts as none.
    pub async fn get<K: Kind>(&self, tx: &mut Tx<K>) -> Result<T> {
        let preset = || values::preset(&self.declaration);
        let value = effective(tx, &self.declaration).await?.unwrap_or_else(preset);
        serde_json::from_value(value).map_err(kit::Error::internal)
    }
}

/// What each owner has set, by owner and name.
#[derive(Clone)]
struct Known(Remembered<(Uuid, &'static str), Option<Value>>);

/// How many values are remembered.
const MOST_REMEMBERED: u64 = 50_000;

impl Default for Known {
    fn default() -> Self {
        Self(Remembered::most(MOST_REMEMBERED))
    }
}

async fn effective<K: Kind>(tx: &mut Tx<K>, setting: &Declaration) -> Result<Option<Value>> {
    for (_, owner) in chain(tx, setting) {
        let value = own(tx, setting.name, owner).await?;
        if let Some(value) = value.filter(|value| values::faults(setting, value, "").is_empty()) {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// What an owner has set, from memory where it may be.
async fn own<K: Kind>(tx: &mut Tx<K>, name: &'static str, owner: Uuid) -> Result<Option<Value>> {
    let memory = tx.memory().clone();
    let Known(known) = memory.kept();
    if let Some(value) = known.get(&memory, &(owner, name)) {
        return Ok(value);
    }
    let mark = memory.mark();
    let value = store::latest(tx, owner, &[name]).await?.pop().and_then(|latest| latest.value);
    if let Some(mark) = mark {
        known.keep(mark, (owner, name), value.clone(), vec![owner]);
    }
    Ok(value)
}

/// Whose values hold where the transaction is, the first one first.
pub(crate) fn chain<K: Kind>(tx: &Tx<K>, setting: &Declaration) -> Vec<(Level, Uuid)> {
    let owners = [(Level::User, tx.on_behalf_of()), (Level::Tenant, tx.inside()), (Level::System, Some(Uuid::nil()))];
    let known = owners.into_iter().filter(|(level, _)| setting.levels.contains(level));
    known.filter_map(|(level, owner)| Some((level, owner?))).collect()
}
