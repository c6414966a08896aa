//! The tokens of links in mails: JSON Web Tokens, HS256 over the server's secret.

use crate::{error, signer::Signer};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use kit::{Result, Time};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a link says: whose address it verifies, and until when (seconds since 1970).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Claims {
    pub(crate) email: String,
    pub(crate) user_id: Uuid,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
}

/// `{"alg":"HS256"}`
const HEADER: &str = "eyJhbGciOiJIUzI1NiJ9";

/// The token that says so.
pub(crate) fn encode(claims: &Claims, signer: &Signer) -> Result<String> {
    let payload = BASE64.encode(serde_json::to_vec(claims).map_err(kit::Error::internal)?);
    let said = format!("{HEADER}.{payload}");
    let signature = BASE64.encode(signer.sign(&said));
    Ok(format!("{said}.{signature}"))
}

/// What the token says, if it is ours and still holds. There is one algorithm, whatever the token claims of itself.
///
/// # Errors
/// 401 `INVALID_TOKEN`; 401 `TOKEN_EXPIRED`.
pub(crate) fn decode(token: &str, signer: &Signer, now: Time) -> Result<Claims> {
    let sound = || {
        let (said, signature) = token.rsplit_once('.')?;
        let (header, payload) = said.split_once('.')?;
        let ours = header == HEADER && signer.verify(said, &BASE64.decode(signature).ok()?);
        ours.then(|| BASE64.decode(payload).ok().and_then(|bytes| serde_json::from_slice::<Claims>(&bytes).ok()))?
    };
    let claims = sound().ok_or_else(error::invalid_token)?;
    if claims.exp * 1000 <= now.millis() { Err(error::token_expired()) } else { Ok(claims) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        Claims { email: "ana@example.com".to_owned(), user_id: Uuid::nil(), iat: 0, exp: 3600 }
    }

    #[test]
    fn a_token_holds_until_its_hour_is_over() {
        let signer = Signer::new("secret");
        let token = encode(&claims(), &signer).unwrap();
        assert_eq!(decode(&token, &signer, Time::from_millis(3_599_999)).unwrap(), claims());
        let late = decode(&token, &signer, Time::from_millis(3_600_000)).unwrap_err();
        assert_eq!((late.status().as_u16(), late.code()), (401, "TOKEN_EXPIRED"));
    }

    #[test]
    fn a_token_of_another_secret_or_of_no_algorithm_is_none() {
        let signer = Signer::new("secret");
        let token = encode(&claims(), &signer).unwrap();
        let payload = token.split('.').nth(1).unwrap();
        let foreign = encode(&claims(), &Signer::new("another")).unwrap();
        let none = format!("{}.{payload}.", BASE64.encode(r#"{"alg":"none"}"#));
        let altered = token.replacen(payload, &BASE64.encode(r#"{"email":"eve@example.com"}"#), 1);
        for bad in [foreign, none, altered, String::new(), "..".to_owned(), "a.b.c".to_owned(), token + "x"] {
            assert_eq!(decode(&bad, &signer, Time::from_millis(0)).unwrap_err().code(), "INVALID_TOKEN", "{bad}");
        }
    }
}
