//! A platform on loopback: an issuer of OpenID Connect, and GitHub under `/github`.

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};
use testkit::{Value, json};
use url::{Url, form_urlencoded};

pub(crate) const CLIENT: &str = "our client";
pub(crate) const SECRET: &str = "a secret & more";
/// When the clock of every test stands.
pub(crate) const NOON: i64 = 1_767_614_400;

const RSA: &[u8] = include_bytes!("keys/issuer.rsa.der");
const STRANGERS: &[u8] = include_bytes!("keys/stranger.rsa.der");
const EC: &[u8] = include_bytes!("keys/issuer.ec.der");

/// How it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Status(u16),
    /// It never answers.
    Slow,
    /// It answers without an end.
    Huge,
    /// It leads elsewhere.
    Redirect,
    NoJson,
    /// It breaks the connection after a part.
    Short,
}

/// How it signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signed {
    Rsa,
    Ec,
    /// By another key than the one that it names.
    ByStranger,
    /// By a key that is in no list.
    ByUnknown,
    /// Not at all.
    None,
    /// By its public key, as a secret.
    ByPublicKey,
}

/// What it does and has seen.
pub(crate) struct Platform {
    pub(crate) person: Value,
    /// What the ID token says otherwise; `null` leaves a claim out.
    pub(crate) claims: Value,
    pub(crate) userinfo: Value,
    pub(crate) metadata: Value,
    pub(crate) emails: Value,
    pub(crate) signed: Signed,
    pub(crate) key: &'static str,
    pub(crate) faults: HashMap<&'static str, (Fault, usize)>,
    pub(crate) token: Value,
    codes: HashMap<String, Value>,
    /// The paths that were asked for.
    pub(crate) seen: Vec<String>,
    number: usize,
}

#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) url: String,
    platform: Arc<Mutex<Platform>>,
}

impl Fake {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let platform = Platform {
            person: json!({
                "sub": "ana-1", "email": "Ana@Example.com", "email_verified": true, "name": "Ana Souza",
                "picture": "https://pictures.example/ana.png",
            }),
            claims: json!({}),
            userinfo: Value::Null,
            metadata: json!({}),
            emails: json!([{ "email": "ana@example.com", "verified": true, "primary": true }]),
            signed: Signed::Rsa,
            key: "one",
            faults: HashMap::new(),
            token: json!({}),
            codes: HashMap::new(),
            seen: vec![],
            number: 0,
        };
        let fake = Self { url, platform: Arc::new(Mutex::new(platform)) };
        let router = Router::new().fallback(answer).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    pub(crate) fn set(&self) -> MutexGuard<'_, Platform> {
        self.platform.lock().unwrap()
    }

    /// Fails so often at a path.
    pub(crate) fn fails(&self, path: &'static str, fault: Fault, often: usize) {
        self.set().faults.insert(path, (fault, often));
    }

    /// How often a path was asked for.
    pub(crate) fn times(&self, path: &str) -> usize {
        self.set().seen.iter().filter(|seen| *seen == path).count()
    }

    /// Somebody agrees to be known: the code that they are sent back with.
    pub(crate) fn agree(&self, asked: &Url) -> String {
        let mut platform = self.set();
        platform.number += 1;
        let code = format!("code-{}", platform.number);
        let asked: HashMap<_, _> = asked.query_pairs().into_owned().collect();
        platform.codes.insert(code.clone(), json!(asked));
        code
    }

    /// An ID token that it has given to somebody.
    pub(crate) fn id_token(&self, nonce: Option<&str>) -> String {
        self.set().id_token(&self.url, nonce, None)
    }

    fn metadata(&self) -> Value {
        let url = &self.url;
        let metadata = json!({
            "issuer": url,
            "authorization_endpoint": format!("{url}/authorize?tenant=x"),
            "token_endpoint": format!("{url}/token"),
            "userinfo_endpoint": format!("{url}/userinfo"),
            "jwks_uri": format!("{url}/jwks"),
        });
        merged(metadata, &self.set().metadata)
    }
}

/// The first with what the second says; its `null` takes away.
fn merged(mut base: Value, with: &Value) -> Value {
    for (name, value) in with.as_object().unwrap() {
        match value {
            Value::Null => drop(base.as_object_mut().unwrap().remove(name)),
            value => base[name] = value.clone(),
        }
    }
    base
}

async fn answer(State(fake): State<Fake>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let fault = {
        let mut platform = fake.set();
        platform.seen.push(path.clone());
        platform.faults.get_mut(path.as_str()).filter(|(_, often)| *often > 0).map(|(fault, often)| {
            *often -= 1;
            *fault
        })
    };
    if let Some(fault) = fault {
        return fail(fault).await;
    }
    let header = |name: header::HeaderName| parts.headers.get(name).map(|it| it.to_str().unwrap().to_owned());
    let authorization = header(header::AUTHORIZATION).unwrap_or_default();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let form: HashMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    match path.as_str() {
        "/.well-known/openid-configuration" => axum::Json(fake.metadata()).into_response(),
        "/jwks" => axum::Json(fake.set().keys()).into_response(),
        "/token" => {
            let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let basic = format!("{}:{}", encoded(CLIENT), encoded(SECRET));
            let basic = format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(basic));
            let known = authorization == basic || form.get("client_secret").is_some_and(|it| it == SECRET);
            fake.set().redeem(&fake.url, known, &form)
        }
        "/userinfo" if authorization.starts_with("Bearer access-") => {
            let platform = fake.set();
            let userinfo = if platform.userinfo.is_null() { &platform.person } else { &platform.userinfo };
            axum::Json(userinfo.clone()).into_response()
        }
        "/github/login/oauth/access_token" => fake.set().redeem(&fake.url, form["client_secret"] == SECRET, &form),
        "/github/api/v3/user" if authorization.starts_with("Bearer access-") => {
            axum::Json(fake.set().person.clone()).into_response()
        }
        "/github/api/v3/user/emails" if authorization.starts_with("Bearer access-") => {
            axum::Json(fake.set().emails.clone()).into_response()
        }
        _ => (StatusCode::UNAUTHORIZED, axum::Json(json!({ "error": "unauthorized" }))).into_response(),
    }
}

async fn fail(fault: Fault) -> Response {
    match fault {
        Fault::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Fault::Slow => std::future::pending().await,
        Fault::Huge => {
            let part = || Ok::<_, std::io::Error>(axum::body::Bytes::from(vec![b' '; 64 << 10]));
            Body::from_stream(futures::stream::repeat_with(part)).into_response()
        }
        Fault::Redirect => (StatusCode::FOUND, [(header::LOCATION, "/userinfo")]).into_response(),
        Fault::NoJson => "<html>".into_response(),
        Fault::Short => {
            let parts = [Ok(axum::body::Bytes::from("{")), Err(std::io::Error::other("gone"))];
            Body::from_stream(futures::stream::iter(parts)).into_response()
        }
    }
}

impl Platform {
    fn keys(&self) -> Value {
        let key = |key: EncodingKey, algorithm, id: &str| {
            let jwk = Jwk::from_encoding_key(&key, algorithm).unwrap();
            merged(serde_json::to_value(jwk).unwrap(), &json!({ "kid": id, "use": "sig" }))
        };
        json!({ "keys": [
            { "kty": "odd", "kid": "odd" },
            key(EncodingKey::from_rsa_der(RSA), Algorithm::RS256, self.key),
            key(EncodingKey::from_ec_der(EC), Algorithm::ES256, "curve"),
        ] })
    }

    fn redeem(&mut self, url: &str, known: bool, form: &HashMap<String, String>) -> Response {
        let refused = |code| (StatusCode::BAD_REQUEST, axum::Json(json!({ "error": code }))).into_response();
        if !known {
            return refused("invalid_client");
        }
        self.number += 1;
        let access = format!("access-{}", self.number);
        let tokens = json!({
            "access_token": access, "refresh_token": format!("refresh-{}", self.number), "token_type": "Bearer",
            "expires_in": 3600, "scope": "openid email profile",
        });
        if form["grant_type"] == "refresh_token" {
            let known = form["refresh_token"].starts_with("refresh-");
            return if known {
                axum::Json(merged(tokens, &self.token)).into_response()
            } else {
                refused("invalid_grant")
            };
        }
        // a code is good once, for who asked and with what they hashed
        let Some(asked) = self.codes.remove(&form["code"]) else { return refused("invalid_grant") };
        let hashed = BASE64.encode(Sha256::digest(&form["code_verifier"]));
        if asked["code_challenge"] != hashed || asked["redirect_uri"] != form["redirect_uri"] {
            return refused("invalid_grant");
        }
        let id_token = self.id_token(url, asked["nonce"].as_str(), Some(&access));
        let tokens = merged(tokens, &json!({ "id_token": id_token }));
        axum::Json(merged(tokens, &self.token)).into_response()
    }

    fn id_token(&self, url: &str, nonce: Option<&str>, access: Option<&str>) -> String {
        let mut claims = json!({ "iss": url, "aud": CLIENT, "iat": NOON, "exp": NOON + 600, "nonce": nonce });
        if let Some(access) = access {
            claims["at_hash"] = json!(BASE64.encode(&Sha256::digest(access)[..16]));
        }
        let claims = merged(merged(claims, &self.person), &self.claims);
        let (algorithm, key, id) = match self.signed {
            Signed::Rsa => (Algorithm::RS256, EncodingKey::from_rsa_der(RSA), self.key),
            Signed::Ec => (Algorithm::ES256, EncodingKey::from_ec_der(EC), "curve"),
            Signed::ByStranger => (Algorithm::RS256, EncodingKey::from_rsa_der(STRANGERS), self.key),
            Signed::ByUnknown => (Algorithm::RS256, EncodingKey::from_rsa_der(STRANGERS), "nobodys"),
            Signed::ByPublicKey => {
                let modulus = self.keys()["keys"][1]["n"].as_str().map(str::to_owned).unwrap();
                (Algorithm::HS256, EncodingKey::from_secret(&BASE64.decode(modulus).unwrap()), self.key)
            }
            Signed::None => {
                let header = BASE64.encode(json!({ "alg": "none", "kid": self.key }).to_string());
                return format!("{header}.{}.", BASE64.encode(claims.to_string()));
            }
        };
        let header = Header { kid: Some(id.to_owned()), ..Header::new(algorithm) };
        jsonwebtoken::encode(&header, &claims, &key).unwrap()
    }
}
