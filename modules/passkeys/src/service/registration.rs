use super::ceremony::{Question, ask, verifier};
use crate::{
    error,
    jobs::{Event, SendNotice},
    store::{self, Passkey},
    view::descriptors,
};
use audit::Change;
use auth::protocol::Form;
use ciborium::Value as Cbor;
use garde::Validate;
use kit::{App, Error, Result, User, UserTx, enqueue_job};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::types::Json;
use std::{collections::BTreeSet, ops::RangeInclusive};
use uuid::Uuid;
use webauthn_rs::prelude::{PasskeyRegistration, RegisterPublicKeyCredential};

/// How many passkeys a user may have.
const MOST_PASSKEYS: usize = 50;
/// How many bytes the id of a key has; with fewer it could be somebody else's too.
const ID_LENGTH: RangeInclusive<usize> = 16..=1023;

/// What kind of device is to be registered.
#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "PasskeyAttachment")]
enum Attachment {
    Platform,
    CrossPlatform,
}

/// How a passkey is to be registered.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AskRegistration {
    /// `platform` for the device itself, `cross-platform` for one that is brought along; any if not said.
    #[garde(skip)]
    authenticator_attachment: Option<Attachment>,
    /// What the device calls the account; the user's address if not said.
    #[garde(length(max = 200))]
    name: Option<String>,
}

impl Form for AskRegistration {}

/// What the device answered.
#[derive(Deserialize, JsonSchema, Validate)]
#[schemars(rename = "VerifyPasskeyRegistration")]
pub(crate) struct VerifyRegistration {
    /// The `PublicKeyCredential` of `navigator.credentials.create`, its bytes in base64url.
    #[garde(skip)]
    response: Value,
    /// What the user calls the passkey.
    #[garde(length(max = 200))]
    name: Option<String>,
}

impl Form for VerifyRegistration {}

/// Asks a device of the user's for a new key. It has to know its user (by a finger, a face, a PIN) and to keep the key
/// with the account's name, so that nobody need say who they are to sign in.
pub(crate) async fn ask_for_new(app: &App, tx: &mut UserTx, user: &User, form: &AskRegistration) -> Result<Question> {
    let known = store::list(tx, user.id).await?;
    if known.len() >= MOST_PASSKEYS {
        return Err(error::too_many());
    }
    let name = form.name.as_deref().map(str::trim).filter(|name| !name.is_empty()).unwrap_or(&user.email);
    let exclude = known.iter().map(|it| it.credential.0.cred_id().clone()).collect();
    let asked = verifier(app)?.start_passkey_registration(user.id, name, &user.email, Some(exclude));
    let (creation, state) = asked.map_err(Error::internal)?;
    let mut options = serde_json::to_value(creation.public_key).map_err(Error::internal)?;
    options["excludeCredentials"] = descriptors(&known);
    options["authenticatorSelection"]["residentKey"] = "required".into();
    options["authenticatorSelection"]["requireResidentKey"] = true.into();
    if let Some(attachment) = form.authenticator_attachment {
        options["authenticatorSelection"]["authenticatorAttachment"] = json!(attachment);
    }
    ask(app, tx, Some(user.id), (options, &state)).await
}

/// Keeps the key that a device has made for the user.
///
/// # Errors
/// 401 `YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY` when another user was asked, 400 `FAILED_TO_VERIFY_REGISTRATION`
/// for an answer that is none to the question, 400 `PREVIOUSLY_REGISTERED` for a key that is kept already.
pub(crate) async fn register(
    app: &App,
    tx: &mut UserTx,
    user: &User,
    (asked, state): (Option<Uuid>, PasskeyRegistration),
    form: VerifyRegistration,
) -> Result<Passkey> {
    if asked != Some(user.id) {
        return Err(error::not_yours_to_register());
    }
    let passkey = verify(app, tx, user.id, &state, form)?;
    store::insert(tx, &passkey).await?;
    let after = json!({ "name": passkey.name, "aaguid": passkey.aaguid, "transports": passkey.transports });
    audit::record(tx, Change::new("passkey", passkey.id, "passkey.added").after(after)).await?;
    enqueue_job(tx, &SendNotice { user: user.id, event: Event::Added }).await?;
    Ok(passkey)
}

fn verify(
    app: &App,
    tx: &UserTx,
    user_id: Uuid,
    state: &PasskeyRegistration,
    form: VerifyRegistration,
) -> Result<Passkey> {
    let failed = |why: &dyn std::error::Error| error::registration_failed().source(why.to_string());
    let answer: RegisterPublicKeyCredential = serde_json::from_value(form.response).map_err(|why| failed(&why))?;
    let key = verifier(app)?.finish_passkey_registration(&answer, state).map_err(|why| failed(&why))?;
    if !ID_LENGTH.contains(&key.cred_id().len()) {
        return Err(error::registration_failed());
    }
    let (aaguid, public_key) = attested(&answer.response.attestation_object).ok_or_else(error::registration_failed)?;
    let name = form.name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    Ok(Passkey {
        id: tx.new_id(),
        user_id,
        name,
        credential_id: key.cred_id().to_vec(),
        public_key,
        aaguid,
        transports: transports(&answer),
        credential: Json(key),
        created_at: tx.now(),
        last_used_at: None,
    })
}

/// How the device says that it is reached, as far as that is known to be a way.
fn transports(answer: &RegisterPublicKeyCredential) -> Vec<String> {
    let named = answer.response.transports.iter().flatten().filter_map(|it| serde_json::to_value(it).ok());
    let names: BTreeSet<String> = named.filter_map(|it| it.as_str().map(str::to_owned)).collect();
    names.into_iter().filter(|name| name != "unknown").collect()
}

/// The model of the device and the key in COSE, which the verifier does not keep: from where WebAuthn puts them in
/// the authenticator data, of an attestation that has been verified.
fn attested(object: &[u8]) -> Option<(Uuid, Vec<u8>)> {
    /// What comes before: the hash of the domain, the flags and the counter.
    const HEAD: usize = 32 + 1 + 4;
    let object: Cbor = ciborium::from_reader(object).ok()?;
    let (_, data) = object.as_map()?.iter().find(|(key, _)| key.as_text() == Some("authData"))?;
    let (aaguid, rest) = data.as_bytes()?.get(HEAD..)?.split_at_checked(16)?;
    let (length, rest) = rest.split_first_chunk()?;
    let key = rest.get(usize::from(u16::from_be_bytes(*length))..)?;
    let mut after = key;
    let _: Cbor = ciborium::from_reader(&mut after).ok()?;
    Some((Uuid::from_slice(aaguid).ok()?, key[..key.len() - after.len()].to_vec()))
}
