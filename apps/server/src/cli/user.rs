use super::{Context, Failure, print, runtime};
use crate::{
    assemble::{Assembly, product},
    config::secrets,
    database::Database,
};
use audit::Change;
use auth::{NewAccount, SignedUp};
use clap::{Subcommand, ValueEnum};
use kit::{Error, Origin, Reason, SystemTx, User};
use serde_json::{Value, json};
use std::io::{IsTerminal, Read, stdin};
use users::{Condition, Email, Field, NewUser, Operator, Search};

/// Create and list users, give them another role or password, and lift their locks
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Create a user whose address counts as verified, with a tenant; the password is read from standard input
    Create {
        email: String,
        /// What they are called
        #[arg(long, default_value = "")]
        name: String,
        /// The kind of their tenant
        #[arg(long, value_enum, default_value_t = Kind::Trader)]
        tenant: Kind,
    },
    /// Give a user a role on the whole platform
    Promote {
        email: String,
        #[arg(long, value_enum, default_value_t = Role::Admin)]
        role: Role,
    },
    /// Give a user another password, which is read from standard input, and close their sessions
    ResetPassword { email: String },
    /// Lift the locks of a user whom wrong passwords or codes have locked
    Unlock { email: String },
    /// List users, the newest first
    List {
        /// Only those whose address contains this
        #[arg(long, default_value = "")]
        search: String,
        /// How many at most
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=10_000))]
        limit: i64,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Company,
    Trader,
    Influencer,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Role {
    User,
    Admin,
    SuperAdmin,
}

/// The longest line that is read as a password.
const LONGEST: u64 = 1024;

pub(super) fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let settings = context.config()?.settings;
    let password = match args.action {
        Action::Create { .. } | Action::ResetPassword { .. } => Some(password()?),
        Action::Promote { .. } | Action::Unlock { .. } | Action::List { .. } => None,
    };
    let answer = runtime()?.block_on(async {
        let database = Database::beside(&settings).await?;
        let secrets = secrets(&settings, &mut rand::rng())?;
        let assembly = product(&settings, &secrets, database.options.clone(), settings.port)
            .map_err(|error| Failure::Failed(error.to_string()))?;
        let answer = act(&args.action, password.as_deref().unwrap_or_default(), &assembly).await?;
        assembly.app.db().close().await;
        database.close().await?;
        Ok::<_, Failure>(answer)
    })?;
    match (context.json, &answer) {
        (true, _) => print(&format!("{answer}\n")),
        (false, Value::Array(users)) => print(&users.iter().map(line).collect::<String>()),
        (false, user) => print(&line(user)),
    }
}

fn line(user: &Value) -> String {
    let banned = if user["banned"] == true { ", banned" } else { "" };
    format!("{} is {} on the platform{banned}\n", text(&user["email"]), text(&user["role"]))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The first line of standard input; asked for on a terminal.
fn password() -> Result<String, Failure> {
    if stdin().is_terminal() {
        print("password: ")?;
    }
    let mut line = String::new();
    let mut input = std::io::BufReader::new(stdin().take(LONGEST));
    std::io::BufRead::read_line(&mut input, &mut line).map_err(|error| Failure::of("no password", error))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

async fn act(action: &Action, password: &str, assembly: &Assembly) -> kit::Result<Value> {
    let app = &assembly.app;
    let tx = app.db().system(Reason::Operator, Origin::internal("command-line")).await?;
    match action {
        Action::Create { email, name, tenant } => create(assembly, tx, email, name, *tenant, password).await,
        Action::Promote { email, role } => promote(tx, email, *role).await,
        Action::ResetPassword { email } => reset_password(assembly, tx, email, password).await,
        Action::Unlock { email } => unlock(tx, email).await,
        Action::List { search, limit } => list(tx, search, *limit).await,
    }
}

async fn create(
    assembly: &Assembly,
    tx: SystemTx,
    email: &str,
    name: &str,
    kind: Kind,
    password: &str,
) -> kit::Result<Value> {
    let address = address(email)?;
    let hash = auth::hash_new_password(&assembly.app, password).await?;
    let name = if name.is_empty() { email.split('@').next().unwrap_or_default() } else { name };
    let user = NewUser { email: &address, name, image: None, email_verified: true };
    let kind = match kind {
        Kind::Company => tenants::Kind::Company,
        Kind::Trader => tenants::Kind::Trader,
        Kind::Influencer => tenants::Kind::Influencer,
    };
    let new = NewAccount { user, password_hash: Some(&hash), kind, tenant_name: name };
    let SignedUp { tx, user, tenant } = auth::sign_up(tx, &new).await?;
    tx.commit().await?;
    Ok(json!({ "id": user.id, "email": user.email, "role": user.role, "tenantId": tenant.id }))
}

async fn promote(mut tx: SystemTx, email: &str, role: Role) -> kit::Result<Value> {
    let user = find(&mut tx, email).await?;
    let role = match role {
        Role::User => users::Role::User,
        Role::Admin => users::Role::Admin,
        Role::SuperAdmin => users::Role::SuperAdmin,
    };
    let user = users::promote(&mut tx, &user, role).await?;
    auth::close_impersonations_of(&mut tx, user.id).await?;
    tx.commit().await?;
    Ok(summary(&user))
}

async fn reset_password(assembly: &Assembly, mut tx: SystemTx, email: &str, password: &str) -> kit::Result<Value> {
    let user = find(&mut tx, email).await?;
    let hash = auth::hash_new_password(&assembly.app, password).await?;
    auth::set_password(&mut tx, user.id, &hash).await?;
    let home = auth::home_of(&mut tx, user.id).await?;
    auth::commit_at(tx, home, Change::new("user", user.id, "user.password-set")).await?;
    Ok(summary(&user))
}

async fn unlock(mut tx: SystemTx, email: &str) -> kit::Result<Value> {
    let user = find(&mut tx, email).await?;
    auth::unlock(&mut tx, &user).await?;
    let home = auth::home_of(&mut tx, user.id).await?;
    auth::commit_at(tx, home, Change::new("user", user.id, "user.unlocked")).await?;
    Ok(summary(&user))
}

async fn list(mut tx: SystemTx, search: &str, limit: i64) -> kit::Result<Value> {
    let conditions = Condition::new(Field::Email, Operator::Contains, &[search.to_owned()]).into_iter().collect();
    let search = Search { conditions, sort: Field::Id, descending: true, limit, offset: 0 };
    let (users, _) = users::search(&mut tx, &search).await?;
    Ok(users.iter().map(summary).collect())
}

async fn find(tx: &mut SystemTx, email: &str) -> kit::Result<User> {
    users::find_by_email(tx, &address(email)?).await?.ok_or_else(|| Error::not_found("user"))
}

fn summary(user: &User) -> Value {
    json!({ "id": user.id, "email": user.email, "role": user.role, "banned": user.banned })
}

fn address(email: &str) -> kit::Result<Email> {
    Email::parse(email).ok_or_else(|| Error::invalid("email", "INVALID_EMAIL", "This is not an e-mail address."))
}
