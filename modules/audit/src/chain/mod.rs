//! The chains of seals by which the trail proves itself.

mod seal;
mod sealer;
mod verdict;
mod verify;

pub(crate) use seal::{Anchor, Seal};
pub use sealer::seal;
pub use verdict::{AuditFault, Damage, Head, Verdict};
pub use verify::{chains, parse_head, verify};
