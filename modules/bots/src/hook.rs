//! The address at which a bot takes signals, and what has come there, as they are told.

use crate::alert;
use axum::{body::Bytes, extract::FromRequest, extract::Request, http::StatusCode};
use garde::Validate;
use kit::{App, Error, Input, Operation, Time, Upload};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

/// How many networks an address may be bound to.
const MOST_NETWORKS: usize = 20;
/// Where the signature of an alert stands.
pub(crate) const SIGNATURE: &str = "x-signature";

/// Who may signal.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "NewBotHook")]
pub(crate) struct NewHook {
    /// Up to 20 addresses and networks from which signals may come; from anywhere if there are none.
    #[serde(default)]
    #[garde(length(max = MOST_NETWORKS), inner(custom(is_network)))]
    pub(crate) networks: Vec<String>,
    /// Whether each alert must be signed: `X-Signature` is the HMAC-SHA256 of the body by the secret, in hexadecimal.
    #[serde(default)]
    #[garde(skip)]
    pub(crate) signed: bool,
}

fn is_network(text: &str, (): &()) -> garde::Result {
    let known = kit::network(text);
    known.map(drop).ok_or_else(|| garde::Error::new("is neither an IP address nor a network such as 10.0.0.0/8"))
}

/// The address of a bot without what opens it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BotHook")]
pub(crate) struct Hook {
    /// From where signals may come; from anywhere if there are none.
    pub(crate) networks: Vec<String>,
    /// Whether each alert must be signed.
    pub(crate) signed: bool,
    pub(crate) created_at: Time,
}

/// A new address. It is shown this once.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BotHookMade")]
pub(crate) struct HookMade {
    /// Where alerts are posted to. Whoever knows it may signal: keep it like a password.
    pub(crate) url: String,
    /// What signs alerts; `null` where they need no signature.
    pub(crate) secret: Option<String>,
    /// A message that TradingView fills in.
    pub(crate) example: &'static str,
    #[serde(flatten)]
    pub(crate) hook: Hook,
}

/// What has become of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema, sqlx::Type)]
#[serde(rename_all = "camelCase")]
#[sqlx(type_name = "text", rename_all = "camelCase")]
#[schemars(rename = "BotSignalStatus")]
pub(crate) enum SignalStatus {
    /// The bot has not taken it yet.
    Waiting,
    /// The bot has taken it; its events say what followed.
    Taken,
    /// The bot did not run, or not soon enough, and will not follow it.
    Late,
    /// It could not be followed.
    Refused,
}

/// A signal that has come.
#[derive(Clone, Debug, Serialize, JsonSchema, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BotSignal")]
pub(crate) struct BotSignal {
    pub(crate) id: Uuid,
    /// The sender's name of it.
    pub(crate) alert_id: Option<String>,
    pub(crate) at: Time,
    /// What it is about; `null`: all that the bot trades.
    pub(crate) symbol: Option<String>,
    /// `enter` or `exit`.
    pub(crate) signal: Option<String>,
    pub(crate) status: SignalStatus,
    /// Why it was refused.
    pub(crate) message: Option<String>,
}

/// What a sender is told.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BotSignalTaken")]
pub(crate) struct Receipt {
    pub(crate) id: Uuid,
    /// Whether an alert of this name had come before: then nothing follows from this one.
    pub(crate) duplicate: bool,
}

/// What a sender sends.
pub(crate) struct Call {
    pub(crate) body: Bytes,
    pub(crate) signature: Option<String>,
}

impl FromRequest<App> for Call {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self, Error> {
        let signature = request.headers().get(SIGNATURE).and_then(|it| it.to_str().ok()).map(str::to_owned);
        let body = Upload::from_request(request, app).await?.read(alert::MAX_BYTES).await?;
        Ok(Self { body, signature })
    }
}

impl Input for Call {
    fn describe(operation: &mut Operation) {
        let alert = json!({ "schema": { "type": "string" }, "example": alert::EXAMPLE });
        let content = json!({ "application/json": alert, "text/plain": alert });
        operation.set("requestBody", json!({ "required": true, "content": content }));
        operation.error(StatusCode::BAD_REQUEST);
        operation.error(StatusCode::PAYLOAD_TOO_LARGE);
        operation.error(StatusCode::UNPROCESSABLE_ENTITY);
    }
}
