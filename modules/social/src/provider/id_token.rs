//! ID tokens (OpenID Connect Core, 3.1.3.7).

use super::Refusal;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::Jwk};
use kit::Time;
use serde_json::Value;
use sha2::{Digest, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;

/// What an ID token must say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) audience: &'a str,
    /// Where we have given one.
    pub(super) nonce: Option<&'a str>,
    /// The access token that came with it.
    pub(super) access_token: Option<&'a str>,
    pub(super) now: Time,
    /// How long ago it may have been issued, if that counts.
    pub(super) most_age: Option<TimeDelta>,
}

/// The algorithms whose keys can be public: with any other, whoever reads the key could sign.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];
/// How far the issuer's clock may be from ours.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// The key that the token names.
pub(super) fn key_id(token: &str) -> Result<Option<String>, Refusal> {
    decode_header(token).map(|header| header.kid).map_err(unsound)
}

/// What the token says, if the issuer has signed it for us and it still holds.
pub(super) fn verified(token: &str, keys: &[Jwk], expected: &Expected<'_>) -> Result<Value, Refusal> {
    let header = decode_header(token).map_err(unsound)?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(unsound("its algorithm is not one of public keys"));
    }
    let mut validation = Validation::new(header.alg);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.audience]);
    validation.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
    // the library asks the machine's clock
    validation.validate_exp = false;

    let named = |key: &&Jwk| header.kid.is_none() || key.common.key_id == header.kid;
    let keys = keys.iter().filter(named).filter_map(|key| DecodingKey::from_jwk(key).ok());
    let mut why = unsound("no key of the issuer's fits");
    for key in keys {
        match decode::<Value>(token, &key, &validation) {
            Ok(token) => return agreed(token.claims, header.alg, expected),
            Err(fault) => why = unsound(fault),
        }
    }
    Err(why)
}

fn agreed(claims: Value, algorithm: Algorithm, expected: &Expected<'_>) -> Result<Value, Refusal> {
    let at = |name: &str| claims[name].as_i64().and_then(|it| it.checked_mul(1000)).map(Time::from_millis);
    let (now, issued) = (expected.now, at("iat"));
    let ours = |party: &Value| party == expected.audience;
    let many = claims["aud"].as_array().is_some_and(|parties| parties.len() > 1);
    let nonce = claims["nonce"].as_str().unwrap_or_default();
    let faults = [
        (at("exp").is_none_or(|end| end + LEEWAY <= now), "it has expired"),
        (at("nbf").is_some_and(|begin| begin - LEEWAY > now), "it does not hold yet"),
        (issued.is_none_or(|issued| issued - LEEWAY > now), "it says no sound time of issue"),
        (expected.most_age.is_some_and(|most| issued.is_none_or(|issued| issued + most < now)), "it is too old"),
        (claims.get("azp").map_or(many, |party| !ours(party)), "it is for another party"),
        (expected.nonce.is_some_and(|ours| !same(ours, nonce)), "its nonce is not ours"),
        (!hash_fits(&claims["at_hash"], algorithm, expected.access_token), "it came with another access token"),
    ];
    match faults.into_iter().find(|(holds, _)| *holds) {
        Some((_, why)) => Err(unsound(why)),
        None => Ok(claims),
    }
}

/// Whether the token's left half of a hash is that of the access token, where both are there.
fn hash_fits(hash: &Value, algorithm: Algorithm, access: Option<&str>) -> bool {
    let (Some(hash), Some(access)) = (hash.as_str(), access) else { return hash.is_null() || hash.is_string() };
    use Algorithm::{ES256, ES384, PS256, PS384, RS256, RS384};
    let digest = match algorithm {
        RS256 | PS256 | ES256 => Sha256::digest(access).to_vec(),
        RS384 | PS384 | ES384 => Sha384::digest(access).to_vec(),
        _ => Sha512::digest(access).to_vec(),
    };
    same(hash, &BASE64.encode(&digest[..digest.len() / 2]))
}

fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn unsound(why: impl ToString) -> Refusal {
    Refusal::UserInfo(format!("ID token: {}", why.to_string()))
}
