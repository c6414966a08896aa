use super::notice_apart;
use crate::{
    Event, Kind, Security,
    block::{BlockView, Meant, NewPlatformBlock},
    networks::{Hold, of_caller},
    store,
};
use audit::Change;
use kit::{App, Error, Origin, Page, Paging, Reason, RequestInfo, Result, SystemTx, Tx};
use std::net::IpAddr;
use tracing::warn;
use users::Role;
use uuid::Uuid;

/// How many blocks a tenant may have in force.
const MOST_OF_TENANT: i64 = 100;
/// How many the platform may.
const MOST_OF_PLATFORM: i64 = 10_000;

fn blocked() -> Error {
    Error::forbidden("BLOCKED", "You may not call. Ask whoever runs this service.")
}

/// Refuses whoever calls from where nobody may, before anything else is done.
pub(crate) async fn admit_request(app: &App, info: &RequestInfo) -> Result<()> {
    let blocks = app.the::<Security>()?.blocks.in_force(app).await;
    match blocks.address(None, info.origin.ip, app.clock().now()) {
        Some(hold) => Err(refuse(app, &info.origin, None, hold).await),
        None => Ok(()),
    }
}

/// Refuses a user or key that may not call, and an address that may not in the tenant.
///
/// # Errors
/// 403 `BLOCKED`.
pub async fn admit(app: &App, origin: &Origin, user: Uuid, key: Option<Uuid>, tenant: Option<Uuid>) -> Result<()> {
    let (blocks, now) = (app.the::<Security>()?.blocks.in_force(app).await, app.clock().now());
    let caller = blocks.caller(user, now).or_else(|| blocks.caller(key?, now));
    match caller.or_else(|| blocks.address(Some(tenant?), origin.ip, now)) {
        Some(hold) => Err(refuse(app, origin, Some(user), hold).await),
        None => Ok(()),
    }
}

async fn refuse(app: &App, origin: &Origin, user: Option<Uuid>, hold: Hold) -> Error {
    notice_apart(app, origin, Event::new(Kind::BlockedCaller, user, format!("block:{}", hold.id))).await;
    blocked()
}

/// Counts a key or token that is nobody's against the address that it came from; too many of them block it.
pub async fn guessed(app: &App, origin: &Origin, hash: &[u8; 32]) {
    let (Ok(security), Some(ip)) = (app.the::<Security>(), origin.ip) else { return };
    let most = security.settings.most_guesses;
    if most == 0 || is_near(app, ip) {
        return;
    }
    let guess = hash.iter().take(8).fold(0, |guess, &byte| guess << 8 | u64::from(byte));
    if !security.guesses.count(of_caller(ip), guess, most, app.clock().now()) {
        return;
    }
    if let Err(failure) = strike(app, origin, ip, most).await {
        warn!("an address that guesses cannot be blocked: {failure}");
    }
}

async fn strike(app: &App, origin: &Origin, ip: IpAddr, most: usize) -> Result<()> {
    let mut tx = app.db().system(Reason::Security, origin.clone()).await?;
    let reason = format!("{most} different wrong keys or tokens within an hour");
    if let Some(made) = store::strike(&mut tx, &of_caller(ip).to_string(), &reason).await? {
        audit::record(&mut tx, Change::new("block", made.id, "block.made").after(&made)).await?;
    }
    tx.commit().await
}

/// Whether it is an address of the operator's own network, such as that of a proxy which nobody has named: all users
/// would be blocked with it.
fn is_near(app: &App, ip: IpAddr) -> bool {
    let own = match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_unspecified(),
    };
    own || app.settings().trusted_proxies.iter().any(|network| network.contains(&ip))
}

/// The blocks in force of the transaction's tenant or, in none, of the platform.
pub(crate) async fn list<K>(tx: &mut Tx<K>, paging: &Paging) -> Result<Page<BlockView>> {
    let blocks = store::list_blocks(tx, paging).await?;
    Ok(Page::new(blocks, paging, store::count_blocks(tx).await?))
}

/// Blocks addresses in a tenant.
///
/// # Errors
/// Those of [`make`].
pub(crate) async fn make_in_tenant(tx: &mut kit::TenantTx, new: &NewPlatformBlock) -> Result<BlockView> {
    make(tx, new, &new.meant()?, MOST_OF_TENANT).await
}

/// Blocks somebody on the whole platform.
///
/// # Errors
/// Those of [`make`]; 404 for a user whom nobody knows; 409 `CANNOT_BLOCK_ADMINISTRATOR`.
pub(crate) async fn make_on_platform(tx: &mut SystemTx, by: Role, new: &NewPlatformBlock) -> Result<BlockView> {
    let meant = new.meant()?;
    if let Meant::User(id) = meant {
        let user = users::find(tx, id).await?.ok_or_else(|| Error::not_found("user"))?;
        let role = Role::of(&user);
        if role == Role::SuperAdmin || (role == Role::Admin && by < Role::SuperAdmin && tx.user() != Some(id)) {
            let message = "A super administrator is never blocked, and an administrator only by one.";
            return Err(Error::conflict("CANNOT_BLOCK_ADMINISTRATOR", message));
        }
    }
    make(tx, new, &meant, MOST_OF_PLATFORM).await
}

/// # Errors
/// 409 `WOULD_BLOCK_YOURSELF`, `ALREADY_BLOCKED` and `TOO_MANY_BLOCKS`; 422 for an end that is over.
async fn make<K>(tx: &mut Tx<K>, new: &NewPlatformBlock, meant: &Meant, most: i64) -> Result<BlockView> {
    if new.expires_at.is_some_and(|end| end <= tx.now()) {
        return Err(Error::invalid("expiresAt", "IN_THE_PAST", "A block ends in the future."));
    }
    if is_own(tx, meant) {
        return Err(Error::conflict("WOULD_BLOCK_YOURSELF", "You would block yourself."));
    }
    if store::count_blocks(tx).await? >= most {
        return Err(Error::conflict("TOO_MANY_BLOCKS", format!("There are {most} blocks already.")));
    }
    let made = store::insert_block(tx, new, &meant.text()).await?;
    let made = made.ok_or_else(|| Error::conflict("ALREADY_BLOCKED", "There is such a block already."))?;
    record(tx, &made, |change, state| change.after(state), "block.made").await?;
    Ok(made)
}

fn is_own<K>(tx: &Tx<K>, meant: &Meant) -> bool {
    let actor = tx.actor();
    match meant {
        Meant::Network(network) => actor.origin.ip.is_some_and(|ip| network.contains(&ip.to_canonical())),
        Meant::User(id) => actor.user == Some(*id),
        Meant::Key(id) => actor.api_key == Some(*id),
    }
}

/// Lifts a block of the transaction's tenant or, in none, of the platform.
///
/// # Errors
/// 404 for any other.
pub(crate) async fn lift<K>(tx: &mut Tx<K>, id: Uuid) -> Result<()> {
    let lifted = store::delete_block(tx, id).await?.ok_or_else(|| Error::not_found("block"))?;
    record(tx, &lifted, |change, state| change.before(state), "block.lifted").await
}

/// Records what was done to a block, and whom it is about.
async fn record<K>(
    tx: &mut Tx<K>,
    block: &BlockView,
    with: fn(Change, serde_json::Value) -> Change,
    action: &'static str,
) -> Result<()> {
    let mut state = serde_json::to_value(block).map_err(Error::internal)?;
    if block.kind == "user" {
        state["userId"] = block.target.as_str().into();
    }
    audit::record(tx, with(Change::new("block", block.id, action), state)).await
}
