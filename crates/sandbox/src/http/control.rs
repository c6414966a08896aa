//! What steers the sandbox: faults, accounts, prices and the clock. Only who is on the same machine may.

use crate::{
    clock::Speed,
    engine::Engine,
    exchange::{Refusal, Rules, SymbolStatus},
    faults,
    limits::Allowance,
    world::World,
};
use axum::{
    Json,
    extract::{ConnectInfo, Path, Request, State, rejection::JsonRejection},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};
use std::net::SocketAddr;

mod accounts;
mod state;

use accounts::check_deposit;
pub(super) use accounts::{add_key, deposit, open_account};

/// The longest step of the clock: an hour, in milliseconds.
const LONGEST_STEP: i64 = 3_600_000;

/// Why something is not done: the status and the words.
pub(super) struct Denied(StatusCode, String);

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "code": self.0.as_u16(), "msg": self.1 }))).into_response()
    }
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self(StatusCode::BAD_REQUEST, refusal.message.into_owned())
    }
}

impl From<JsonRejection> for Denied {
    fn from(rejection: JsonRejection) -> Self {
        Self(rejection.status(), rejection.body_text())
    }
}

fn wrong(why: impl Into<String>) -> Denied {
    Denied(StatusCode::BAD_REQUEST, why.into())
}

type Answer = Result<Json<Value>, Denied>;
type Body<T> = Result<Json<T>, JsonRejection>;

/// Whoever calls from another machine is not let in.
pub(super) async fn only_from_here(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    if peer.ip().to_canonical().is_loopback() {
        return next.run(request).await;
    }
    Denied(StatusCode::FORBIDDEN, "the sandbox is steered from its own machine only".to_owned()).into_response()
}

async fn ask(engine: &Engine, what: impl FnOnce(&mut World) -> Result<Value, Denied> + Send + 'static) -> Answer {
    let gone = |_| Denied(StatusCode::SERVICE_UNAVAILABLE, "the exchange has ended".to_owned());
    engine.ask(what).await.map_err(gone)?.map(Json)
}

pub(super) async fn faults(State(engine): State<Engine>) -> Answer {
    ask(&engine, |world| Ok(json!(world.faults.list()))).await
}

pub(super) async fn order_fault(State(engine): State<Engine>, body: Body<faults::Order>) -> Answer {
    let Json(order) = body?;
    ask(&engine, move |world| world.faults.order(order).map(|id| json!({ "id": id })).map_err(wrong)).await
}

pub(super) async fn clear_faults(State(engine): State<Engine>) -> Answer {
    ask(&engine, |world| Ok(json!({ "cleared": world.faults.clear(None) }))).await
}

pub(super) async fn clear_fault(State(engine): State<Engine>, Path(id): Path<u64>) -> Answer {
    ask(&engine, move |world| match world.faults.clear(Some(id)) {
        0 => Err(Denied(StatusCode::NOT_FOUND, format!("there is no fault {id}"))),
        cleared => Ok(json!({ "cleared": cleared })),
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSymbol {
    base: String,
    quote: String,
    tick: Decimal,
    lot: Decimal,
    price: Decimal,
}

pub(super) async fn list(State(engine): State<Engine>, body: Body<NewSymbol>) -> Answer {
    let Json(NewSymbol { base, quote, tick, lot, price }) = body?;
    for asset in [&base, &quote] {
        check_deposit(asset, Decimal::ZERO)?;
    }
    let rules = Rules::usual(&base, &quote, tick, lot);
    let symbol = format!("{base}{quote}");
    ask(&engine, move |world| {
        let why = "the tick and the lot have eight digits after the point together, the price is sound, and the symbol is new";
        world.list(rules, price).map_err(|_| wrong(why))?;
        Ok(json!({ "symbol": symbol }))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPrice {
    price: Decimal,
}

pub(super) async fn set_price(
    State(engine): State<Engine>,
    Path(symbol): Path<String>,
    body: Body<NewPrice>,
) -> Answer {
    let Json(NewPrice { price }) = body?;
    ask(&engine, move |world| {
        let market = world.exchange.find(&symbol)?;
        world.set_price(market, price)?;
        Ok(json!({}))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewStatus {
    status: String,
}

pub(super) async fn set_status(
    State(engine): State<Engine>,
    Path(symbol): Path<String>,
    body: Body<NewStatus>,
) -> Answer {
    let Json(NewStatus { status }) = body?;
    let status = SymbolStatus::parse(&status).ok_or_else(|| wrong("`status` is TRADING, BREAK or HALT"))?;
    ask(&engine, move |world| {
        let market = world.exchange.find(&symbol)?;
        world.exchange.set_status(market, status);
        Ok(json!({}))
    })
    .await
}

fn told(world: &World) -> Value {
    let (speed, paused) = world.clock.pace();
    let speed = match speed {
        Speed::Max => json!("max"),
        Speed::Times(thousandths) => json!(Decimal::new(thousandths.into(), 3).normalize().to_string()),
    };
    json!({ "market": world.now(), "server": world.server_time(), "speed": speed, "paused": paused })
}

pub(super) async fn clock(State(engine): State<Engine>) -> Answer {
    ask(&engine, |world| Ok(told(world))).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPace {
    speed: Option<String>,
    paused: Option<bool>,
}

pub(super) async fn set_clock(State(engine): State<Engine>, body: Body<NewPace>) -> Answer {
    let Json(NewPace { speed, paused }) = body?;
    let speed = speed.map(|text| Speed::parse(&text)).transpose().map_err(wrong)?;
    ask(&engine, move |world| {
        let (old_speed, was_paused) = world.clock.pace();
        let wall = world.wall.now();
        world.clock.set_pace(wall, speed.unwrap_or(old_speed), paused.unwrap_or(was_paused));
        Ok(told(world))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    ms: i64,
}

pub(super) async fn step(State(engine): State<Engine>, body: Body<Step>) -> Answer {
    let Json(Step { ms }) = body?;
    if !(1..=LONGEST_STEP).contains(&ms) {
        return Err(wrong(format!("`ms` is from 1 to {LONGEST_STEP}")));
    }
    ask(&engine, move |world| {
        world.step(ms);
        Ok(told(world))
    })
    .await
}

pub(super) async fn set_limits(State(engine): State<Engine>, body: Body<Allowance>) -> Answer {
    let Json(allowance) = body?;
    ask(&engine, move |world| {
        world.limits.allowance = allowance;
        Ok(json!(allowance))
    })
    .await
}

pub(super) async fn cut_connections(State(engine): State<Engine>) -> Answer {
    ask(&engine, |world| Ok(json!({ "cut": world.hub.close_all() }))).await
}

pub(super) async fn state(State(engine): State<Engine>) -> Answer {
    ask(&engine, |world| Ok(state::of(world))).await
}
