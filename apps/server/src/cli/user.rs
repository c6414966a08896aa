use super::{Context, Failure, print, runtime};
use crate::{
    assemble::{Assembly, product},
    config::secrets,
    database::Database,
};
use auth::{NewAccount, SignedUp};
use clap::{Subcommand, ValueEnum};
use kit::{Error, Origin, Reason, SystemTx};
use serde_json::{Value, json};
use std::io::{IsTerminal, Read, stdin};
use users::{Email, NewUser};

/// Create users and change their role on the platform
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
        Action::Create { .. } => Some(password()?),
        Action::Promote { .. } => None,
    };
    let user = runtime()?.block_on(async {
        let database = Database::beside(&settings).await?;
        let secrets = secrets(&settings, &mut rand::rng())?;
        let assembly = product(&settings, &secrets, database.options.clone(), settings.port)
            .map_err(|error| Failure::of("mail cannot be set up", error))?;
        let user = act(&args.action, password.as_deref().unwrap_or_default(), &assembly).await?;
        assembly.app.db().close().await;
        database.close().await?;
        Ok::<_, Failure>(user)
    })?;
    match context.json {
        true => print(&format!("{user}\n")),
        false => print(&format!("{} is {} on the platform\n", text(&user["email"]), text(&user["role"]))),
    }
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
    let user = users::find_by_email(&mut tx, &address(email)?).await?.ok_or_else(|| Error::not_found("user"))?;
    let role = match role {
        Role::User => "user",
        Role::Admin => "admin",
        Role::SuperAdmin => "super_admin",
    };
    users::promote(&mut tx, &user, role).await?;
    tx.commit().await?;
    Ok(json!({ "id": user.id, "email": user.email, "role": role }))
}

fn address(email: &str) -> kit::Result<Email> {
    Email::parse(email).ok_or_else(|| Error::invalid("email", "INVALID_EMAIL", "This is not an e-mail address."))
}
