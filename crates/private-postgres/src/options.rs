use std::path::PathBuf;

use crate::{Error, Search};

/// How much of the data must survive a failure of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Every committed transaction survives a crash of the machine.
    Durable,
    /// Nothing is flushed to disk: fast, and enough where a crash of the machine ends the test anyway.
    ForTests,
}

/// What to run, and where.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program's data directory; the cluster lives in `postgres/<major version>` below it.
    pub data_dir: PathBuf,
    /// Whether commits are flushed to disk.
    pub durability: Durability,
    /// The most connections the server accepts, 10 to 1000.
    pub max_connections: u16,
    /// The database to create and connect to: lower-case letters, digits and underscores, at most 63.
    pub database: String,
    /// Where PostgreSQL's programs are looked for.
    pub search: Search,
    /// Where the cluster may live instead, first choice first, when the account that runs PostgreSQL cannot reach
    /// the data directory. Matters only to a program run by root.
    pub state_dirs: Vec<PathBuf>,
}

impl Options {
    /// A durable cluster below `data_dir`, with sixty connections and the database `botcriptofy`.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            durability: Durability::Durable,
            max_connections: 60,
            database: "botcriptofy".to_owned(),
            search: Search::default(),
            state_dirs: vec!["/var/lib/botcriptofy".into(), "/var/tmp/botcriptofy".into()],
        }
    }

    /// The same for tests: nothing is flushed to disk, and many tests may connect at once.
    pub fn for_tests(data_dir: impl Into<PathBuf>) -> Self {
        Self { durability: Durability::ForTests, max_connections: 300, ..Self::new(data_dir) }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        if !(10..=1000).contains(&self.max_connections) {
            return Err(Error::Option { name: "max_connections", rule: "between 10 and 1000" });
        }
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let starts_well = self.database.starts_with(|first: char| first.is_ascii_lowercase());
        if !starts_well || self.database.len() > 63 || !self.database.bytes().all(plain) {
            let rule = "1 to 63 lower-case letters, digits and underscores, a letter first";
            return Err(Error::Option { name: "database", rule });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_name_that_would_need_quoting_is_refused() {
        for name in ["", "Upper", "1st", "a-b", "a\"b", &"a".repeat(64)] {
            let options = Options { database: name.to_owned(), ..Options::new("data") };
            assert!(matches!(options.check(), Err(Error::Option { name: "database", .. })), "{name}");
        }
        let options = Options { database: "tenant_2".to_owned(), ..Options::new("data") };
        assert!(options.check().is_ok());
    }

    #[test]
    fn the_number_of_connections_has_limits() {
        for (connections, fits) in [(9, false), (10, true), (1000, true), (1001, false)] {
            let options = Options { max_connections: connections, ..Options::new("data") };
            assert_eq!(options.check().is_ok(), fits, "{connections}");
        }
    }
}
