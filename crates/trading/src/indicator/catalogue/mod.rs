//! The catalogue: everything that is known of each kind of indicator, said once.

mod entry;
mod momentum;
mod pattern;
mod price;
mod trend;
mod volatility;
mod volume;

pub use entry::{Drawing, Group, Inputs, Kind, Parameter};

/// The most outputs that any kind has.
pub const MAX_OUTPUTS: usize = 9;

/// The most parameters that any kind has.
pub(super) const MAX_PARAMETERS: usize = 9;

/// The longest period of any indicator, in candles.
const LONGEST: f64 = 10_000.0;

const FAMILIES: [&[Kind]; 6] =
    [trend::KINDS, momentum::KINDS, volatility::KINDS, volume::KINDS, price::KINDS, pattern::KINDS];

static ALL: [Kind; count()] = joined();

/// Every kind of indicator that a strategy can name.
pub static CATALOGUE: &[Kind] = &ALL;

/// The kind of that name.
pub fn find(name: &str) -> Option<&'static Kind> {
    CATALOGUE.iter().find(|kind| kind.name == name)
}

/// The kinds by how a strategy declares them: patterns with the same parameters are together, and
/// every other kind is alone.
pub fn shapes() -> Vec<Vec<&'static Kind>> {
    let pattern = |kind: &Kind| kind.group == Group::Pattern;
    let mut shapes: Vec<Vec<&Kind>> = Vec::new();
    for kind in CATALOGUE {
        let alike = |other: &Kind| pattern(kind) && pattern(other) && kind.parameters == other.parameters;
        match shapes.iter_mut().find(|kinds| kinds.first().is_some_and(|first| alike(first))) {
            Some(kinds) => kinds.push(kind),
            None => shapes.push(vec![kind]),
        }
    }
    shapes
}

const fn count() -> usize {
    let (mut count, mut family) = (0, 0);
    while family < FAMILIES.len() {
        count += FAMILIES[family].len();
        family += 1;
    }
    count
}

const fn joined() -> [Kind; count()] {
    let mut all = [trend::KINDS[0]; count()];
    let (mut next, mut family) = (0, 0);
    while family < FAMILIES.len() {
        let mut member = 0;
        while member < FAMILIES[family].len() {
            all[next] = FAMILIES[family][member];
            next += 1;
            member += 1;
        }
        family += 1;
    }
    all
}
