use crate::Change;
use kit::{Result, Time, Tx, Vault};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What signatures of entries are for.
const PLACE: &str = "audit.entry";

/// An entry as it is signed: all that the table holds of it, letter by letter.
pub(crate) struct Record {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Option<Uuid>,
    pub(crate) at: Time,
    pub(crate) actor_id: Option<Uuid>,
    pub(crate) impersonator_id: Option<Uuid>,
    pub(crate) api_key_id: Option<Uuid>,
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) resource_id: Option<String>,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
    pub(crate) ip: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) correlation_id: String,
    /// Missing in what is older than signatures are.
    pub(crate) signature: Option<Vec<u8>>,
}

impl Record {
    /// The entry of a change, signed.
    pub(crate) fn of<K>(tx: &Tx<K>, change: &Change) -> Result<Self> {
        let actor = tx.actor().clone();
        let mut record = Self {
            id: tx.new_id(),
            tenant_id: tx.home(),
            at: tx.now(),
            actor_id: actor.user,
            impersonator_id: actor.impersonator,
            api_key_id: actor.api_key,
            action: change.action.to_owned(),
            resource: change.resource.to_owned(),
            resource_id: Some(change.resource_id.clone()),
            before: change.before.as_ref().map(ToString::to_string),
            after: change.after.as_ref().map(ToString::to_string),
            ip: actor.origin.ip.map(|ip| ip.to_string()),
            user_agent: actor.origin.user_agent,
            correlation_id: actor.origin.correlation_id,
            signature: None,
        };
        record.signature = Some(tx.vault().sign(PLACE, &record.bytes())?);
        Ok(record)
    }

    /// Whether it says what was signed.
    pub(crate) fn is_sound(&self, vault: &Vault) -> bool {
        self.signature.as_ref().is_some_and(|signature| vault.is_signed(PLACE, &self.bytes(), signature))
    }

    /// What a seal vouches for: the signature, or for want of one, in a seal that adopts, a hash of all that it says.
    pub(crate) fn leaf(&self, adopts: bool) -> Vec<u8> {
        match &self.signature {
            Some(signature) => signature.clone(),
            None if adopts => Sha256::digest(self.bytes()).to_vec(),
            None => vec![],
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let at = self.at.utc().timestamp_micros().to_be_bytes();
        let id = |id: &Option<Uuid>| id.map(|id| id.into_bytes().to_vec());
        let text = |text: &Option<String>| text.as_ref().map(|text| text.clone().into_bytes());
        Fields::default()
            .field(self.id.as_bytes())
            .optional(id(&self.tenant_id))
            .field(&at)
            .optional(id(&self.actor_id))
            .optional(id(&self.impersonator_id))
            .optional(id(&self.api_key_id))
            .field(self.action.as_bytes())
            .field(self.resource.as_bytes())
            .optional(text(&self.resource_id))
            .optional(text(&self.before))
            .optional(text(&self.after))
            .optional(text(&self.ip))
            .optional(text(&self.user_agent))
            .field(self.correlation_id.as_bytes())
            .bytes()
    }
}

/// Bytes that stand for these fields and no others: each has its length before it.
#[derive(Default)]
pub(crate) struct Fields(Vec<u8>);

impl Fields {
    pub(crate) fn field(mut self, field: &[u8]) -> Self {
        self.0.push(1);
        self.0.extend((field.len() as u64).to_be_bytes());
        self.0.extend(field);
        self
    }

    pub(crate) fn optional(mut self, field: Option<impl AsRef<[u8]>>) -> Self {
        match field {
            Some(field) => self.field(field.as_ref()),
            None => {
                self.0.push(0);
                self
            }
        }
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_fields_are_other_bytes() {
        let bytes =
            |fields: &[Option<&str>]| fields.iter().fold(Fields::default(), |all, it| all.optional(*it)).bytes();
        let all = [
            bytes(&[Some("a"), Some("bc")]),
            bytes(&[Some("ab"), Some("c")]),
            bytes(&[Some("abc"), None]),
            bytes(&[Some("abc"), Some("")]),
            bytes(&[None, Some("abc")]),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(all[at + 1..].iter().all(|other| other != one));
        }
    }
}
