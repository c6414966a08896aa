use std::fmt;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::{fs, io};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::CryptoRng;
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, Serializer};

use super::{ConfigError, Settings};

/// A text that is shown as `***` wherever it is printed or serialised, and wiped from memory when dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a secret.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The secret itself: for the one place that uses it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

/// The secrets that the program runs with.
pub struct Secrets {
    /// Signs sessions and links.
    pub sign_in: Secret,
    /// Seals what is secret and read again.
    pub encryption: [u8; 32],
}

/// The secrets that are configured, else those kept in the data directory, which are made there (32 random bytes,
/// base64, file mode 0600) on first start.
///
/// # Errors
/// [`ConfigError::Kept`] when a file cannot be made, read or is not ours.
pub fn secrets(settings: &Settings, random: &mut impl CryptoRng) -> Result<Secrets, ConfigError> {
    let mut kept = |name, file: &str, configured: &Option<Secret>| match configured {
        Some(secret) => Ok(secret.clone()),
        None => kept_in(&settings.data_dir.join(file), name, random),
    };
    let sign_in = kept("BETTER_AUTH_SECRET", "better-auth-secret", &settings.better_auth_secret)?;
    let encryption = kept("ENCRYPTION_KEY", "encryption-key", &settings.encryption_key)?;
    let encryption = key(encryption.expose()).ok_or_else(|| ConfigError::Kept {
        name: "ENCRYPTION_KEY",
        path: settings.data_dir.join("encryption-key"),
        problem: "does not hold 32 bytes in base64".to_owned(),
    })?;
    Ok(Secrets { sign_in, encryption })
}

/// The 32 bytes that a text in base64 stands for.
pub(super) fn key(text: &str) -> Option<[u8; 32]> {
    STANDARD.decode(text.trim()).ok()?.try_into().ok()
}

fn kept_in(path: &Path, name: &'static str, random: &mut impl CryptoRng) -> Result<Secret, ConfigError> {
    let failed = |problem: String| ConfigError::Kept { name, path: path.to_owned(), problem };
    let text = kept(path, random).map_err(|error| failed(format!("cannot be kept: {error}")))?;
    if text.len() < super::check::SECRET_LENGTH {
        return Err(failed(format!("holds {} characters, fewer than {}", text.len(), super::check::SECRET_LENGTH)));
    }
    Ok(Secret::new(text))
}

fn kept(path: &Path, random: &mut impl CryptoRng) -> io::Result<String> {
    match fs::read_to_string(path) {
        Ok(text) => {
            fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
            Ok(text.trim().to_owned())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => made(path, random),
        Err(error) => Err(error),
    }
}

/// Written whole beside its place and then linked into it, so that two processes that start at once agree on one.
fn made(path: &Path, random: &mut impl CryptoRng) -> io::Result<String> {
    let mut bytes = [0_u8; 32];
    random.fill_bytes(&mut bytes);
    let text = STANDARD.encode(bytes);
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory)?;
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(text),
        Err(lost) if lost.error.kind() == ErrorKind::AlreadyExists => Ok(fs::read_to_string(path)?.trim().to_owned()),
        Err(lost) => Err(lost.error),
    }
}
