//! Who has logged on by a connection of the WebSocket API, and whose events it hears. Over HTTP there is none of it.

use super::{ask::Refused, table::Call};
use crate::{
    exchange::{AccountId, Refusal},
    signing::Proof,
    world::World,
};
use serde_json::{Value, json};

fn connection(call: &Call<'_>) -> Result<u64, Refusal> {
    call.connection.ok_or(Refusal::NO_PATH)
}

pub(super) fn log_on(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let (id, name) = (connection(call)?, call.key.ok_or(Refusal::KEY_FORMAT)?);
    let key = world.exchange.key(name).ok_or(Refusal::KEY)?;
    if matches!(key.proof, Proof::Secret(_)) {
        return Err(Refusal::HMAC_KEY.into());
    }
    let now = world.server_time();
    world.hub.log_on(id, name, now);
    status(world, call)
}

pub(super) fn log_out(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    world.hub.log_out(connection(call)?);
    status(world, call)
}

pub(super) fn status(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let id = connection(call)?;
    let session = world.hub.session(id);
    Ok(json!({
        "apiKey": session.map(|it| &it.key), "authorizedSince": session.map(|it| it.since),
        "connectedSince": world.hub.opened(id), "returnRateLimits": true, "serverTime": world.server_time(),
        "userDataStream": world.hub.subscriptions_of(id).next().is_some(),
    }))
}

pub(super) fn subscribe(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let id = connection(call)?;
    let key = world.hub.session(id).and_then(|session| world.exchange.key(&session.key));
    let account = key.ok_or(Refusal::KEY)?.account;
    let number = follow(world, id, account)?;
    world.hub.end_with_session(id, number);
    Ok(json!({ "subscriptionId": number }))
}

pub(super) fn subscribe_signed(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let number = follow(world, connection(call)?, call.account)?;
    Ok(json!({ "subscriptionId": number }))
}

fn follow(world: &mut World, id: u64, account: AccountId) -> Result<u64, Refusal> {
    world.hub.follow(id, account).map_err(|why| Refusal { code: -2035, message: why.into() })
}

pub(super) fn unsubscribe(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    world.hub.unfollow(connection(call)?, call.params.id("subscriptionId")?);
    Ok(json!({}))
}

pub(super) fn subscriptions(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let numbers = world.hub.subscriptions_of(connection(call)?);
    Ok(numbers.map(|number| json!({ "subscriptionId": number })).collect())
}
