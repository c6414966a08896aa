//! What is kept of a key and its secret, and what is shown of them.

use crate::Credentials;
use kit::{App, Error, Result};
use sha2::{Digest, Sha256};
use std::fmt::Display;
use uuid::Uuid;

/// Where they stand.
pub(crate) const SEALED: &[&kit::Sealed] =
    &[&column("api_key", |id| place("key", id)), &column("api_secret", |id| place("secret", id))];

/// A key and its secret as they are kept.
pub(crate) struct Sealed {
    pub(crate) api_key: Vec<u8>,
    pub(crate) api_secret: Vec<u8>,
}

/// Seals them for their tenant and connection.
pub(crate) fn seal(app: &App, tenant: Uuid, id: Uuid, credentials: &Credentials) -> Result<Sealed> {
    let seal = |what, open: &str| app.vault().seal(app.ids(), &tenant.to_string(), &place(what, id), open.as_bytes());
    Ok(Sealed { api_key: seal("key", credentials.key())?, api_secret: seal("secret", credentials.secret())? })
}

/// Opens what was sealed for this tenant and connection.
pub(crate) fn open(app: &App, tenant: Uuid, id: Uuid, sealed: &Sealed) -> Result<Credentials> {
    let open = |what, sealed: &[u8]| {
        let bytes = app.vault().open(&tenant.to_string(), &place(what, id), sealed)?;
        // the bytes of a secret are no part of what went wrong
        String::from_utf8(bytes).map_err(|_| Error::internal("a sealed key is not text"))
    };
    Ok(Credentials::new(open("key", &sealed.api_key)?, open("secret", &sealed.api_secret)?))
}

fn place(what: &str, id: impl Display) -> String {
    format!("exchange_connections.{what}:{id}")
}

const fn column(column: &'static str, place: fn(&str) -> String) -> kit::Sealed {
    kit::Sealed { table: "exchange_connections", column, owner: "tenant_id", of: "id", place }
}

/// All that is shown of a key: its last four characters.
pub(crate) fn mask(credentials: &Credentials) -> String {
    let key = credentials.key();
    format!("…{}", key.get(key.len().saturating_sub(4)..).unwrap_or_default())
}

/// What tells whether two keys of a tenant are the same.
pub(crate) fn fingerprint(tenant: Uuid, exchange: &str, credentials: &Credentials) -> [u8; 32] {
    let hash = Sha256::new().chain_update(tenant.as_bytes()).chain_update(exchange).chain_update([0_u8]);
    hash.chain_update(credentials.key()).finalize().into()
}
