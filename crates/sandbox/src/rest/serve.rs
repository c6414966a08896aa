//! The way of a request: faults, limits, the caller, the answer.

use super::{
    Ask, Reply,
    ask::Refused,
    table::{self, Call, Endpoint},
};
use crate::{
    exchange::{AccountId, Refusal},
    faults::{Kind, Order},
    limits::Verdict,
    world::World,
};
use serde_json::{Value, json};

/// Weight of what is not there.
const STRAY: u32 = 1;

/// Does what a request asks, and answers.
pub(crate) fn serve(world: &mut World, ask: &Ask) -> Reply {
    let fault = world.faults.strike(&ask.method, &ask.path);
    if let Some(reply) = fault.as_ref().and_then(|fault| before(world, fault)) {
        return reply;
    }
    let Some(endpoint) = table::find(&ask.method, &ask.path) else { return stray(world, ask) };
    let used = match world.limits.spend(ask.address, (endpoint.weight)(&ask.params), world.server_time()) {
        Verdict::Passed(used) => used,
        Verdict::TooMany(wait) => return too_many(wait, world.limits.allowance.weight_per_minute),
        Verdict::Banned(until) => return banned(until, world.server_time()),
    };
    if let Some(Order { kind: Kind::PartialFill, fraction, .. }) = &fault {
        world.thin_next = Some(*fraction);
    }
    let (answer, account) = answer(world, endpoint, ask);
    world.thin_next = None;
    let mut reply = answer.unwrap_or_else(Refused::reply);
    reply.headers.push(("x-mbx-used-weight", used.to_string()));
    reply.headers.push(("x-mbx-used-weight-1m", used.to_string()));
    if let Some(account) = account.filter(|_| endpoint.orders > 0) {
        let (ten, day) = world.limits.ordered(account, world.server_time());
        reply.headers.push(("x-mbx-order-count-10s", ten.to_string()));
        reply.headers.push(("x-mbx-order-count-1d", day.to_string()));
    }
    after(fault.as_ref(), reply)
}

fn answer(world: &mut World, endpoint: &Endpoint, ask: &Ask) -> (Result<Reply, Refused>, Option<AccountId>) {
    let account = match world.caller(ask, endpoint.access) {
        Ok(account) => account,
        Err(refusal) => return (Err(refusal.into()), None),
    };
    let now = world.server_time();
    if endpoint.orders > 0
        && let Err(refusal) = world.limits.order(account, endpoint.orders, now)
    {
        let wait = 10_000 - now.rem_euclid(10_000);
        let reply = Reply { headers: vec![retry_after(wait)], ..Refused::from(refusal).reply() };
        return (Ok(reply), Some(account));
    }
    let call = Call {
        params: &ask.params,
        account,
        now: world.now(),
        key: ask.api_key.as_deref(),
        connection: ask.connection,
    };
    ((endpoint.run)(world, &call).map(|answer| Reply::of(200, answer)), Some(account))
}

/// What a fault answers in the place of the exchange.
fn before(world: &World, fault: &Order) -> Option<Reply> {
    match fault.kind {
        Kind::TimeoutBefore => Some(Reply { is_lost: true, ..Reply::of(504, Value::Null) }),
        Kind::ErrorBefore => Some(Reply::refused(fault.status, &Refusal::INTERNAL)),
        Kind::Maintenance => Some(Reply::refused(503, &Refusal::INTERNAL)),
        Kind::TooManyRequests => {
            Some(too_many(i64::from(fault.retry_after) * 1_000, world.limits.allowance.weight_per_minute))
        }
        Kind::Banned => {
            let now = world.server_time();
            Some(banned(now + i64::from(fault.retry_after) * 1_000, now))
        }
        _ => None,
    }
}

/// What a fault makes of the answer.
fn after(fault: Option<&Order>, reply: Reply) -> Reply {
    match fault {
        Some(Order { kind: Kind::TimeoutAfter, .. }) => Reply { is_lost: true, ..reply },
        Some(Order { kind: Kind::ErrorAfter, status, .. }) => Reply::refused(*status, &Refusal::UNKNOWN_STATUS),
        Some(Order { kind: Kind::Slow, ms, .. }) => Reply { delay: ms.unsigned_abs(), ..reply },
        _ => reply,
    }
}

fn stray(world: &mut World, ask: &Ask) -> Reply {
    match world.limits.spend(ask.address, STRAY, world.server_time()) {
        Verdict::Passed(_) => Reply::refused(404, &Refusal::NO_PATH),
        Verdict::TooMany(wait) => too_many(wait, world.limits.allowance.weight_per_minute),
        Verdict::Banned(until) => banned(until, world.server_time()),
    }
}

fn too_many(wait: i64, limit: u32) -> Reply {
    let message = format!(
        "Too much request weight used; current limit is {limit} request weight per 1 MINUTE. Please use WebSocket \
         Streams for live updates to avoid polling the API."
    );
    let reply = Reply::refused(429, &Refusal { code: -1003, message: message.into() });
    Reply { headers: vec![retry_after(wait)], ..reply }
}

fn banned(until: i64, now: i64) -> Reply {
    let message = format!(
        "Way too much request weight used; IP banned until {until}. Please use WebSocket Streams for live updates to \
         avoid bans."
    );
    let reply = Reply::refused(418, &Refusal { code: -1003, message: message.into() });
    Reply { headers: vec![retry_after(until - now)], ..reply }
}

fn retry_after(milliseconds: i64) -> (&'static str, String) {
    ("retry-after", milliseconds.div_euclid(1_000).max(0).saturating_add(1).to_string())
}

/// The limits of an address as the WebSocket API tells them with each answer.
pub(crate) fn rate_limits(reply: &Reply, limit: u32) -> Value {
    let used = reply.headers.iter().find(|(name, _)| *name == "x-mbx-used-weight-1m");
    let count: u32 = used.and_then(|(_, text)| text.parse().ok()).unwrap_or_default();
    json!([{ "rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": limit, "count": count }])
}
