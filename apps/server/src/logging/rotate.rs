use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::{DateTime, NaiveDate, Utc};

use super::Now;

/// A file that is followed by a new one each day (in UTC) and at a size, of which the newest few are kept.
///
/// Files are called `botcriptofy-2025-10-16.log`, `botcriptofy-2025-10-16.1.log` and so on, and never renamed.
/// Each write is taken for whole lines and never split between files.
pub struct RotatingFile {
    dir: PathBuf,
    max_size: u64,
    max_files: usize,
    now: Now,
    name: Name,
    file: File,
    size: u64,
}

/// Names sort by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    day: NaiveDate,
    number: u32,
}

impl Name {
    fn file(self) -> String {
        match self {
            Self { day, number: 0 } => format!("botcriptofy-{day}.log"),
            Self { day, number } => format!("botcriptofy-{day}.{number}.log"),
        }
    }

    fn parse(file: &str) -> Option<Self> {
        let middle = file.strip_prefix("botcriptofy-")?.strip_suffix(".log")?;
        let (day, number) = middle.split_once('.').unwrap_or((middle, "0"));
        Some(Self { day: day.parse().ok()?, number: number.parse().ok()? })
    }
}

impl RotatingFile {
    /// Opens today's newest file in `dir`, which is made if it does not exist. `max_size` is in bytes.
    ///
    /// # Errors
    /// When the directory or the file cannot be made, read or written.
    pub fn open(dir: &Path, max_size: u64, max_files: usize, now: Now) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let day = day_of(now());
        let newest = names(dir)?.into_iter().rfind(|name| name.day == day);
        let name = newest.unwrap_or(Name { day, number: 0 });
        let file = append(dir, name)?;
        let size = file.metadata()?.len();
        let rotating = Self { dir: dir.to_owned(), max_size, max_files, now, name, file, size };
        rotating.prune()?;
        Ok(rotating)
    }

    fn next(&self, length: usize) -> Option<Name> {
        let day = day_of((self.now)());
        let full = self.size > 0 && self.size + length as u64 > self.max_size;
        if day > self.name.day {
            Some(Name { day, number: 0 })
        } else {
            full.then_some(Name { number: self.name.number + 1, ..self.name })
        }
    }

    fn prune(&self) -> io::Result<()> {
        let names = names(&self.dir)?;
        let many = names.len().saturating_sub(self.max_files);
        for name in names.into_iter().take(many) {
            fs::remove_file(self.dir.join(name.file()))?;
        }
        Ok(())
    }
}

impl Write for RotatingFile {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        if let Some(name) = self.next(lines.len()) {
            self.file = append(&self.dir, name)?;
            self.name = name;
            self.size = self.file.metadata()?.len();
            // Logging goes on where an old file cannot be removed; the next rotation tries again.
            let _ = self.prune();
        }
        self.file.write_all(lines)?;
        self.size += lines.len() as u64;
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn append(dir: &Path, name: Name) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o640).open(dir.join(name.file()))
}

/// Our files, the oldest first.
fn names(dir: &Path) -> io::Result<Vec<Name>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        names.extend(entry?.file_name().to_str().and_then(Name::parse));
    }
    names.sort_unstable();
    Ok(names)
}

fn day_of(time: SystemTime) -> NaiveDate {
    DateTime::<Utc>::from(time).date_naive()
}
