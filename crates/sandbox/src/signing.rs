//! How requests are signed, and what their signatures are checked by.

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde::Deserialize;
use sha2::Sha256;

const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";
/// What stands before an Ed25519 key in DER (RFC 8410).
const DER: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// What the signatures of a key are checked by.
#[derive(Clone, Debug)]
pub enum Proof {
    /// HMAC-SHA256 in hexadecimal digits, by a secret that both sides know.
    Secret(String),
    /// Ed25519 in base64; the private key is its holder's alone.
    PublicKey(PublicKey),
}

impl Proof {
    /// Whether a signature is that of a text.
    #[must_use]
    pub fn holds(&self, signature: &str, text: &str) -> bool {
        match self {
            Self::Secret(secret) => base16ct::mixed::decode_vec(signature)
                .is_ok_and(|signature| mac(secret, text).is_some_and(|mac| mac.verify_slice(&signature).is_ok())),
            Self::PublicKey(PublicKey(key)) => BASE64_STANDARD.decode(signature).is_ok_and(|signature| {
                UnparsedPublicKey::new(&ED25519, key).verify(text.as_bytes(), &signature).is_ok()
            }),
        }
    }
}

/// An Ed25519 key, as PEM, or in base64 as DER or bare.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PublicKey([u8; 32]);

/// A text is no key.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an Ed25519 key is expected, as PEM or in base64")]
pub struct NoKey;

impl TryFrom<String> for PublicKey {
    type Error = NoKey;

    fn try_from(text: String) -> Result<Self, NoKey> {
        let armoured = text.trim().strip_prefix(BEGIN).and_then(|text| text.strip_suffix(END));
        let digits: String = armoured.unwrap_or(&text).split_whitespace().collect();
        let bytes = BASE64_STANDARD.decode(digits).map_err(|_| NoKey)?;
        let key = bytes.strip_prefix(&DER).unwrap_or(&bytes);
        key.try_into().map(Self).map_err(|_| NoKey)
    }
}

/// HMAC-SHA256 in hexadecimal digits.
#[must_use]
pub fn sign(secret: &str, payload: &str) -> String {
    mac(secret, payload).map(|mac| base16ct::lower::encode_string(&mac.finalize().into_bytes())).unwrap_or_default()
}

fn mac(secret: &str, payload: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(payload.as_bytes());
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the exchange's own documents.
    #[test]
    fn the_documented_example_is_signed_as_documented() {
        let secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";
        let payload = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559";
        assert_eq!(sign(secret, payload), "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71");
    }

    /// The key and the signature of RFC 8032, 7.1, test 2.
    #[test]
    fn a_key_is_read_however_it_is_written_and_proves_what_its_holder_has_signed() {
        const SIGNATURE: &str =
            "kqAJqfDUyrhyDoILX2QlQKKye1QWUD+Ps3YiI+vbadoIWsHkPhWZbkWPNhPQ8R2MOHsurrQwKu6wDSkWErsMAA==";
        for written in [
            "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n-----END PUBLIC KEY-----\n",
            "MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=",
            "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=",
        ] {
            let proof = Proof::PublicKey(written.to_owned().try_into().unwrap());
            assert!(proof.holds(SIGNATURE, "r"), "{written}");
            assert!(!proof.holds(SIGNATURE, "s") && !proof.holds("", "r") && !proof.holds("?", "r"), "{written}");
        }
        for wrong in ["", "key", "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0", "-----BEGIN PUBLIC KEY-----"] {
            assert_eq!(PublicKey::try_from(wrong.to_owned()), Err(NoKey), "{wrong}");
        }
    }
}
