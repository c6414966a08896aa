use kit::{Clock, Error, Result};
use std::{io, path::PathBuf};
use tokio::{
    fs::{self, DirBuilder, OpenOptions},
    io::AsyncWriteExt,
};

/// A folder of mails.
pub(crate) struct Folder {
    path: PathBuf,
    clock: Clock,
}

/// How many mails one address may get in one millisecond.
const SAME_MOMENT: u32 = 100;

impl Folder {
    pub(crate) fn new(path: PathBuf, clock: Clock) -> Self {
        Self { path, clock }
    }

    /// Writes a mail; whoever lists the folder sees it only when it is whole.
    pub(crate) async fn lay(&self, to: &str, message: &[u8]) -> Result<()> {
        self.write(&self.name(to), message).await.map_err(|broken| {
            Error::unavailable("MAIL_UNAVAILABLE", "The mail cannot be written to its folder.", 60).source(broken)
        })
    }

    /// By its time and its address, so that the names are in order: `2026-01-05T12-00-00.000Z-ana@example.com`.
    fn name(&self, to: &str) -> String {
        let at = self.clock.now().to_string().replace(':', "-");
        let plain = |c: char| c.is_ascii_alphanumeric() || "@._+-".contains(c);
        let to: String = to.chars().map(|c| if plain(c) { c } else { '_' }).take(100).collect();
        format!("{at}-{to}")
    }

    async fn write(&self, name: &str, message: &[u8]) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.path).await?;
        let part = self.path.join(format!(".{name}.part"));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part).await?;
        file.write_all(message).await?;
        file.sync_all().await?;
        // a link, unlike a move, never replaces the mail that came a moment before
        let mut laid = Ok(());
        for number in 1..=SAME_MOMENT {
            let suffix = if number == 1 { String::new() } else { format!("-{number}") };
            laid = fs::hard_link(&part, self.path.join(format!("{name}{suffix}.eml"))).await;
            if !matches!(&laid, Err(taken) if taken.kind() == io::ErrorKind::AlreadyExists) {
                break;
            }
        }
        fs::remove_file(&part).await?;
        laid
    }
}
