use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

/// How to connect to the server. The password is left out of its debug form.
#[derive(Clone, PartialEq, Eq)]
pub struct Connection {
    /// The directory that holds the socket.
    pub socket_dir: PathBuf,
    /// The port, which is part of the socket's name.
    pub port: u16,
    /// The role to log in as.
    pub user: String,
    /// Its password (SCRAM-SHA-256).
    pub password: String,
    /// The database.
    pub database: String,
}

impl Connection {
    /// The connection as a URL, which sqlx and libpq (`psql`, `pg_dump`) both understand.
    #[must_use]
    pub fn url(&self) -> String {
        let encode = |bytes| percent_encode(bytes, NON_ALPHANUMERIC);
        format!(
            "postgres://{}:{}@localhost:{}/{}?host={}",
            encode(self.user.as_bytes()),
            encode(self.password.as_bytes()),
            self.port,
            encode(self.database.as_bytes()),
            encode(self.socket_dir.as_os_str().as_bytes()),
        )
    }

    /// The same connection to another database.
    #[must_use]
    pub fn with_database(&self, database: impl Into<String>) -> Self {
        Self { database: database.into(), ..self.clone() }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Connection")
            .field("socket_dir", &self.socket_dir)
            .field("port", &self.port)
            .field("user", &self.user)
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection() -> Connection {
        Connection {
            socket_dir: "/tmp/a b&c".into(),
            port: 5432,
            user: "botcriptofy".into(),
            password: "p/w?".into(),
            database: "botcriptofy".into(),
        }
    }

    #[test]
    fn the_url_escapes_what_a_url_cannot_hold() {
        assert_eq!(
            connection().url(),
            "postgres://botcriptofy:p%2Fw%3F@localhost:5432/botcriptofy?host=%2Ftmp%2Fa%20b%26c"
        );
    }

    #[test]
    fn the_debug_form_does_not_show_the_password() {
        assert!(!format!("{:?}", connection()).contains("p/w?"));
    }
}
