use super::params::Params;
use crate::exchange::Refusal;
use serde_json::{Value, json};
use std::net::IpAddr;

/// A request, however it came.
#[derive(Clone, Debug)]
pub struct Ask {
    /// `GET`, `POST`, `DELETE` or `PUT`.
    pub method: String,
    /// `/api/v3/…`.
    pub path: String,
    /// Its parameters.
    pub params: Params,
    /// What is signed of it.
    pub payload: String,
    /// The key.
    pub api_key: Option<String>,
    /// From where.
    pub address: IpAddr,
    /// The connection of the WebSocket API by which it came.
    pub connection: Option<u64>,
    /// Whether the key has logged on by it, so that no signature is needed.
    pub is_logged_on: bool,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// Of HTTP.
    pub status: u16,
    /// JSON.
    pub body: Value,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// Milliseconds until it is sent.
    pub delay: u64,
    /// Whether it is never sent at all.
    pub is_lost: bool,
}

impl Reply {
    pub(crate) fn of(status: u16, body: Value) -> Self {
        Self { status, body, headers: vec![], delay: 0, is_lost: false }
    }

    pub(super) fn refused(status: u16, refusal: &Refusal) -> Self {
        Self::of(status, json!({ "code": refusal.code, "msg": refusal.message }))
    }
}

/// A refusal with what else there is to say.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    pub(super) refusal: Refusal,
    pub(super) data: Option<Value>,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, data: None }
    }
}

impl Refused {
    pub(super) fn reply(self) -> Reply {
        let status = match self.refusal.code {
            -2014 | -2015 => 401,
            -2021 => 409,
            -1015 => 429,
            -1020 => 404,
            _ => 400,
        };
        let mut reply = Reply::refused(status, &self.refusal);
        if let Some(data) = self.data {
            reply.body["data"] = data;
        }
        reply
    }
}
