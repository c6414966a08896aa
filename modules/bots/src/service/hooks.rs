//! Signals from outside: who may send them, and how they come to a bot.

use crate::{
    alert,
    bot::Bot,
    hook::{BotSignal, Call, Hook, HookMade, NewHook, Receipt},
    service, store,
    store::hooks::Door,
};
use audit::Change;
use axum::http::StatusCode;
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use kit::{App, Cursor, Error, Origin, Reason, Result, Scope, Sealed, SystemTx, TenantTx};
use sha2::{Digest, Sha256};
use std::fmt::Display;
use uuid::Uuid;

/// Where secrets stand.
pub(crate) const SEALED: &Sealed =
    &Sealed { table: "bot_hooks", column: "secret", owner: "tenant_id", of: "bot_id", place: |bot| place(bot) };

/// How long a token and a secret are.
const TOKEN: usize = 43;
/// How many alerts of a bot are taken in a minute.
const PER_MINUTE: i64 = 60;
/// For how long the names of alerts are known.
const KEPT: TimeDelta = TimeDelta::days(30);

/// Where a bot is told that signals wait.
pub(crate) fn topic(scope: Scope, bot: Uuid) -> String {
    scope.key(&format!("signals of {bot}"))
}

/// Makes the address at which a bot takes signals; one that it had before is none any more.
pub(crate) async fn make(tx: &mut TenantTx, app: &App, id: Uuid, new: &NewHook) -> Result<HookMade> {
    let bot = service::get(tx, id).await?;
    if bot.kind != "signal" {
        let message = format!("A bot of the kind {} decides by itself: only one of the kind signal is told.", bot.kind);
        return Err(Error::conflict("TAKES_NO_SIGNALS", message));
    }
    let before = store::hooks::get(tx, id).await?;
    let (token, secret) = (app.ids().token(TOKEN), new.signed.then(|| app.ids().token(TOKEN)));
    let sealed = secret.as_ref().map(|secret| app.vault().seal(app.ids(), &owner(tx), &place(id), secret.as_bytes()));
    let mut networks: Vec<_> = new.networks.iter().filter_map(|it| kit::network(it)).map(|it| it.to_string()).collect();
    networks.sort();
    networks.dedup();
    store::hooks::put(tx, id, &hash(&token), sealed.transpose()?.as_deref(), &networks).await?;
    let hook = get(tx, id).await?;
    audit::record(tx, Change::new("bot", id, "bot.hook-made").before(&before).after(&hook)).await?;
    let url = format!("{}/api/v1/hooks/{token}", app.settings().base_url);
    Ok(HookMade { url, secret, example: alert::EXAMPLE, hook })
}

pub(crate) async fn get(tx: &mut TenantTx, bot: Uuid) -> Result<Hook> {
    service::get(tx, bot).await?;
    store::hooks::get(tx, bot).await?.ok_or_else(|| Error::not_found("hook"))
}

pub(crate) async fn remove(tx: &mut TenantTx, bot: Uuid) -> Result<()> {
    let before = get(tx, bot).await?;
    store::hooks::remove(tx, bot).await?;
    audit::record(tx, Change::new("bot", bot, "bot.hook-removed").before(&before)).await
}

pub(crate) async fn list(tx: &mut TenantTx, bot: Uuid, cursor: &Cursor) -> Result<Vec<BotSignal>> {
    service::get(tx, bot).await?;
    let place = |text: &Option<String>, path: &str| match text {
        None => Ok(None),
        Some(text) => Uuid::parse_str(text)
            .map(Some)
            .map_err(|_| Error::invalid(path, "BAD_CURSOR", "Not a place in the bot's signals.")),
    };
    let (before, after) = (place(&cursor.before, "before")?, place(&cursor.after, "after")?);
    store::hooks::list(tx, bot, before, after, cursor.limit()).await
}

/// Takes what was sent to an address. What cannot be followed is written down too, and refused.
pub(crate) async fn receive(app: &App, origin: Origin, token: &str, call: &Call) -> Result<Receipt> {
    let ip = origin.ip;
    let mut tx = app.db().system(Reason::Bots, origin).await?;
    let door = store::hooks::find(&mut tx, &hash(token)).await?.ok_or_else(|| Error::not_found("hook"))?;
    let networks: Vec<_> = door.networks.iter().filter_map(|it| kit::network(it)).collect();
    if !kit::allows(&networks, ip) {
        return Err(Error::new(
            StatusCode::FORBIDDEN,
            "ADDRESS_NOT_ALLOWED",
            "No signals are taken from this address.",
        ));
    }
    verify(app, &door, call)?;
    let (bot, mut tx) = (door.bot, inside(tx, &door).await?);
    let bot = service::get(&mut tx, bot).await?;
    let (receipt, refusal) = take(&mut tx, &bot, call).await?;
    tx.commit().await?;
    refusal.map_or(Ok(receipt), Err)
}

async fn take(tx: &mut TenantTx, bot: &Bot, call: &Call) -> Result<(Receipt, Option<Error>)> {
    let now = tx.now();
    if store::hooks::count(tx, bot.id, now - TimeDelta::minutes(1), now - KEPT).await? >= PER_MINUTE {
        let message = format!("A bot takes {PER_MINUTE} alerts a minute.");
        return Err(Error::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_SIGNALS", message));
    }
    let mut alert = alert::read(&call.body, &service::symbols(bot)?, now);
    let name = alert.as_ref().map_or_else(|unfit| unfit.id.clone(), |alert| Some(alert.id.clone()));
    if let Some(name) = name
        && let Some(id) = store::hooks::named(tx, bot.id, &name).await?
    {
        match &mut alert {
            Ok(_) => {
                tx.unaudited("it was recorded when it came first");
                return Ok((Receipt { id, duplicate: true }, None));
            }
            // one name is written once
            Err(unfit) => unfit.id = None,
        }
    }
    let id = store::hooks::add(tx, bot.id, &alert).await?;
    audit::record(tx, Change::new("bot", bot.id, "bot.signalled").after(serde_json::json!({ "signal": id }))).await?;
    let topic = topic(tx.scope(), bot.id);
    tx.announce(&topic).await?;
    let refusal = alert.err().map(|unfit| Error::invalid("", "UNFIT_ALERT", unfit.message));
    Ok((Receipt { id, duplicate: false }, refusal))
}

async fn inside(tx: SystemTx, door: &Door) -> Result<TenantTx> {
    #[expect(clippy::disallowed_methods, reason = "whoever knows the token acts for the bot's tenant, in this alone")]
    let scope = Scope::new(door.tenant, None);
    tx.enter(scope).await
}

fn verify(app: &App, door: &Door, call: &Call) -> Result<()> {
    let Some(sealed) = &door.secret else { return Ok(()) };
    let refused = |message| Error::new(StatusCode::UNAUTHORIZED, "BAD_SIGNATURE", message);
    let Some(given) = &call.signature else { return Err(refused("Sign the body, and send `X-Signature`.")) };
    let given = base16ct::mixed::decode_vec(given.trim().trim_start_matches("sha256=")).unwrap_or_default();
    let secret = app.vault().open(&door.tenant.to_string(), &place(door.bot), sealed)?;
    let mac = Hmac::<Sha256>::new_from_slice(&secret).map_err(Error::internal)?.chain_update(&call.body);
    mac.verify_slice(&given).map_err(|_| refused("The signature is not that of the body."))
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

fn owner(tx: &TenantTx) -> String {
    tx.tenant().to_string()
}

fn place(bot: impl Display) -> String {
    format!("bot_hooks.secret:{bot}")
}
