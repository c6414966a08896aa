use crate::{Error, Ids, Result};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::{fmt, sync::Arc};

/// Seals what must be kept secret and yet be read again: XChaCha20-Poly1305 with a key for each owner, derived from
/// the platform's own by HKDF-SHA256. What is sealed for one owner or place does not open for another.
#[derive(Clone)]
pub struct Vault(Arc<[Key]>);

/// What a key is called, also in all that it has sealed and signed: the beginning of its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId([u8; ID]);

struct Key {
    id: KeyId,
    secret: Hkdf<Sha256>,
}

const FORMAT: u8 = 1;
/// The bytes of a key's name, which follow the format in what it has sealed.
pub(crate) const ID: usize = 4;
const NONCE: usize = 24;
const HEAD: usize = 1 + ID + NONCE;

impl Vault {
    /// A vault that seals with this key.
    pub fn new(key: [u8; 32]) -> Self {
        Self::rotated(key, &[])
    }

    /// A vault that seals with this key and still opens what older ones have sealed.
    pub fn rotated(current: [u8; 32], older: &[[u8; 32]]) -> Self {
        Self(std::iter::once(&current).chain(older).map(Key::new).collect())
    }

    /// Seals bytes for an owner, such as a tenant's or user's id, in a place, such as `connections.secret`.
    ///
    /// # Errors
    /// 500 for more than the cipher can take: 256 GiB.
    pub fn seal(&self, ids: &Ids, owner: &str, place: &str, open: &[u8]) -> Result<Vec<u8>> {
        let Some(key) = self.0.first() else { return Err(Error::internal("a vault without a key")) };
        let mut sealed = Vec::with_capacity(HEAD + open.len() + 16);
        sealed.push(FORMAT);
        sealed.extend(key.id.0);
        let mut nonce = [0; NONCE];
        ids.fill(&mut nonce);
        sealed.extend(nonce);
        let payload = Payload { msg: open, aad: place.as_bytes() };
        let body = key.cipher(owner)?.encrypt(&XNonce::from(nonce), payload).map_err(|_| unsound())?;
        sealed.extend(body);
        Ok(sealed)
    }

    /// What was sealed for this owner in this place.
    ///
    /// # Errors
    /// 500 for what was altered, sealed for another owner or place, or by a key that is gone.
    pub fn open(&self, owner: &str, place: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        let (head, body) = sealed.split_at_checked(HEAD).ok_or_else(unsound)?;
        let key = self.0.iter().find(|key| head[1..=ID] == key.id.0).ok_or_else(unsound)?;
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&head[1 + ID..]);
        let payload = Payload { msg: body, aad: place.as_bytes() };
        let open = key.cipher(owner)?.decrypt(&XNonce::from(nonce), payload);
        open.ok().filter(|_| head[0] == FORMAT).ok_or_else(unsound)
    }

    /// Signs bytes of a place, such as `audit.entry`: HMAC-SHA256 with a key for each place, after the key's id.
    ///
    /// # Errors
    /// 500 in a vault without a key.
    pub fn sign(&self, place: &str, bytes: &[u8]) -> Result<Vec<u8>> {
        let Some(key) = self.0.first() else { return Err(Error::internal("a vault without a key")) };
        let mut signature = key.id.0.to_vec();
        signature.extend(key.mac(place)?.chain_update(bytes).finalize().into_bytes());
        Ok(signature)
    }

    /// Whether the bytes of a place were signed so, by the current key or an older one.
    pub fn is_signed(&self, place: &str, bytes: &[u8], signature: &[u8]) -> bool {
        let Some((id, tag)) = signature.split_at_checked(ID) else { return false };
        let mac = self.0.iter().find(|key| id == key.id.0).and_then(|key| key.mac(place).ok());
        mac.is_some_and(|mac| mac.chain_update(bytes).verify_slice(tag).is_ok())
    }

    /// The key that seals.
    ///
    /// # Errors
    /// 500 in a vault without a key.
    pub fn current(&self) -> Result<KeyId> {
        self.keys().next().ok_or_else(|| Error::internal("a vault without a key"))
    }

    /// The key that seals, and then those that only open.
    pub fn keys(&self) -> impl Iterator<Item = KeyId> {
        self.0.iter().map(|key| key.id)
    }
}

impl KeyId {
    /// What a key is called that begins so, as it stands in what was sealed.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut id = [0; ID];
        id.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Self(id)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn unsound() -> Error {
    Error::internal("a sealed secret does not open: altered, misplaced, or its key is gone")
}

impl Key {
    fn new(secret: &[u8; 32]) -> Self {
        Self { id: KeyId::of(&Sha256::digest(secret)), secret: Hkdf::new(None, secret) }
    }

    fn cipher(&self, owner: &str) -> Result<XChaCha20Poly1305> {
        Ok(XChaCha20Poly1305::new(&self.derived(&[owner.as_bytes()])?.into()))
    }

    fn mac(&self, place: &str) -> Result<Hmac<Sha256>> {
        // no owner of sealed secrets is called so
        let key = self.derived(&[b"signatures of ", place.as_bytes()])?;
        Hmac::new_from_slice(&key).map_err(Error::internal)
    }

    fn derived(&self, purpose: &[&[u8]]) -> Result<[u8; 32]> {
        let mut key = [0; 32];
        self.secret.expand_multi_info(purpose, &mut key).map_err(|_| unsound())?;
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"JBSWY3DPEHPK3PXP";

    fn sealed(vault: &Vault) -> Vec<u8> {
        vault.seal(&Ids::seeded(1), "ana", "two_factor.secret", SECRET).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_for_its_owner_in_its_place_alone() {
        let vault = Vault::new([1; 32]);
        let sealed = sealed(&vault);
        assert_eq!(vault.open("ana", "two_factor.secret", &sealed).unwrap(), SECRET);
        assert!(vault.open("bob", "two_factor.secret", &sealed).is_err());
        assert!(vault.open("ana", "accounts.token", &sealed).is_err());
        assert!(Vault::new([2; 32]).open("ana", "two_factor.secret", &sealed).is_err());
        assert!(!sealed.windows(4).any(|part| SECRET.starts_with(part)));
    }

    #[test]
    fn what_was_altered_or_cut_short_does_not_open() {
        let vault = Vault::new([1; 32]);
        let sealed = sealed(&vault);
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(vault.open("ana", "two_factor.secret", &altered).is_err(), "byte {at}");
            assert!(vault.open("ana", "two_factor.secret", &sealed[..at]).is_err(), "length {at}");
        }
    }

    #[test]
    fn a_signature_holds_for_its_bytes_in_its_place_under_keys_that_are_known() {
        let vault = Vault::new([1; 32]);
        let signature = vault.sign("audit.entry", b"done").unwrap();
        assert!(vault.is_signed("audit.entry", b"done", &signature));
        assert!(Vault::rotated([2; 32], &[[1; 32]]).is_signed("audit.entry", b"done", &signature));
        assert!(!vault.is_signed("audit.entry", b"gone", &signature));
        assert!(!vault.is_signed("audit.seal", b"done", &signature));
        assert!(!Vault::new([2; 32]).is_signed("audit.entry", b"done", &signature));
        for at in 0..signature.len() {
            let mut altered = signature.clone();
            altered[at] ^= 1;
            assert!(!vault.is_signed("audit.entry", b"done", &altered), "byte {at}");
            assert!(!vault.is_signed("audit.entry", b"done", &signature[..at]), "length {at}");
        }
    }

    #[test]
    fn after_a_rotation_the_old_opens_and_the_new_seals() {
        let sealed = sealed(&Vault::new([1; 32]));
        let vault = Vault::rotated([2; 32], &[[1; 32]]);
        assert_eq!(vault.open("ana", "two_factor.secret", &sealed).unwrap(), SECRET);
        assert_ne!(KeyId::of(&sealed[1..]), vault.current().unwrap());
        let again = vault.seal(&Ids::seeded(1), "ana", "two_factor.secret", SECRET).unwrap();
        assert_eq!(KeyId::of(&again[1..]), vault.current().unwrap());
        assert!(Vault::new([1; 32]).open("ana", "two_factor.secret", &again).is_err());
    }
}
