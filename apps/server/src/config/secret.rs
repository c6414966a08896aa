use std::fmt;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::{
    fs::{self, File},
    io,
};

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
    /// Seal what is secret and read again.
    pub encryption: Keys,
}

/// The keys of `ENCRYPTION_KEY`.
#[derive(PartialEq, Eq)]
pub struct Keys {
    /// The one that seals.
    pub current: [u8; 32],
    /// Those that only open what they have sealed before.
    pub older: Vec<[u8; 32]>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "*** and {} older", self.older.len())
    }
}

/// The file of the data directory that holds the keys.
const KEYS: &str = "encryption-key";

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
    let encryption = kept("ENCRYPTION_KEY", KEYS, &settings.encryption_key)?;
    let encryption = keys(encryption.expose())
        .ok_or_else(|| failed(&settings.data_dir.join(KEYS), "does not hold keys of 32 bytes in base64"))?;
    Ok(Secrets { sign_in, encryption })
}

/// Makes another key and puts it before those that are kept in the data directory, unless they are no longer these.
///
/// # Errors
/// [`ConfigError::Kept`] when the file cannot be replaced or another program has changed it.
pub fn put_new_key_first(settings: &Settings, known: &Keys, random: &mut impl CryptoRng) -> Result<(), ConfigError> {
    let path = settings.data_dir.join(KEYS);
    let mut put = || {
        let directory = File::open(&settings.data_dir)?;
        // two programs do not make one each
        directory.lock()?;
        let text = fs::read_to_string(&path)?;
        if keys(&text).as_ref() != Some(known) {
            return Err(io::Error::other("another program has just changed it; run this again"));
        }
        written(&settings.data_dir, &format!("{}\n{}\n", fresh(random), text.trim()))?.persist(&path)?;
        directory.sync_all()
    };
    put().map_err(|error| failed(&path, &format!("cannot be replaced: {error}")))
}

fn failed(path: &Path, problem: &str) -> ConfigError {
    ConfigError::Kept { name: "ENCRYPTION_KEY", path: path.to_owned(), problem: problem.to_owned() }
}

/// The keys of a text, with commas or ends of lines between them, each once.
pub(super) fn keys(text: &str) -> Option<Keys> {
    let mut keys: Vec<[u8; 32]> = vec![];
    for part in text.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty()) {
        let key = key(part)?;
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let (current, older) = keys.split_first()?;
    Some(Keys { current: *current, older: older.to_vec() })
}

/// The 32 bytes that a text in base64 stands for.
fn key(text: &str) -> Option<[u8; 32]> {
    STANDARD.decode(text).ok()?.try_into().ok()
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
    let text = fresh(random);
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory)?;
    match written(directory, &text)?.persist_noclobber(path) {
        Ok(_) => Ok(text),
        Err(lost) if lost.error.kind() == ErrorKind::AlreadyExists => Ok(fs::read_to_string(path)?.trim().to_owned()),
        Err(lost) => Err(lost.error),
    }
}

/// 32 random bytes in base64.
fn fresh(random: &mut impl CryptoRng) -> String {
    let mut bytes = [0_u8; 32];
    random.fill_bytes(&mut bytes);
    STANDARD.encode(bytes)
}

/// A file without a name yet, which nobody else may read and which a crash leaves whole.
fn written(directory: &Path, text: &str) -> io::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}
