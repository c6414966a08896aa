use crate::{
    Credentials, KeyInfo, Venues,
    connection::{Balances, Connection, ConnectionChange, Holding, NewConnection},
    key::{self, Sealed},
    probe::{Lesson, Probe},
    status::{Outcome, Status},
    store,
};
use audit::Change;
use configurations::Setting;
use kit::{App, Error, Level, Paging, Result, TenantTx};
use uuid::Uuid;

pub(crate) static MOST_CONNECTIONS: Setting<i64> = Setting::integer(
    "exchanges.most-connections",
    [1, 20, 1_000],
    &[Level::System],
    "How many accounts at exchanges a tenant may have connected.",
);

pub(crate) async fn list(tx: &mut TenantTx, paging: &Paging) -> Result<(Vec<Connection>, i64)> {
    store::list(tx, paging).await
}

pub(crate) async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Connection> {
    store::find(tx, id).await?.ok_or_else(|| Error::not_found("connection"))
}

/// Whether there is room for another one, and for this key: asked before the exchange is, and again afterwards.
pub(crate) async fn room(tx: &mut TenantTx, new: &NewConnection, credentials: &Credentials) -> Result<()> {
    let fingerprint = key::fingerprint(tx.tenant(), new.exchange.as_str(), credentials);
    if store::is_known(tx, &fingerprint).await? {
        return Err(store::exists());
    }
    let most = MOST_CONNECTIONS.get(tx).await?;
    if store::count(tx).await? >= most {
        let message = format!("There may be {most} connections; delete one first.");
        return Err(Error::conflict("TOO_MANY_CONNECTIONS", message).with("limit", most));
    }
    Ok(())
}

/// Keeps a key that the exchange has been asked about.
pub(crate) async fn create(
    tx: &mut TenantTx,
    app: &App,
    new: &NewConnection,
    credentials: &Credentials,
    info: KeyInfo,
) -> Result<Connection> {
    store::lock(tx).await?;
    room(tx, new, credentials).await?;
    let (tenant, id) = (tx.tenant(), tx.new_id());
    let kept = store::Kept {
        exchange: new.exchange.as_str(),
        label: &new.label,
        key_mask: key::mask(credentials),
        fingerprint: key::fingerprint(tenant, new.exchange.as_str(), credentials),
        sealed: key::seal(app, tenant, id, credentials)?,
        allow_withdrawals: new.allow_withdrawals,
        info,
    };
    store::insert(tx, id, &kept).await?;
    let connection = find(tx, id).await?;
    audit::record(tx, change(id, "exchange_connection.created").after(&connection)).await?;
    if info.withdraw {
        audit::record(tx, change(id, "exchange_connection.withdrawals_allowed").after(&connection)).await?;
    }
    Ok(connection)
}

pub(crate) async fn update(tx: &mut TenantTx, id: Uuid, wanted: ConnectionChange) -> Result<Connection> {
    store::lock_one(tx, id).await?;
    let before = find(tx, id).await?;
    let label = wanted.label.unwrap_or_else(|| before.label.clone());
    let allow = wanted.allow_withdrawals.unwrap_or(before.allow_withdrawals);
    if (&label, allow) == (&before.label, before.allow_withdrawals) {
        return Ok(before);
    }
    if !allow && before.allow_withdrawals && before.permissions.withdraw {
        let message = "The key can take money out. Limit it at the exchange and test the connection first.";
        return Err(Error::invalid("allowWithdrawals", "KEY_CAN_WITHDRAW", message));
    }
    store::update(tx, id, &label, allow).await?;
    let after = find(tx, id).await?;
    audit::record(tx, change(id, "exchange_connection.updated").before(&before).after(&after)).await?;
    if allow && !before.allow_withdrawals {
        audit::record(tx, change(id, "exchange_connection.withdrawals_allowed").after(&after)).await?;
    }
    Ok(after)
}

pub(crate) async fn delete(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    store::lock_one(tx, id).await?;
    let before = find(tx, id).await?;
    store::delete(tx, id).await?;
    audit::record(tx, change(id, "exchange_connection.deleted").before(&before)).await
}

/// A connection, and what opens its account.
pub(crate) async fn opened(tx: &mut TenantTx, app: &App, id: Uuid) -> Result<(Connection, Credentials)> {
    let connection = find(tx, id).await?;
    let sealed: Sealed = store::sealed(tx, id).await?.ok_or_else(|| Error::not_found("connection"))?;
    let credentials = key::open(app, tx.tenant(), id, &sealed)?;
    Ok((connection, credentials))
}

/// Asks the exchange about a key that is kept. No transaction is open meanwhile.
///
/// # Errors
/// 422 for an exchange that is reached no more.
pub(crate) async fn probe(app: &App, connection: &Connection, credentials: &Credentials) -> Result<Probe> {
    Ok(Venues::of(app).find(&connection.exchange)?.probe(credentials).await)
}

/// Writes down what the exchange has said.
pub(crate) async fn learn(tx: &mut TenantTx, id: Uuid, probe: Probe) -> Result<Connection> {
    store::lock_one(tx, id).await?;
    let before = find(tx, id).await?;
    let mut lesson = Lesson::of(probe, before.allow_withdrawals);
    let status = before.status.after(lesson.outcome);
    if status == Status::Refused && lesson.outcome == Outcome::Silent {
        // it stays refused for the reason that it was
        lesson.message.clone_from(&before.message);
    }
    store::learn(tx, id, status, &lesson).await?;
    let after = find(tx, id).await?;
    audit::record(tx, change(id, "exchange_connection.tested").before(&before).after(&after)).await?;
    Ok(after)
}

/// Asks the exchange what the account holds. No transaction is open meanwhile.
///
/// # Errors
/// 409 `CONNECTION_REFUSED` for a key that was refused, so that it does not count against the address; 422
/// `KEY_REFUSED`; 503 `EXCHANGE_UNAVAILABLE` and its like.
pub(crate) async fn balances(app: &App, connection: &Connection, credentials: &Credentials) -> Result<Balances> {
    not_refused(connection)?;
    let at = app.clock().now();
    let venue = Venues::of(app).find(&connection.exchange)?;
    let told = venue.balances(credentials).await.map_err(|failure| failure.told(app.clock().now()))?;
    let held = told.into_iter().filter(|it| !(it.free.is_zero() && it.locked.is_zero()));
    let mut balances: Vec<_> = held.map(|it| Holding { asset: it.asset, free: it.free, locked: it.locked }).collect();
    balances.sort_by(|one, other| one.asset.cmp(&other.asset));
    Ok(Balances { connection_id: connection.id, at, balances })
}

/// A refused key is not tried again by itself, so that it does not count against the address.
pub(crate) fn not_refused(connection: &Connection) -> Result<()> {
    if connection.status == Status::Refused {
        let message = "The key was refused. Test the connection, or connect another key.";
        return Err(Error::conflict("CONNECTION_REFUSED", message));
    }
    Ok(())
}

fn change(id: Uuid, action: &'static str) -> Change {
    Change::new("exchange_connection", id, action)
}
