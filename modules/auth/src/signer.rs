use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// HMAC-SHA256 over the server's secret.
#[derive(Clone)]
pub(crate) struct Signer(Hmac<Sha256>);

impl Signer {
    pub(crate) fn new(secret: &str) -> Self {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        Self(Hmac::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length"))
    }

    /// The signature's 32 bytes.
    pub(crate) fn sign(&self, text: &str) -> [u8; 32] {
        self.0.clone().chain_update(text).finalize().into_bytes().into()
    }

    /// Whether the signature is the text's; takes the same time whatever is wrong with it.
    pub(crate) fn verify(&self, text: &str, signature: &[u8]) -> bool {
        self.0.clone().chain_update(text).verify_slice(signature).is_ok()
    }

    /// `text.signature`, the signature in standard base64 with padding.
    pub(crate) fn signed(&self, text: &str) -> String {
        format!("{text}.{}", BASE64_STANDARD.encode(self.sign(text)))
    }

    /// The text of `text.signature`, if the signature is its own.
    pub(crate) fn unsigned<'a>(&self, signed: &'a str) -> Option<&'a str> {
        let (text, signature) = signed.rsplit_once('.')?;
        let mut bytes = [0; 33]; // room for what the decoder estimates
        let length = BASE64_STANDARD.decode_slice(signature, &mut bytes).ok()?;
        self.verify(text, &bytes[..length]).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_better_auth() {
        // printf abc | openssl dgst -sha256 -hmac secret -binary | base64
        let signed = "abc.mUba1OAOkT/Ivo5dP34RCkqegy+D+wnDRShdeGONig4=";
        let signer = Signer::new("secret");
        assert_eq!(signer.signed("abc"), signed);
        assert_eq!(signer.unsigned(signed), Some("abc"));
    }

    #[test]
    fn what_was_altered_is_not_signed() {
        let signer = Signer::new("secret");
        let signed = signer.signed("abc");
        let other = Signer::new("another").signed("abc");
        for bad in [
            signed.replacen("abc", "abd", 1),
            signed.trim_end_matches('=').to_owned(),
            format!("{signed}="),
            signed[..signed.len() - 2].to_owned(),
            "abc".to_owned(),
            "abc.".to_owned(),
            ".".to_owned(),
            String::new(),
            other,
        ] {
            assert_eq!(signer.unsigned(&bad), None, "{bad}");
        }
    }
}
