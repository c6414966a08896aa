use crate::record::{Fields, Record};
use kit::{Result, Time, Vault};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What signatures of seals are for.
const PLACE: &str = "audit.seal";

/// A link of a chain: it vouches for some entries and for the link before it.
#[derive(Clone)]
pub(crate) struct Seal {
    pub(crate) tenant_id: Option<Uuid>,
    pub(crate) seq: i64,
    pub(crate) entries: Vec<Uuid>,
    pub(crate) adopts: bool,
    pub(crate) digest: Vec<u8>,
    pub(crate) anchors: Vec<u8>,
    pub(crate) previous: Vec<u8>,
    pub(crate) hash: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    pub(crate) sealed_at: Time,
}

/// The head of a tenant's chain, as the platform's holds it.
pub(crate) struct Anchor {
    pub(crate) tenant_id: Uuid,
    pub(crate) seq: i64,
    pub(crate) hash: Vec<u8>,
}

impl Seal {
    /// The same with its hash and signature.
    pub(crate) fn signed(mut self, vault: &Vault) -> Result<Self> {
        self.hash = self.reckon();
        self.signature = vault.sign(PLACE, &self.hash)?;
        Ok(self)
    }

    /// Whether it says what was signed.
    pub(crate) fn is_sound(&self, vault: &Vault) -> bool {
        self.hash == self.reckon() && vault.is_signed(PLACE, &self.hash, &self.signature)
    }

    fn reckon(&self) -> Vec<u8> {
        let entries: Vec<u8> = self.entries.iter().flat_map(|id| id.into_bytes()).collect();
        let bytes = Fields::default()
            .optional(self.tenant_id.map(Uuid::into_bytes))
            .field(&self.seq.to_be_bytes())
            .field(&entries)
            .field(&[u8::from(self.adopts)])
            .field(&self.digest)
            .field(&self.anchors)
            .field(&self.previous)
            .field(&self.sealed_at.utc().timestamp_micros().to_be_bytes())
            .bytes();
        Sha256::digest(bytes).to_vec()
    }
}

/// A digest over what is found of the entries, in order; a missing one counts as nothing.
pub(crate) fn digest<'a>(records: impl Iterator<Item = Option<&'a Record>>, adopts: bool) -> Vec<u8> {
    let fields = records.fold(Fields::default(), |all, it| all.optional(it.map(|record| record.leaf(adopts))));
    Sha256::digest(fields.bytes()).to_vec()
}

/// A digest over the heads of other chains; nothing for none.
pub(crate) fn digest_of_anchors<'a>(anchors: impl Iterator<Item = &'a Anchor>) -> Vec<u8> {
    let fields = anchors.fold(Fields::default(), |all, anchor| {
        all.field(anchor.tenant_id.as_bytes()).field(&anchor.seq.to_be_bytes()).field(&anchor.hash)
    });
    let bytes = fields.bytes();
    if bytes.is_empty() { bytes } else { Sha256::digest(bytes).to_vec() }
}
