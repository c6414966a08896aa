use kit::Time;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt;
use uuid::Uuid;

/// How many faults are told at most.
const MOST_FAULTS: usize = 100;

/// What has been found out of a chain and its entries.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AuditVerdict")]
pub struct Verdict {
    /// Whether nothing is wrong.
    pub intact: bool,
    /// How many sealed entries were looked at.
    pub entries: u64,
    /// How many seals were looked at.
    pub seals: u64,
    /// The latest seal: keep its hash elsewhere, and ask later whether it is still part of the chain.
    pub head: Option<Head>,
    /// Whether the head that was asked for is part of the chain.
    pub knows_head: Option<bool>,
    /// How many entries wait to be sealed.
    pub unsealed: u64,
    /// How many entries were removed when their time was over.
    pub pruned: u64,
    /// What is wrong, the first hundred.
    pub faults: Vec<AuditFault>,
}

/// The latest seal of a chain.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "AuditHead")]
pub struct Head {
    pub seq: i64,
    pub hash: String,
    pub at: Time,
}

/// Something that is wrong with the trail.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditFault {
    pub kind: Damage,
    /// The number of the seal in its chain.
    pub seal: Option<i64>,
    pub entry_id: Option<Uuid>,
    pub message: String,
}

/// What can be wrong with the trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "AuditDamage")]
pub enum Damage {
    /// An entry does not say what was signed.
    EntryEdited,
    /// An entry that was sealed is gone.
    EntryMissing,
    /// The entries of a seal are not those that it was made of.
    EntriesExchanged,
    /// An entry was never offered to be sealed.
    EntryHidden,
    /// An entry has waited to be sealed for too long.
    EntryOverdue,
    /// A seal does not say what was signed.
    SealEdited,
    /// Seals are missing.
    SealMissing,
    /// A seal does not follow the one before it.
    ChainBroken,
    /// The chain ends before the head that the platform's chain holds of it.
    EndCutOff,
    /// The heads of other chains are not those that the platform's seal was made of.
    AnchorsExchanged,
    /// The head that was asked for is not part of the chain.
    HeadUnknown,
}

impl Damage {
    fn message(self) -> &'static str {
        match self {
            Self::EntryEdited => "The entry does not say what was signed.",
            Self::EntryMissing => "The entry was sealed and is gone.",
            Self::EntriesExchanged => "The entries are not those that the seal was made of.",
            Self::EntryHidden => "The entry was never offered to be sealed.",
            Self::EntryOverdue => "The entry has waited to be sealed for too long.",
            Self::SealEdited => "The seal does not say what was signed.",
            Self::SealMissing => "A seal is missing before this one.",
            Self::ChainBroken => "The seal does not follow the one before it.",
            Self::EndCutOff => "The chain ends before a seal that the platform's chain knows.",
            Self::AnchorsExchanged => "The heads of other chains are not those that the seal was made of.",
            Self::HeadUnknown => "The head that was asked for is not part of the chain.",
        }
    }
}

impl Verdict {
    pub(crate) fn fault(&mut self, kind: Damage, seal: Option<i64>, entry_id: Option<Uuid>) {
        self.add(AuditFault { kind, seal, entry_id, message: kind.message().to_owned() });
    }

    /// The chain of a tenant ends before a seal that the platform's chain knows.
    pub(crate) fn cut_off(&mut self, tenant: Uuid, seal: i64) {
        let message = format!("The chain of tenant {tenant} lacks seal {seal}, which the platform's chain knows.");
        self.add(AuditFault { kind: Damage::EndCutOff, seal: Some(seal), entry_id: None, message });
    }

    fn add(&mut self, fault: AuditFault) {
        self.intact = false;
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(fault);
        }
    }
}

impl fmt::Display for AuditFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(seal) = self.seal {
            write!(f, " (seal {seal})")?;
        }
        if let Some(entry) = self.entry_id {
            write!(f, " (entry {entry})")?;
        }
        Ok(())
    }
}
