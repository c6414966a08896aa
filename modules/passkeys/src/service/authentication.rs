use super::ceremony::{Question, ask, verifier};
use crate::{
    error,
    store::{self, Passkey},
    view::descriptors,
};
use audit::Change;
use auth::protocol::{Entry, Factor, Form, Visitor, enter};
use garde::Validate;
use kit::{App, Error, Reason, Result, SystemTx, User};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use webauthn_rs::prelude::{DiscoverableAuthentication, PublicKeyCredential, WebauthnError};

/// What the device answered.
#[derive(Deserialize, JsonSchema, Validate)]
#[schemars(rename = "VerifyPasskeyAuthentication")]
pub(crate) struct VerifyAuthentication {
    /// The `PublicKeyCredential` of `navigator.credentials.get`, its bytes in base64url.
    #[garde(skip)]
    response: Value,
}

impl Form for VerifyAuthentication {}

/// Asks whoever it is for a passkey: any that the device knows, or one of the user's own who is signed in already.
pub(crate) async fn ask_for_known(app: &App, tx: &mut SystemTx, user: Option<&User>) -> Result<Question> {
    let (request, state) = verifier(app)?.start_discoverable_authentication().map_err(Error::internal)?;
    let mut options = serde_json::to_value(request.public_key).map_err(Error::internal)?;
    if let Some(user) = user {
        options["allowCredentials"] = descriptors(&store::list(tx, user.id).await?);
    }
    ask(app, tx, None, (options, &state)).await
}

/// Lets in whoever has the passkey.
///
/// # Errors
/// 401 `PASSKEY_NOT_FOUND` for one that nobody has, 401 `AUTHENTICATION_FAILED` for a signature that is not its own,
/// 400 `AUTHENTICATION_FAILED` for what else is wrong with the answer, also for a counter that did not go on.
pub(crate) async fn sign_in(
    visitor: &Visitor,
    state: DiscoverableAuthentication,
    form: VerifyAuthentication,
) -> Result<Entry> {
    let answer: PublicKeyCredential = serde_json::from_value(form.response).map_err(failed)?;
    let mut tx = visitor.app.db().system(Reason::Session, visitor.request.origin.clone()).await?;
    let mut passkey = store::lock(&mut tx, &answer.raw_id).await?.ok_or_else(error::unknown)?;
    let user = users::find(&mut tx, passkey.user_id).await?.ok_or_else(error::unknown)?;
    if is_of_another(&answer, &user) || is_framed(&answer) {
        return Err(error::authentication_failed());
    }
    let verifier = verifier(&visitor.app)?;
    match verifier.finish_discoverable_authentication_v2(&answer, state, &passkey.credential.0) {
        Ok(result) => passkey.credential.0.update_credential(&result),
        Err(WebauthnError::AuthenticationFailure) => return Err(error::badly_signed()),
        Err(WebauthnError::CredentialPossibleCompromise) => return Err(note_clone(tx, &passkey).await?),
        Err(why) => return Err(failed(why)),
    };
    store::note_use(&mut tx, &passkey).await?;
    enter(visitor, tx, user, &Factor::Passkey, true).await
}

/// Whether the device says that the key is somebody else's.
fn is_of_another(answer: &PublicKeyCredential, user: &User) -> bool {
    answer.response.user_handle.as_ref().is_some_and(|handle| handle != user.id.as_bytes())
}

/// Whether the page stood in a frame of a foreign one, which could have led the user's hand. The verifier looks at
/// that in a registration only.
fn is_framed(answer: &PublicKeyCredential) -> bool {
    let data: Option<Value> = serde_json::from_slice(&answer.response.client_data_json).ok();
    data.is_some_and(|data| data["crossOrigin"] == true)
}

/// Records that two devices seem to have the same key, and refuses the one whose counter is behind.
async fn note_clone(mut tx: SystemTx, passkey: &Passkey) -> Result<Error> {
    let change = Change::new("passkey", passkey.id, "passkey.clone-suspected");
    audit::record(&mut tx, change.after(json!({ "userId": passkey.user_id }))).await?;
    tx.commit().await?;
    Ok(error::authentication_failed())
}

fn failed(why: impl std::error::Error) -> Error {
    error::authentication_failed().source(why.to_string())
}
