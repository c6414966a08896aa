//! The table of settings, and what follows from several of them together.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use super::rules::{
    Address, BaseUrl, ClientId, CookiePrefix, Directives, Directory, Domain, KnownFile, List, Mailbox, Network, OneOf,
    OriginUrl, Seconds, SecretKey, SecretText, SecretUrl, ServiceUrl, Whole,
};
use super::table::table;
use super::{Environment, LogFormat, PasswordHash, Secret};
use crate::logging::{LogSettings, Output};

table! {
    "Server" {
        /// The address to listen on.
        HOST host: IpAddr, Address, "127.0.0.1";
        /// The port to listen on; 0 takes a free one.
        PORT port: u16, Whole(0..=65_535), "3000";
        /// Where the product runs. In production, weak secrets and plain http are refused.
        ENVIRONMENT environment: Environment, OneOf(Environment::NAMES), "development";
        /// Where the private PostgreSQL, documents, undelivered mail and the keys made on first start are kept.
        BOTCRIPTOFY_DATA_DIR data_dir: PathBuf, Directory, "./data";
        /// Networks of reverse proxies whose `X-Forwarded-For` is believed.
        TRUSTED_PROXIES trusted_proxies: Vec<IpNet>, List(Network), "";
    }
    "Database" {
        /// The PostgreSQL to use, version 15 or newer.
        DATABASE_URL database_url: Option<Secret>, SecretUrl(&["postgres", "postgresql"]),
            none "a private PostgreSQL in the data directory";
        /// The most connections held to it at a time.
        DATABASE_MAX_CONNECTIONS database_max_connections: u32, Whole(1..=1_000), "20";
    }
    "Sign-in" {
        /// The secret that signs sessions and tokens; at least 32 characters in production.
        BETTER_AUTH_SECRET better_auth_secret: Option<Secret>, SecretText,
            none "made on first start and kept in the data directory";
        /// The address under which browsers reach the server; https in production.
        BETTER_AUTH_URL better_auth_url: Option<Url>, BaseUrl, none "from HOST and PORT";
        /// Further origins whose browsers may call the API with cookies.
        TRUSTED_ORIGINS trusted_origins: Vec<String>, List(OriginUrl), "";
        /// What the names of cookies begin with.
        COOKIE_PREFIX cookie_prefix: String, CookiePrefix, "better-auth";
        /// The domain that passkeys belong to: that of BETTER_AUTH_URL or one above it, which the pages that use them
        /// share. When it changes, no passkey signs in any more.
        PASSKEY_DOMAIN passkey_domain: Option<String>, Domain, none "the domain of BETTER_AUTH_URL";
        /// How new passwords are hashed; older hashes still verify and are upgraded at sign-in.
        PASSWORD_HASH password_hash: PasswordHash, OneOf(PasswordHash::NAMES), "bcrypt";
        /// The cost of bcrypt: each step doubles the time.
        BCRYPT_COST bcrypt_cost: u32, Whole(4..=16), "10";
        /// How long a session lives without use, in seconds.
        SESSION_MAX_AGE_S session_max_age: Duration, Seconds(60..=31_536_000), "604800";
        /// How old a session is before its use extends it, in seconds; at most SESSION_MAX_AGE_S.
        SESSION_UPDATE_AGE_S session_update_age: Duration, Seconds(0..=31_536_000), "86400";
    }
    "Rate limits" {
        /// Whether callers are limited at all.
        RATE_LIMITS rate_limits: bool, OneOf(&[("on", true), ("off", false)]), "on";
        /// How many requests a minute a user, or an address without one, may send.
        RATE_LIMIT_PER_MINUTE rate_limit_per_minute: u32, Whole(1..=1_000_000), "100";
        /// How many of them may go to one operation that tests a secret or sends a mail.
        RATE_LIMIT_AUTH_PER_MINUTE rate_limit_auth_per_minute: u32, Whole(1..=1_000_000), "5";
        /// The Redis in which several servers count together.
        REDIS_URL redis_url: Option<Secret>, SecretUrl(&["redis", "rediss"]), none "each server counts by itself";
    }
    "Sign-in by other platforms" {
        /// What Google calls this server; with OAUTH_GOOGLE_CLIENT_SECRET users can sign in by Google.
        OAUTH_GOOGLE_CLIENT_ID oauth_google_client_id: Option<String>, ClientId, none "nobody signs in by Google";
        /// The secret shared with Google.
        OAUTH_GOOGLE_CLIENT_SECRET oauth_google_client_secret: Option<Secret>, SecretText,
            none "nobody signs in by Google";
        /// Who stands for Google.
        OAUTH_GOOGLE_ISSUER oauth_google_issuer: Url, ServiceUrl, "https://accounts.google.com";
        /// What GitHub calls this server; with OAUTH_GITHUB_CLIENT_SECRET users can sign in by GitHub.
        OAUTH_GITHUB_CLIENT_ID oauth_github_client_id: Option<String>, ClientId, none "nobody signs in by GitHub";
        /// The secret shared with GitHub.
        OAUTH_GITHUB_CLIENT_SECRET oauth_github_client_secret: Option<Secret>, SecretText,
            none "nobody signs in by GitHub";
        /// A GitHub Enterprise server.
        OAUTH_GITHUB_BASE oauth_github_base: Option<Url>, ServiceUrl, none "github.com";
        /// An issuer of OpenID Connect, one for each `<NAME>`: users sign in by the provider of that name in small
        /// letters.
        OIDC_NAME_ISSUER oidc_issuers: BTreeMap<String, Url>, ServiceUrl,
            named "no further issuers";
        /// What the issuer calls this server.
        OIDC_NAME_CLIENT_ID oidc_client_ids: BTreeMap<String, String>, ClientId,
            named "the issuer is refused";
        /// The secret shared with the issuer.
        OIDC_NAME_CLIENT_SECRET oidc_client_secrets: BTreeMap<String, Secret>, SecretText,
            named "the issuer is refused";
        /// Whether users may link accounts of other addresses than their own.
        OAUTH_LINK_DIFFERENT_EMAILS oauth_link_different_emails: bool, OneOf(&[("on", true), ("off", false)]), "off";
    }
    "Watching over accounts" {
        /// A list of where addresses are, `first,last,country,latitude,longitude` a line, by which sign-ins from new
        /// countries and from too far away are noticed.
        GEO_FILE geo_file: Option<PathBuf>, KnownFile, none "nothing is said of countries and travel";
        /// How many different wrong keys and tokens within an hour block an address for a while; 0: none do.
        GUESSES_PER_HOUR guesses_per_hour: usize, Whole(0..=100_000), "100";
        /// How many days it is known who called what.
        ACCESS_LOG_DAYS access_log_days: u32, Whole(1..=3_650), "30";
    }
    "Exchanges" {
        /// Where Binance answers: the exchange itself, or something that speaks as it does.
        BINANCE_REST_BASE binance_rest_base: Url, ServiceUrl, "https://api.binance.com";
        /// Where Binance tells of markets by itself; the URL of a WebSocket written with https.
        BINANCE_STREAM_BASE binance_stream_base: Option<Url>, ServiceUrl, none "with BINANCE_REST_BASE; Binance has its own";
        /// Where Binance tells of accounts by itself, which is its WebSocket API; written with https.
        BINANCE_WS_API_BASE binance_ws_api_base: Option<Url>, ServiceUrl, none "with BINANCE_REST_BASE; Binance has its own";
        /// The request weight that this server may spend at Binance a minute, which counts 6000 for each address.
        BINANCE_WEIGHT_PER_MINUTE binance_weight_per_minute: u32, Whole(200..=1_000_000), "5000";
    }
    "The sandbox exchange" {
        /// The key of the first account of `botcriptofy sandbox`, which has 1,000,000 USDT and 10 BTC.
        SANDBOX_API_KEY sandbox_api_key: Option<Secret>, SecretText, none "made and printed at start";
        /// The secret that signs its requests.
        SANDBOX_API_SECRET sandbox_api_secret: Option<Secret>, SecretText, none "made and printed at start";
    }
    "Secrets" {
        /// The key that seals what is secret and read again, such as the keys of exchanges. Without it they are lost. Of
        /// several the first seals; the others open what they have sealed before, and verify what they have signed.
        ENCRYPTION_KEY encryption_key: Option<Secret>, SecretKey,
            none "made on first start and kept in the data directory";
    }
    "Logs" {
        /// What is logged: a level, or levels for each module as in `info,sqlx=warn`.
        LOG_LEVEL log_level: String, Directives, "info";
        /// The shape of the lines on the standard output.
        LOG_FORMAT log_format: Option<LogFormat>, OneOf(LogFormat::NAMES), none "json; pretty on a terminal";
        /// A directory for log files as well: JSON lines, a new file each day and at each LOG_MAX_SIZE_MB.
        LOG_DIR log_dir: Option<PathBuf>, Directory, none "no files";
        /// The most log files kept; the oldest are deleted.
        LOG_MAX_FILES log_max_files: usize, Whole(1..=10_000), "14";
        /// The size at which a log file is followed by the next, in MiB.
        LOG_MAX_SIZE_MB log_max_size_mb: u64, Whole(1..=10_240), "20";
    }
    "Mail" {
        /// The server that sends mail, with its user and password.
        SMTP_URL smtp_url: Option<Secret>, SecretUrl(&["smtp", "smtps"]),
            none "mails are written as .eml files to the mail folder of the data directory";
        /// The sender of mails.
        MAIL_FROM mail_from: String, Mailbox, "BotCriptoFy <no-reply@localhost>";
    }
}

impl Settings {
    /// The address under which browsers reach the server: `BETTER_AUTH_URL`, else the one that follows from `HOST`
    /// and the port that the server listens on (which differs from `PORT` when that is 0).
    #[must_use]
    pub fn base_url(&self, port: u16) -> String {
        if let Some(url) = &self.better_auth_url {
            return url.as_str().trim_end_matches('/').to_owned();
        }
        match self.host {
            host if host.is_unspecified() => format!("http://localhost:{port}"),
            IpAddr::V4(host) => format!("http://{host}:{port}"),
            IpAddr::V6(host) => format!("http://[{host}]:{port}"),
        }
    }

    /// What `logging::init` needs, for lines that go to `output`.
    #[must_use]
    pub fn logs(&self, output: Output) -> LogSettings {
        LogSettings {
            level: self.log_level.clone(),
            format: self.log_format,
            output,
            dir: self.log_dir.clone(),
            max_files: self.log_max_files,
            max_size: self.log_max_size_mb * 1024 * 1024,
            environment: self.environment.name(),
        }
    }
}
