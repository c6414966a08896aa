use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use kit::{Error, Ids, Result};
use rayon::{ThreadPool, ThreadPoolBuilder};
use rustix::process::setpriority_process;
use sha2::{Digest, Sha256};
use std::{borrow::Cow, num::NonZero, sync::Arc, thread::available_parallelism};
use subtle::ConstantTimeEq;
use tokio::sync::{Semaphore, oneshot};
use tracing::{error, warn};
use unicode_normalization::UnicodeNormalization;

/// How new passwords are hashed. Older hashes verify whatever made them, and are replaced at the next sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hashing {
    /// With so many doublings of the work, 4 to 31.
    Bcrypt { cost: u32 },
    /// With the parameters that OWASP recommends: 19 MiB, two passes.
    Argon2id,
}

/// Hashes and verifies passwords on threads of its own, which take what the processors have left beside the answering
/// of requests. So many are at work at once, so many more wait; beyond that the platform says that it is busy rather
/// than slow everybody down.
#[derive(Clone)]
pub struct Passwords {
    hashing: Hashing,
    threads: Arc<ThreadPool>,
    places: Arc<Semaphore>,
}

/// How a password compares with a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Wrong,
    Right,
    /// Right, but hashed in a way that is no longer ours.
    Outdated,
}

/// How many wait for a turn at most, for each that has one.
const WAITING: usize = 64;
/// The priority of the threads that hash, in Linux's own scale: whoever answers a request goes first, and yet a busy
/// machine leaves them a tenth.
const HUMBLE: i32 = 10;
/// What bcrypt reads of a password.
const BCRYPT_READS: usize = 72;

impl Passwords {
    /// One at once for each of the machine's cores, and 64 waiting for each.
    pub fn new(hashing: Hashing) -> Self {
        let at_once = available_parallelism().map_or(1, NonZero::get);
        Self::bounded(hashing, at_once, at_once * WAITING)
    }

    /// So many at once, and so many waiting at most.
    pub fn bounded(hashing: Hashing, at_once: usize, waiting: usize) -> Self {
        let threads = ThreadPoolBuilder::new().num_threads(at_once).thread_name(|_| "passwords".to_owned());
        // whoever waits for work that panicked is told so
        let threads = threads.start_handler(be_humble).panic_handler(|_| error!("hashing panicked")).build();
        #[expect(clippy::expect_used, reason = "a machine that cannot start a thread cannot start a server")]
        let threads = threads.expect("threads can be started");
        Self { hashing, threads: Arc::new(threads), places: Arc::new(Semaphore::new(at_once + waiting)) }
    }

    /// The hash of a password, with a fresh salt.
    ///
    /// # Errors
    /// 503 when too many wait already.
    pub async fn hash(&self, password: &str, ids: &Ids) -> Result<String> {
        let (hashing, password, salt) = (self.hashing, password.to_owned(), salt(ids));
        self.turn(move || hashing.hash(&password, salt)).await
    }

    /// Whether the password is the one of the hash. Without a hash the same work is done, and the answer is no.
    ///
    /// # Errors
    /// 503 when too many wait already.
    pub(crate) async fn verify(&self, password: &str, hash: Option<&str>, ids: &Ids) -> Result<Verdict> {
        let Some(hash) = hash.map(str::to_owned) else {
            return self.hash(password, ids).await.map(|_| Verdict::Wrong);
        };
        let (hashing, password) = (self.hashing, password.to_owned());
        self.turn(move || hashing.verify(&password, &hash)).await
    }

    async fn turn<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let busy = |_| Error::unavailable("BUSY", "Too many are signing in at this moment; try again.", 1);
        let place = self.places.clone().try_acquire_owned().map_err(busy)?;
        let (answer, answered) = oneshot::channel();
        self.threads.spawn(move || {
            let _place = place; // kept to the end of the work, even when the caller has gone
            if !answer.is_closed() {
                let _ = answer.send(work());
            }
        });
        answered.await.map_err(Error::internal)?
    }
}

impl Hashing {
    fn hash(self, password: &str, salt: [u8; 16]) -> Result<String> {
        match self {
            Self::Bcrypt { cost } => {
                let hashed = bcrypt::non_truncating_hash_with_salt(&*within(password), cost, salt);
                hashed.map(|parts| parts.to_string()).map_err(Error::internal)
            }
            Self::Argon2id => {
                let hashed = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
                hashed.map(|hash| hash.to_string()).map_err(Error::internal)
            }
        }
    }

    fn verify(self, password: &str, hash: &str) -> Result<Verdict> {
        let (right, current) = if hash.starts_with("$argon2") {
            let parsed = PasswordHash::new(hash).map_err(Error::internal)?;
            (Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok(), self == Self::Argon2id)
        } else if let Some((salt, key)) = hash.split_once(':') {
            (verify_scrypt(password, salt, key)?, false)
        } else {
            let right = bcrypt::non_truncating_verify(&*within(password), hash).map_err(Error::internal)?;
            (right, matches!(self, Self::Bcrypt { cost } if hash.get(4..6) == Some(format!("{cost:02}").as_str())))
        };
        Ok(match (right, current) {
            (false, _) => Verdict::Wrong,
            (true, true) => Verdict::Right,
            (true, false) => Verdict::Outdated,
        })
    }
}

fn be_humble(_thread: usize) {
    if let Err(failure) = setpriority_process(None, HUMBLE) {
        warn!("passwords are hashed at the usual priority: {failure}");
    }
}

/// Whether Better Auth itself would have made this key of the password, which users bring along who come from there:
/// 64 bytes in hexadecimal, with the salt's hexadecimal text for the salt.
fn verify_scrypt(password: &str, salt: &str, key: &str) -> Result<bool> {
    let params = scrypt::Params::new(14, 16, 1).map_err(Error::internal)?;
    let password: String = password.nfkc().collect();
    let mut ours = [0; 64];
    scrypt::scrypt(password.as_bytes(), salt.as_bytes(), &params, &mut ours).map_err(Error::internal)?;
    let theirs = base16ct::mixed::decode_vec(key).unwrap_or_default();
    Ok(ours.ct_eq(&theirs).into())
}

/// The password, or its digest where it is longer than bcrypt reads: what lies beyond would not count.
fn within(password: &str) -> Cow<'_, str> {
    if password.len() < BCRYPT_READS {
        return Cow::Borrowed(password);
    }
    Cow::Owned(BASE64_STANDARD.encode(Sha256::digest(password)))
}

fn salt(ids: &Ids) -> [u8; 16] {
    let mut salt = [0; 16];
    salt.copy_from_slice(ids.token(16).as_bytes());
    salt
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Hashing = Hashing::Bcrypt { cost: 4 };
    const SALT: [u8; 16] = [7; 16];
    /// By Better Auth 1.7 itself.
    const SCRYPT_ASCII: (&str, &str) = (
        "correct horse battery",
        "30f92b604e0a87d705745a197f445f80:8d900a96dd613eb43d5e3383bdf25d292a78f84788bc80ec7a7c5af6db28df5841a9078001f25c83484239e1baa00f2c39bf2a72482dcebba1d7fd43e1fd549d",
    );
    const SCRYPT_LIGATURE: (&str, &str) = (
        "o\u{fb03}ce \u{e9}t\u{e9}",
        "acc2727a193c72b6b917963f806b0092:a0d4ae64436d73e8dd31515b4a95973f3aa2fc22d7d1e56661d37be285ea8593caed76674828b03a31776b91c6bb176d5607db7bba988829de5aabb58d76838a",
    );

    #[test]
    fn a_password_verifies_by_its_hash_and_no_other_does() {
        for hashing in [CHEAP, Hashing::Argon2id] {
            let hash = hashing.hash("correct horse", SALT).unwrap();
            assert_eq!(hashing.verify("correct horse", &hash).unwrap(), Verdict::Right);
            assert_eq!(hashing.verify("correct horsf", &hash).unwrap(), Verdict::Wrong);
            assert_eq!(hashing.verify("", &hash).unwrap(), Verdict::Wrong);
            assert!(!hash.contains("correct"));
        }
    }

    #[test]
    fn a_hash_of_older_settings_verifies_and_is_outdated() {
        let older = Hashing::Bcrypt { cost: 5 }.hash("correct horse", SALT).unwrap();
        assert_eq!(CHEAP.verify("correct horse", &older).unwrap(), Verdict::Outdated);
        assert_eq!(Hashing::Argon2id.verify("correct horse", &older).unwrap(), Verdict::Outdated);
        assert_eq!(Hashing::Argon2id.verify("wrong horse", &older).unwrap(), Verdict::Wrong);
        let argon2 = Hashing::Argon2id.hash("correct horse", SALT).unwrap();
        assert_eq!(CHEAP.verify("correct horse", &argon2).unwrap(), Verdict::Outdated);
    }

    #[test]
    fn what_lies_beyond_the_reach_of_bcrypt_counts_too() {
        for length in [70, 71, 72, 73, 128] {
            let password = "x".repeat(length);
            let hash = CHEAP.hash(&password, SALT).unwrap();
            assert_eq!(CHEAP.verify(&password, &hash).unwrap(), Verdict::Right, "{length}");
            let (longer, last) = (password.clone() + "y", "x".repeat(length - 1) + "y");
            assert_eq!(CHEAP.verify(&longer, &hash).unwrap(), Verdict::Wrong, "{length}");
            assert_eq!(CHEAP.verify(&last, &hash).unwrap(), Verdict::Wrong, "{length}");
        }
    }

    #[test]
    fn a_hash_that_better_auth_has_made_verifies_and_is_outdated() {
        for (password, hash) in [SCRYPT_ASCII, SCRYPT_LIGATURE] {
            assert_eq!(CHEAP.verify(password, hash).unwrap(), Verdict::Outdated, "{password}");
            assert_eq!(CHEAP.verify("wrong horse", hash).unwrap(), Verdict::Wrong);
            let (cut, odd) = (&hash[..hash.len() - 2], hash.replace(':', ":zz"));
            assert_eq!(CHEAP.verify(password, cut).unwrap(), Verdict::Wrong);
            assert_eq!(CHEAP.verify(password, &odd).unwrap(), Verdict::Wrong);
        }
        let (_, hash) = SCRYPT_LIGATURE;
        assert_eq!(CHEAP.verify("office \u{e9}t\u{e9}", hash).unwrap(), Verdict::Outdated, "however it was typed");
    }

    #[tokio::test]
    async fn beyond_its_places_the_pool_says_that_it_is_busy() {
        let passwords = Passwords::bounded(CHEAP, 1, 1);
        let (go_on, held) = std::sync::mpsc::channel::<()>();
        passwords.threads.spawn(move || {
            let _ = held.recv();
        });
        let ids = Ids::seeded(1);
        let (first, second) = (passwords.hash("password", &ids), passwords.hash("password", &ids));
        let (mut first, mut second) = (Box::pin(first), Box::pin(second));
        assert!(futures::poll!(&mut first).is_pending());
        assert!(futures::poll!(&mut second).is_pending());
        let refused = passwords.hash("password", &ids).await.unwrap_err();
        assert_eq!((refused.status().as_u16(), refused.code()), (503, "BUSY"));
        drop(go_on);
        assert!(first.await.is_ok() && second.await.is_ok());
        assert!(passwords.hash("password", &ids).await.is_ok());
    }
}
