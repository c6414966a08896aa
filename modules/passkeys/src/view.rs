//! What the protocol shows of passkeys.

use crate::store::Passkey;
use auth::protocol::{SessionView, UserView};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use kit::Time;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;
use webauthn_rs::prelude::Credential;

/// What the page asks of the browser: the `publicKey` of `navigator.credentials`, its bytes in base64url.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PasskeyOptions")]
pub(crate) struct Options(pub(crate) Map<String, Value>);

/// A passkey, as the protocol has it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Passkey")]
pub(crate) struct PasskeyView {
    id: Uuid,
    name: Option<String>,
    /// COSE in base64.
    public_key: String,
    user_id: Uuid,
    /// In base64url.
    #[serde(rename = "credentialID")]
    credential_id: String,
    /// How often the device says that the key has been used; 0 where it does not count.
    counter: u32,
    /// `singleDevice` or `multiDevice`: whether the key can leave the device.
    device_type: &'static str,
    backed_up: bool,
    /// How the device is reached, such as `internal,hybrid`.
    transports: String,
    created_at: Time,
    last_used_at: Option<Time>,
    /// The model of the device; all zero where it does not say.
    aaguid: Uuid,
}

impl From<Passkey> for PasskeyView {
    fn from(passkey: Passkey) -> Self {
        let credential = Credential::from(passkey.credential.0);
        Self {
            id: passkey.id,
            name: passkey.name,
            public_key: BASE64_STANDARD.encode(passkey.public_key),
            user_id: passkey.user_id,
            credential_id: encoded(&passkey.credential_id),
            counter: credential.counter,
            device_type: if credential.backup_eligible { "multiDevice" } else { "singleDevice" },
            backed_up: credential.backup_state,
            transports: passkey.transports.join(","),
            created_at: passkey.created_at,
            last_used_at: passkey.last_used_at,
            aaguid: passkey.aaguid,
        }
    }
}

/// Base64url, as WebAuthn writes bytes.
pub(crate) fn encoded(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// How the browser is told of passkeys.
pub(crate) fn descriptors(passkeys: &[Passkey]) -> Value {
    let describe =
        |it: &Passkey| json!({ "type": "public-key", "id": encoded(&it.credential_id), "transports": it.transports });
    passkeys.iter().map(describe).collect()
}

/// A passkey that has another name now.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PasskeyRenamed")]
pub(crate) struct Renamed {
    pub(crate) passkey: PasskeyView,
}

/// Who has signed in.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PasskeySignedIn")]
pub(crate) struct Opened {
    pub(crate) session: SessionView,
    pub(crate) user: UserView,
}
