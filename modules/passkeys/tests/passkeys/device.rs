use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ciborium::{Value as Cbor, cbor};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use sha2::{Digest, Sha256};
use testkit::{Value, json};

pub(crate) const USER_PRESENT: u8 = 0x01;
pub(crate) const USER_VERIFIED: u8 = 0x04;
pub(crate) const BACKUP_ELIGIBLE: u8 = 0x08;
pub(crate) const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;
/// The model that every device here says it is.
pub(crate) const AAGUID: &str = "01020304-0506-0708-090a-0b0c0d0e0f10";

/// A device that keeps one key, in a browser that shows a page. What is public can be made wrong.
#[derive(Clone)]
pub(crate) struct Device {
    pub(crate) key: SigningKey,
    pub(crate) id: Vec<u8>,
    pub(crate) counter: u32,
    pub(crate) flags: u8,
    pub(crate) origin: String,
    pub(crate) domain: String,
    /// What the browser says that it was asked for, instead of what it was.
    pub(crate) kind: Option<&'static str>,
    pub(crate) challenge: Option<String>,
    pub(crate) cross_origin: bool,
    pub(crate) user_handle: Option<String>,
}

impl Device {
    /// A device of this number, which is below 128.
    pub(crate) fn new(number: u8) -> Self {
        Self {
            key: SigningKey::from_slice(&[number + 1; 32]).unwrap(),
            id: vec![number; 16],
            counter: 0,
            flags: USER_PRESENT | USER_VERIFIED,
            origin: "http://localhost:3000".to_owned(),
            domain: "localhost".to_owned(),
            kind: None,
            challenge: None,
            cross_origin: false,
            user_handle: None,
        }
    }

    /// What `navigator.credentials.create` answers.
    pub(crate) fn create(&mut self, options: &Value) -> Value {
        self.user_handle = options["user"]["id"].as_str().map(str::to_owned);
        let mut data = self.head(self.flags | ATTESTED);
        data.extend(1..=16_u8);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        data.extend(self.public_key());
        let object = cbor!({ "fmt" => "none", "attStmt" => {}, "authData" => Cbor::Bytes(data) }).unwrap();
        let response = json!({
            "attestationObject": encoded(&bytes(&object)),
            "clientDataJSON": encoded(&self.client_data("webauthn.create", options)),
            "transports": ["usb", "internal", "telepathy", "usb"],
        });
        json!({ "id": encoded(&self.id), "rawId": encoded(&self.id), "type": "public-key", "response": response })
    }

    /// What `navigator.credentials.get` answers.
    pub(crate) fn get(&mut self, options: &Value) -> Value {
        self.counter += u32::from(self.counter > 0);
        let (data, client_data) = (self.head(self.flags), self.client_data("webauthn.get", options));
        let signed = [data.as_slice(), &Sha256::digest(&client_data)].concat();
        let signature: Signature = self.key.sign(&signed);
        let response = json!({
            "authenticatorData": encoded(&data),
            "clientDataJSON": encoded(&client_data),
            "signature": encoded(signature.to_der().as_bytes()),
            "userHandle": self.user_handle,
        });
        json!({ "id": encoded(&self.id), "rawId": encoded(&self.id), "type": "public-key", "response": response })
    }

    /// The key in COSE.
    pub(crate) fn public_key(&self) -> Vec<u8> {
        let point = self.key.verifying_key().to_sec1_point(false);
        let (x, y) = point.as_bytes()[1..].split_at(32);
        let (x, y) = (Cbor::Bytes(x.to_vec()), Cbor::Bytes(y.to_vec()));
        bytes(&cbor!({ 1 => 2, 3 => -7, -1 => 1, -2 => x, -3 => y }).unwrap())
    }

    fn head(&self, flags: u8) -> Vec<u8> {
        let hash = Sha256::digest(self.domain.as_bytes());
        [hash.as_slice(), &[flags], &self.counter.to_be_bytes()].concat()
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let challenge = self.challenge.as_deref().or(options["challenge"].as_str());
        let kind = self.kind.unwrap_or(kind);
        json!({ "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": self.cross_origin })
            .to_string()
            .into_bytes()
    }
}

pub(crate) fn encoded(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn bytes(value: &Cbor) -> Vec<u8> {
    let mut bytes = vec![];
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}
