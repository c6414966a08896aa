use kit::{Error, Result, Time};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::io::{Cursor, Write};
use uuid::Uuid;
use zip::{ZipWriter, write::SimpleFileOptions};

/// An archive of all that the platform knows of a user.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Export {
    pub(crate) id: Uuid,
    /// When it was asked for.
    pub(crate) created_at: Time,
    /// When it was ready; `null`: it is being made.
    pub(crate) ready_at: Option<Time>,
    /// Until when it can be fetched.
    pub(crate) expires_at: Time,
    /// How large it is, in bytes.
    pub(crate) size: Option<i64>,
}

/// A file of the archive.
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
}

impl File {
    /// A list of things, in a form that people can read too.
    pub(crate) fn json(name: &str, value: &Value) -> Self {
        Self { name: format!("{name}.json"), content: format!("{value:#}\n").into_bytes() }
    }
}

/// The archive of these files.
pub(crate) fn archive(files: &[File]) -> Result<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(vec![]));
    for File { name, content } in files {
        archive.start_file(name.as_str(), SimpleFileOptions::default()).map_err(Error::internal)?;
        archive.write_all(content).map_err(Error::internal)?;
    }
    Ok(archive.finish().map_err(Error::internal)?.into_inner())
}
