use crate::{
    DeleteConnections, ExecuteConnections, ReadConnections, ReadExchanges, WriteConnections,
    catalogue::{self, Entry},
    connection::{Balances, Connection, ConnectionChange, NewConnection},
    probe, service,
};
use kit::{Caller, Created, Json, NoContent, Page, Paging, Path, Result, Route, delete, get, patch, post, routes};
use uuid::Uuid;

pub(crate) static ROUTES: &[Route] = routes![list_exchanges, list, create, show, change, remove, check, balances];

/// Lists the exchanges and what can be done with each.
#[get("/api/v1/exchanges")]
async fn list_exchanges(caller: Caller<ReadExchanges>) -> Result<Json<Vec<Entry>>> {
    Ok(Json(catalogue::entries(caller.app())))
}

/// Lists the tenant's accounts at exchanges, by their labels.
#[get("/api/v1/exchange-connections")]
async fn list(caller: Caller<ReadConnections>, paging: Paging) -> Result<Page<Connection>> {
    let mut tx = caller.begin().await?;
    let (connections, total) = service::list(&mut tx, &paging).await?;
    Ok(Page::new(connections, &paging, total))
}

/// Connects an account at an exchange by a key, after the exchange was asked what the key may do.
///
/// The key and its secret are sealed and never shown again. A key that can withdraw is refused (422
/// `KEY_CAN_WITHDRAW`) unless `allowWithdrawals` says otherwise, and so is one that the exchange refuses or that cannot
/// read (422 `KEY_REFUSED`) and one that is connected already (409 `CONNECTION_EXISTS`). An exchange that does not
/// answer is a 503 `EXCHANGE_UNAVAILABLE`.
#[post("/api/v1/exchange-connections", strict)]
async fn create(caller: Caller<WriteConnections>, Json(new): Json<NewConnection>) -> Result<Created<Connection>> {
    let credentials = new.credentials();
    service::room(&mut caller.begin().await?, &new, &credentials).await?;
    let info = probe::admit(caller.app(), &new, &credentials).await?;
    let mut tx = caller.begin().await?;
    let connection = service::create(&mut tx, caller.app(), &new, &credentials, info).await?;
    tx.commit().await?;
    Ok(Created(connection))
}

/// Shows a connection.
#[get("/api/v1/exchange-connections/{id}")]
async fn show(caller: Caller<ReadConnections>, Path(id): Path<Uuid>) -> Result<Json<Connection>> {
    let mut tx = caller.begin().await?;
    service::find(&mut tx, id).await.map(Json)
}

/// Changes what a connection is called, or whether its key may be one that can withdraw.
#[patch("/api/v1/exchange-connections/{id}")]
async fn change(
    caller: Caller<WriteConnections>,
    Path(id): Path<Uuid>,
    Json(wanted): Json<ConnectionChange>,
) -> Result<Json<Connection>> {
    let mut tx = caller.begin().await?;
    let connection = service::update(&mut tx, id, wanted).await?;
    tx.commit().await?;
    Ok(Json(connection))
}

/// Deletes a connection and what was sealed of its key.
#[delete("/api/v1/exchange-connections/{id}")]
async fn remove(caller: Caller<DeleteConnections>, Path(id): Path<Uuid>) -> Result<NoContent> {
    let mut tx = caller.begin().await?;
    service::delete(&mut tx, id).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Asks the exchange now whether it takes the key and what the key may do.
///
/// Answers 200 whatever the exchange says: `status` is the verdict, `message` the reason.
#[post("/api/v1/exchange-connections/{id}/test", strict)]
async fn check(caller: Caller<ExecuteConnections>, Path(id): Path<Uuid>) -> Result<Json<Connection>> {
    let (connection, credentials) = service::opened(&mut caller.begin().await?, caller.app(), id).await?;
    let probe = service::probe(caller.app(), &connection, &credentials).await?;
    let mut tx = caller.begin().await?;
    let connection = service::learn(&mut tx, id, probe).await?;
    tx.commit().await?;
    Ok(Json(connection))
}

/// Asks the exchange what the account holds now.
#[get("/api/v1/exchange-connections/{id}/balances", strict)]
async fn balances(caller: Caller<ReadConnections>, Path(id): Path<Uuid>) -> Result<Json<Balances>> {
    let (connection, credentials) = service::opened(&mut caller.begin().await?, caller.app(), id).await?;
    service::balances(caller.app(), &connection, &credentials).await.map(Json)
}
