//! The configuration as an operator meets it.
#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use rand::SeedableRng;
use rand::rngs::StdRng;
use server::config::{
    Config, ConfigError, Environment, LogFormat, Origin, PasswordHash, Secret, Sources, env_example, put_new_key_first,
    secrets, settings,
};

const STRONG: &str = "q7Jm2vX9sR4tB8nL1wK6zC3hD5gF0pYe";
/// 32 bytes.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn environment(values: &[(&str, &str)]) -> Sources {
    Sources::default().with(Origin::Environment, values.iter().copied())
}

fn read(values: &[(&str, &str)]) -> Config {
    Config::of(&environment(values)).expect("a right configuration")
}

fn refusal(values: &[(&str, &str)]) -> String {
    let line = Config::of(&environment(values)).expect_err("a wrong configuration").to_string();
    assert_eq!(line.lines().count(), 1, "one line: {line}");
    line
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn botcriptofy(directory: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_botcriptofy"));
    command.env_clear().envs(environment.iter().copied()).current_dir(directory).args(arguments);
    command.output().expect("the program runs")
}

#[test]
fn without_any_source_every_setting_has_its_documented_default() {
    let settings = read(&[]).settings;
    assert_eq!((settings.host.to_string().as_str(), settings.port), ("127.0.0.1", 3000));
    assert_eq!(settings.environment, Environment::Development);
    assert_eq!(settings.data_dir, Path::new("./data"));
    assert_eq!(settings.database_max_connections, 20);
    assert!(settings.database_url.is_none() && settings.better_auth_secret.is_none() && settings.smtp_url.is_none());
    assert_eq!(settings.base_url(3000), "http://127.0.0.1:3000");
    assert_eq!((settings.cookie_prefix.as_str(), settings.bcrypt_cost), ("better-auth", 10));
    assert_eq!(settings.password_hash, PasswordHash::Bcrypt);
    assert_eq!(settings.session_max_age, Duration::from_secs(604_800));
    assert_eq!(settings.session_update_age, Duration::from_secs(86_400));
    assert!(settings.trusted_proxies.is_empty() && settings.trusted_origins.is_empty());
    assert_eq!((settings.log_level.as_str(), settings.log_format), ("info", None));
    assert_eq!((settings.log_max_files, settings.log_max_size_mb), (14, 20));
    assert!(settings.rate_limits && settings.redis_url.is_none());
    assert_eq!((settings.rate_limit_per_minute, settings.rate_limit_auth_per_minute), (100, 5));
}

#[test]
fn values_are_read_into_their_types() {
    let settings = read(&[
        ("HOST", "::1"),
        ("PORT", "0"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, 192.168.1.7"),
        ("TRUSTED_ORIGINS", "https://App.Example.com:443, http://localhost:5173"),
        ("PASSWORD_HASH", "argon2id"),
        ("LOG_FORMAT", "pretty"),
        ("LOG_LEVEL", "warn,server=debug"),
        ("DATABASE_URL", "postgres://app:hunter2@db/bots"),
    ])
    .settings;
    assert_eq!(settings.base_url(8080), "http://[::1]:8080");
    let proxies: Vec<_> = settings.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(proxies, ["10.0.0.0/8", "192.168.1.7/32"]);
    assert_eq!(settings.trusted_origins, ["https://app.example.com", "http://localhost:5173"]);
    assert_eq!(settings.password_hash, PasswordHash::Argon2id);
    assert_eq!((settings.log_format, settings.log_level.as_str()), (Some(LogFormat::Pretty), "warn,server=debug"));
    let database = settings.database_url.as_ref().map(Secret::expose);
    assert_eq!(database, Some("postgres://app:hunter2@db/bots"));
}

#[test]
fn a_wrong_value_is_one_line_with_the_name_the_problem_what_is_expected_and_the_source() {
    assert_eq!(
        refusal(&[("PORT", "99999")]),
        "PORT: \"99999\" is too large; expected a whole number from 0 to 65535 (from environment)"
    );
    assert_eq!(
        refusal(&[("ENVIRONMENT", "prod\nuction")]),
        "ENVIRONMENT: \"prod\\nuction\" is not known; expected development, test or production (from environment)"
    );
}

#[test]
fn every_setting_refuses_what_it_cannot_use() {
    let wrong = [
        ("HOST", "example.com", "is not an IP address"),
        ("PORT", "-1", "is not a whole number"),
        ("BOTCRIPTOFY_DATA_DIR", "/dev/null", "is not a directory"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,10.0.0.0/33", "has \"10.0.0.0/33\", which is not a network"),
        ("DATABASE_URL", "mysql://db/bots", "is a URL of another kind"),
        ("DATABASE_MAX_CONNECTIONS", "0", "is too small"),
        ("BETTER_AUTH_SECRET", "short", "is too short"),
        ("BETTER_AUTH_URL", "https://example.com/app", "has a path"),
        ("TRUSTED_ORIGINS", "example.com", "is not a URL"),
        ("COOKIE_PREFIX", "a b", "holds another character"),
        ("PASSKEY_DOMAIN", "https://example.com", "is not a domain"),
        ("PASSWORD_HASH", "md5", "is not known"),
        ("BCRYPT_COST", "31", "is too large"),
        ("SESSION_MAX_AGE_S", "1h", "is not a whole number"),
        ("SESSION_UPDATE_AGE_S", "604801", "at most SESSION_MAX_AGE_S"),
        ("RATE_LIMITS", "true", "is not known"),
        ("RATE_LIMIT_PER_MINUTE", "0", "is too small"),
        ("RATE_LIMIT_AUTH_PER_MINUTE", "1.5", "is not a whole number"),
        ("REDIS_URL", "http://cache/", "is a URL of another kind"),
        ("OAUTH_GOOGLE_CLIENT_ID", "a b", "holds another character"),
        ("OAUTH_GOOGLE_CLIENT_SECRET", "short", "is too short"),
        ("OAUTH_GOOGLE_ISSUER", "http://accounts.google.com", "is not https"),
        ("OAUTH_GITHUB_CLIENT_ID", "x y", "holds another character"),
        ("OAUTH_GITHUB_CLIENT_SECRET", "short", "is too short"),
        ("OAUTH_GITHUB_BASE", "github.com", "is not a URL"),
        ("OIDC_ACME_ISSUER", "https://a:b@acme.example", "holds a user or password"),
        ("OIDC_ACME_CLIENT_ID", "a b", "holds another character"),
        ("OIDC_ACME_CLIENT_SECRET", "short", "is too short"),
        ("OAUTH_LINK_DIFFERENT_EMAILS", "maybe", "is not known"),
        ("GEO_FILE", "/no/such/file", "is not a file that is there"),
        ("GUESSES_PER_HOUR", "-1", "is not a whole number"),
        ("ACCESS_LOG_DAYS", "0", "is too small"),
        ("BINANCE_REST_BASE", "http://api.binance.com", "is not https"),
        ("BINANCE_STREAM_BASE", "wss://stream.binance.com", "is not an http or https URL"),
        ("BINANCE_WS_API_BASE", "wss://ws-api.binance.com", "is not an http or https URL"),
        ("BINANCE_WEIGHT_PER_MINUTE", "199", "is too small"),
        ("SANDBOX_API_KEY", "short", "is too short"),
        ("SANDBOX_API_SECRET", "short", "is too short"),
        ("ENCRYPTION_KEY", STRONG, "is no such key"),
        ("LOG_LEVEL", "inof", "which is not a level"),
        ("LOG_FORMAT", "xml", "is not known"),
        ("LOG_DIR", "/dev/null", "is not a directory"),
        ("LOG_MAX_FILES", "0", "is too small"),
        ("LOG_MAX_SIZE_MB", "0", "is too small"),
        ("SMTP_URL", "mail.example.com", "is not a URL"),
        ("MAIL_FROM", "Bots <bots@example.com", "lacks a closing angle bracket"),
    ];
    for (name, value, problem) in wrong {
        let line = refusal(&[(name, value)]);
        assert!(line.starts_with(&format!("{name}: ")) && line.contains(problem), "{line}");
    }
    let tried: Vec<_> = wrong.iter().map(|(name, ..)| name.replace("ACME", "<NAME>")).collect();
    let untried: Vec<_> =
        settings().iter().map(|row| row.name).filter(|name| !tried.iter().any(|it| it == name)).collect();
    assert_eq!(untried, ["ENVIRONMENT"], "tried in a test of its own");
}

#[test]
fn passkeys_belong_to_the_domain_of_the_server_or_to_one_above_it() {
    let of = |domain| [("BETTER_AUTH_URL", "https://api.example.com"), ("PASSKEY_DOMAIN", domain)];
    for domain in ["api.example.com", "Example.com"] {
        assert_eq!(read(&of(domain)).settings.passkey_domain, Some(domain.to_lowercase()));
    }
    for domain in ["app.example.com", "ample.com", "example.org", "x.api.example.com"] {
        let line = refusal(&of(domain));
        assert!(line.contains("is another; expected the domain of BETTER_AUTH_URL, or one above it"), "{line}");
    }
    for domain in ["example.com.", "127.0.0.1", "."] {
        assert!(refusal(&of(domain)).contains("PASSKEY_DOMAIN"), "{domain}");
    }
    assert!(refusal(&[("PASSKEY_DOMAIN", "example.com")]).contains("is another"));
}

#[test]
fn issuers_have_names_of_the_operators_own() {
    let secret = ("OIDC_ACME_CLIENT_SECRET", "hunter2hunter2");
    let acme = [("OIDC_ACME_ISSUER", "https://login.acme.example/x"), ("OIDC_ACME_CLIENT_ID", "bots"), secret];
    let inner =
        [("OIDC_B_2_ISSUER", "http://127.0.0.1:9"), ("OIDC_B_2_CLIENT_ID", "b"), ("OIDC_B_2_CLIENT_SECRET", STRONG)];
    let config = read(&[acme, inner].concat());
    let issuers: Vec<_> =
        config.settings.oidc_issuers.iter().map(|(name, issuer)| format!("{name} {issuer}")).collect();
    assert_eq!(issuers, ["ACME https://login.acme.example/x", "B_2 http://127.0.0.1:9/"]);
    assert_eq!(config.settings.oidc_client_ids["ACME"], "bots");
    let shown = |name: &str| config.listing.iter().find(|row| row.name == name).and_then(|row| row.value.clone());
    assert_eq!(shown("OIDC_B_2_CLIENT_ID").as_deref(), Some("b"));
    assert_eq!(shown("OIDC_ACME_CLIENT_SECRET").as_deref(), Some("***"));
    assert!(read(&[]).listing.iter().any(|row| row.name == "OIDC_<NAME>_ISSUER" && row.value.is_none()));
    assert!(refusal(&acme[..2]).starts_with("OIDC_<NAME>_CLIENT_SECRET: the value is missing"));
    assert!(refusal(&[secret]).contains("the other settings of OIDC_ACME"));
    assert!(
        refusal(&[("OAUTH_GITHUB_CLIENT_ID", "x")]).starts_with("OAUTH_GITHUB_CLIENT_SECRET: the value is missing")
    );
    assert!(refusal(&[("OIDC_CREDENTIAL_ISSUER", "https://acme.example")]).contains("is a name of ours"));
    assert!(read(&[("OIDC_acme_ISSUER", "x"), ("OIDC_ISSUER", "x")]).settings.oidc_issuers.is_empty());
}

#[test]
fn an_overlong_value_is_refused_without_being_repeated() {
    let line = refusal(&[("MAIL_FROM", &"a".repeat(9_000))]);
    assert_eq!(line, "MAIL_FROM: the value is too long; expected at most 8192 bytes (from environment)");
}

#[test]
fn the_environment_beats_dotenv_which_beats_the_toml_file() {
    let sources = environment(&[("PORT", "1"), ("HOST", "")])
        .with_dotenv("PORT=2\nHOST=127.0.0.2\nCOOKIE_PREFIX='two'\nUNRELATED=x\n")
        .expect("a right .env")
        .with_toml(Path::new("bots.toml"), "PORT = 3\nHOST = '127.0.0.3'\nBCRYPT_COST = 12")
        .expect("a right file");
    let config = Config::of(&sources).expect("a right configuration");
    let origin = |name: &str| {
        let row = config.listing.iter().find(|row| row.name == name).expect("listed");
        (row.value.clone().unwrap_or_default(), row.origin.to_string())
    };
    assert_eq!(origin("PORT"), ("1".to_owned(), "environment".to_owned()));
    assert_eq!(origin("HOST"), ("127.0.0.2".to_owned(), ".env".to_owned()), "an empty value counts as none");
    assert_eq!(origin("COOKIE_PREFIX"), ("two".to_owned(), ".env".to_owned()));
    assert_eq!(origin("BCRYPT_COST"), ("12".to_owned(), "bots.toml".to_owned()));
    assert_eq!(origin("LOG_LEVEL"), ("info".to_owned(), "default".to_owned()));
    assert_eq!((config.settings.port, config.settings.bcrypt_cost), (1, 12));
}

#[test]
fn a_toml_array_is_a_list() {
    let text = "TRUSTED_PROXIES = ['10.0.0.0/8', '::1']";
    let sources = Sources::default().with_toml(Path::new("bots.toml"), text).expect("a right file");
    assert_eq!(Config::of(&sources).expect("a right configuration").settings.trusted_proxies.len(), 2);
}

#[test]
fn an_unknown_key_of_the_toml_file_is_refused_with_the_nearest_right_word() {
    let refused = |text: &str| {
        let error = Sources::default().with_toml(Path::new("bots.toml"), text).expect_err("a wrong file");
        error.to_string()
    };
    assert_eq!(refused("LOG_LEVLE = 'info'"), "bots.toml: unknown key \"LOG_LEVLE\"; did you mean \"LOG_LEVEL\"?");
    assert_eq!(refused("port = 1"), "bots.toml: unknown key \"port\"; did you mean \"PORT\"?");
    assert_eq!(refused("PORT = 1.5"), "bots.toml: PORT is a float; expected a text, number or list");
    assert!(refused("HOST = '::1'\nPORT = ").starts_with("bots.toml: line 2 is not TOML: "));
}

#[test]
fn a_wrong_line_of_dotenv_is_named_by_its_number_and_not_repeated() {
    let error = Sources::default().with_dotenv("PORT=1\nBETTER_AUTH_SECRET hunter2\n").expect_err("a wrong .env");
    assert_eq!(error.to_string(), ".env: line 2 is not NAME=value");
}

#[test]
fn any_setting_may_be_given_as_the_name_of_a_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("secret");
    fs::write(&path, format!("  {STRONG}\n")).expect("written");
    let path = path.to_str().expect("UTF-8");
    let config = read(&[("BETTER_AUTH_SECRET_FILE", path)]);
    assert_eq!(config.settings.better_auth_secret.as_ref().map(Secret::expose), Some(STRONG));

    let line = refusal(&[("BETTER_AUTH_SECRET_FILE", path), ("BETTER_AUTH_SECRET", STRONG)]);
    assert!(line.contains("given both as BETTER_AUTH_SECRET and as BETTER_AUTH_SECRET_FILE"), "{line}");
    let line = refusal(&[("PORT_FILE", "/nowhere/port")]);
    assert!(line.starts_with("PORT_FILE: /nowhere/port cannot be read: it does not exist"), "{line}");
}

#[test]
fn a_file_with_a_setting_has_a_largest_size_and_may_not_be_empty() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("secret");
    let named = [("BETTER_AUTH_SECRET_FILE", path.to_str().expect("UTF-8"))];
    fs::write(&path, "x".repeat(70_000)).expect("written");
    assert!(refusal(&named).contains("it is larger than 64 KiB"));
    fs::write(&path, "\n").expect("written");
    assert!(refusal(&named).contains("is empty"));
}

#[test]
fn production_refuses_missing_short_and_made_up_secrets() {
    let production = |secret: &str| refusal(&[("ENVIRONMENT", "production"), ("BETTER_AUTH_SECRET", secret)]);
    assert!(production("").starts_with("BETTER_AUTH_SECRET: the value is missing"));
    assert!(production(&STRONG[..31]).starts_with("BETTER_AUTH_SECRET: the value is too short"));
    for made_up in ["better-auth-secret-123456789012345678", "ababababababababababababababababab"] {
        assert!(production(made_up).starts_with("BETTER_AUTH_SECRET: the value is made up"), "{made_up}");
    }
    let strong = [("ENVIRONMENT", "production"), ("BETTER_AUTH_SECRET", STRONG), ("ENCRYPTION_KEY", KEY)];
    assert!(refusal(&strong[..2]).starts_with("ENCRYPTION_KEY: the value is missing"));
    assert!(refusal(&[("ENCRYPTION_KEY", STRONG)]).starts_with("ENCRYPTION_KEY: the value is no such key"));
    assert_eq!(read(&strong).settings.environment, Environment::Production);
}

#[test]
fn production_requires_https_unless_only_this_machine_reaches_it() {
    let base = [("ENVIRONMENT", "production"), ("BETTER_AUTH_SECRET", STRONG), ("ENCRYPTION_KEY", KEY)];
    let with = |more: &[(&'static str, &'static str)]| Config::of(&environment(&[&base, more].concat()));
    assert!(with(&[("BETTER_AUTH_URL", "https://bots.example.com")]).is_ok());
    assert!(with(&[("BETTER_AUTH_URL", "http://localhost:3000")]).is_ok());
    assert!(with(&[("BETTER_AUTH_URL", "http://[::1]:3000")]).is_ok());
    let refused = |more| with(more).expect_err("a wrong configuration").to_string();
    let plain = refused(&[("BETTER_AUTH_URL", "http://bots.example.com")]);
    assert!(plain.starts_with("BETTER_AUTH_URL: \"http://bots.example.com/\" is not https"), "{plain}");
    let missing = refused(&[("HOST", "0.0.0.0")]);
    assert!(missing.starts_with("BETTER_AUTH_URL: the value is missing"), "{missing}");
}

#[test]
fn a_secret_shows_itself_nowhere() {
    let secrets = [
        ("BETTER_AUTH_SECRET", STRONG),
        ("DATABASE_URL", "postgres://app:hunter2@db/bots"),
        ("SMTP_URL", "smtp://app:hunter2@mail"),
    ];
    let sources = environment(&secrets);
    let config = Config::of(&sources).expect("a right configuration");
    let shown = format!("{config:?} {sources:?} {}", serde_json::to_string(&config.listing).expect("JSON"));
    assert!(!shown.contains("hunter2") && !shown.contains(STRONG), "{shown}");
    let secret = Secret::new(STRONG);
    assert_eq!(format!("{secret} {secret:?} {}", serde_json::to_string(&secret).expect("JSON")), "*** *** \"***\"");
    for (name, wrong) in [("DATABASE_URL", "hunter2"), ("SMTP_URL", "http://hunter2@mail")] {
        assert!(!refusal(&[(name, wrong)]).contains("hunter2"));
    }
}

#[test]
fn the_auth_secret_is_made_once_kept_private_and_read_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("new/data");
    let settings = read(&[("BOTCRIPTOFY_DATA_DIR", data.to_str().expect("UTF-8"))]).settings;
    let mut random = StdRng::seed_from_u64(7);
    let made = secrets(&settings, &mut random).expect("made").sign_in;
    assert_eq!(made.expose().len(), 44);
    let path = data.join("better-auth-secret");
    let mode = || fs::metadata(&path).expect("kept").permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);

    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("changed");
    assert_eq!(secrets(&settings, &mut random).expect("read").sign_in.expose(), made.expose());
    assert_eq!(mode(), 0o600, "made private again");

    fs::write(&path, "cut").expect("written");
    let error = secrets(&settings, &mut random).map(|_| ()).expect_err("too short");
    assert!(matches!(&error, ConfigError::Kept { problem, .. } if problem.contains("fewer than 32")), "{error}");
}

#[test]
fn two_starts_at_once_agree_on_the_auth_secret() {
    let directory = tempfile::tempdir().expect("a directory");
    let settings = read(&[("BOTCRIPTOFY_DATA_DIR", directory.path().to_str().expect("UTF-8"))]).settings;
    let start = |seed| secrets(&settings, &mut StdRng::seed_from_u64(seed)).expect("a secret").sign_in;
    let secrets: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|seed| scope.spawn(move || start(seed))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic").expose().to_owned()).collect()
    });
    assert!(secrets.iter().all(|secret| *secret == secrets[0]), "{secrets:?}");
    assert_eq!(fs::read_dir(directory.path()).expect("a directory").count(), 2, "nothing but the two secrets is left");
}

#[test]
fn configured_secrets_are_used_and_nothing_kept() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().to_str().expect("UTF-8");
    let configured = [("BOTCRIPTOFY_DATA_DIR", data), ("BETTER_AUTH_SECRET", STRONG), ("ENCRYPTION_KEY", KEY)];
    let found = secrets(&read(&configured).settings, &mut StdRng::seed_from_u64(7)).expect("configured");
    assert_eq!(found.sign_in.expose(), STRONG);
    assert!(found.encryption.current.iter().copied().eq(0..32) && found.encryption.older.is_empty());
    assert_eq!(fs::read_dir(directory.path()).expect("a directory").count(), 0);
}

#[test]
fn of_several_keys_the_first_seals_and_each_counts_once() {
    let [one, two, three] = [1, 2, 3].map(|byte| BASE64_STANDARD.encode([byte; 32]));
    let keys = |text: &str| {
        let configured =
            [("BOTCRIPTOFY_DATA_DIR", "/nowhere"), ("BETTER_AUTH_SECRET", STRONG), ("ENCRYPTION_KEY", text)];
        secrets(&read(&configured).settings, &mut StdRng::seed_from_u64(7)).expect("configured").encryption
    };
    let all = keys(&format!("{one},{two},{three}"));
    assert_eq!((all.current, all.older.as_slice()), ([1; 32], [[2; 32], [3; 32]].as_slice()));
    assert_eq!(keys(&format!(" {one}\n{two} ,\r\n\n{three}\n{one},")), all);
    for wrong in [",", &format!("{one},{STRONG}"), &format!("{one} {two}"), &format!("{one}{two}")] {
        let refused = refusal(&[("ENCRYPTION_KEY", wrong)]);
        assert!(
            refused.starts_with("ENCRYPTION_KEY: the value is no such key") && !refused.contains(&one),
            "{refused}"
        );
    }
}

#[test]
fn a_new_key_is_put_before_those_that_are_kept_and_never_twice() {
    let directory = tempfile::tempdir().expect("a directory");
    let settings = read(&[("BOTCRIPTOFY_DATA_DIR", directory.path().to_str().expect("UTF-8"))]).settings;
    let mut random = StdRng::seed_from_u64(7);
    let kept = || secrets(&settings, &mut StdRng::seed_from_u64(1)).expect("kept").encryption;
    let first = kept();
    put_new_key_first(&settings, &first, &mut random).expect("put");
    let second = kept();
    assert_eq!(second.older, [first.current]);
    let path = directory.path().join("encryption-key");
    assert_eq!(fs::metadata(&path).expect("kept").permissions().mode() & 0o777, 0o600);
    let error = put_new_key_first(&settings, &first, &mut random).expect_err("it was put before already").to_string();
    assert!(error.contains("another program has just changed it"), "{error}");
    assert_eq!(kept(), second);
    assert_eq!(fs::read_dir(directory.path()).expect("a directory").count(), 2, "nothing else is left");
}

#[test]
fn the_example_holds_every_setting_and_uncommented_gives_the_defaults() {
    let uncommented: String = env_example()
        .lines()
        .filter_map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(uncommented.lines().count(), settings().iter().filter(|row| !row.is_named()).count());
    let sources = Sources::default().with_dotenv(&uncommented).expect("a right .env");
    let config = Config::of(&sources).expect("a right configuration");
    let values = |config: Config| config.listing.into_iter().map(|row| (row.name, row.value)).collect::<Vec<_>>();
    assert_eq!(values(config), values(read(&[])));
}

#[test]
fn the_committed_documents_are_what_the_command_writes() {
    for (document, file) in [("env", ".env.example"), ("markdown", "docs/configuration.md")] {
        let output = botcriptofy(Path::new("/"), &["config", "--as", document], &[("PORT", "wrong")]);
        assert!(output.status.success());
        let committed = fs::read_to_string(repository(file)).unwrap_or_default();
        let written = String::from_utf8_lossy(&output.stdout);
        assert!(committed == written, "renew it: cargo run -p server -- config --as {document} > {file}");
    }
}

#[test]
fn the_command_lists_every_setting_with_its_source_and_no_secret() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join(".env"), "LOG_LEVEL=debug\n").expect("written");
    fs::write(directory.path().join("bots.toml"), "COOKIE_PREFIX = 'bots'\n").expect("written");
    let arguments = ["--config", "bots.toml", "--data-dir", "/tmp/elsewhere", "config"];
    let set = [("PORT", "8080"), ("BETTER_AUTH_SECRET", STRONG), ("BOTCRIPTOFY_DATA_DIR", "/tmp/here")];
    let output = botcriptofy(directory.path(), &arguments, &set);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let columns = |name: &str| {
        let line = text.lines().find(|line| line.split_whitespace().next() == Some(name)).unwrap_or_default();
        line.split_whitespace().skip(1).take(3).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(columns("PORT"), "8080 environment 3000");
    assert_eq!(columns("LOG_LEVEL"), "debug .env info");
    assert_eq!(columns("COOKIE_PREFIX"), "bots bots.toml better-auth");
    assert_eq!(columns("BOTCRIPTOFY_DATA_DIR"), "/tmp/elsewhere command line");
    assert!(columns("BETTER_AUTH_SECRET").starts_with("*** environment"));
    assert!(!text.contains(STRONG));
    assert_eq!(text.lines().count(), settings().len() + 1);
}

#[test]
fn the_command_answers_in_json_when_asked() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = botcriptofy(directory.path(), &["config", "--json"], &[("SMTP_URL", "smtp://app:hunter2@mail")]);
    let rows: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(rows.as_array().map(Vec::len), Some(settings().len()));
    let row = |name: &str| rows.as_array().and_then(|rows| rows.iter().find(|row| row["name"] == name)).cloned();
    let smtp = row("SMTP_URL").expect("listed");
    assert_eq!(
        (&smtp["value"], &smtp["secret"], &smtp["origin"]),
        (&"***".into(), &true.into(), &"environment".into())
    );
    assert!(row("DATABASE_URL").expect("listed")["value"].is_null());
}

#[test]
fn a_wrong_configuration_ends_the_program_with_exit_code_2_and_one_line() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = botcriptofy(directory.path(), &["config"], &[("PORT", "many")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "botcriptofy: PORT: \"many\" is not a whole number; expected a whole number from 0 to 65535 (from environment)\n"
    );
    let missing = botcriptofy(directory.path(), &["--config", "none.toml", "config"], &[]);
    assert_eq!(missing.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&missing.stderr), "botcriptofy: none.toml: cannot be read: it does not exist\n");
}

#[test]
fn a_wrong_command_line_ends_the_program_with_exit_code_2() {
    let output = botcriptofy(Path::new("/"), &["confgi"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let help = botcriptofy(Path::new("/"), &["--help"], &[]);
    assert_eq!(help.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&help.stdout).contains("Exit codes:\n  0  done\n  1  "));
}

#[test]
fn the_container_files_name_only_settings_that_exist() {
    let read = |file: &str| fs::read_to_string(repository(file)).expect("committed");
    let (image, compose) = (read("Dockerfile"), read("compose.yaml"));
    let image = image.lines().filter_map(|line| line.strip_prefix("ENV ")).flat_map(str::split_whitespace);
    let server = compose.lines().skip_while(|line| *line != "    environment:").skip(1);
    let server = server.take_while(|line| line.starts_with("      ")).map(str::trim);
    let names: Vec<_> = image.chain(server).filter_map(|entry| entry.split(['=', ':']).next()).collect();
    assert!(names.contains(&"HOST") && names.contains(&"DATABASE_URL"), "{names:?}");
    let unknown: Vec<_> = names.iter().filter(|name| !settings().iter().any(|row| row.name == **name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
