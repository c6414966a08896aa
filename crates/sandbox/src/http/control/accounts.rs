//! Accounts, their money and their keys.

use super::{Answer, Body, Denied, ask, wrong};
use crate::{
    engine::Engine,
    exchange::{ApiKey, FEES},
    signing::{Proof, PublicKey},
    world::World,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Assets of a new account.
const MOST_ASSETS: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct NewAccount {
    #[serde(default)]
    deposits: BTreeMap<String, Decimal>,
    #[serde(default = "thousandth")]
    maker: Decimal,
    #[serde(default = "thousandth")]
    taker: Decimal,
    #[serde(default)]
    pays_in_bnb: bool,
    public_key: Option<PublicKey>,
}

const fn thousandth() -> Decimal {
    Decimal::from_parts(1, 0, 0, false, 3)
}

pub(in crate::http) async fn open_account(State(engine): State<Engine>, body: Body<NewAccount>) -> Answer {
    let Json(NewAccount { deposits, maker, taker, pays_in_bnb, public_key }) = body?;
    let is_fee = |it: Decimal| it >= Decimal::ZERO && it < Decimal::ONE && it.scale() <= 8;
    if !is_fee(maker) || !is_fee(taker) || deposits.len() > MOST_ASSETS {
        return Err(wrong(format!(
            "`maker` and `taker` are from 0 to below 1, `deposits` has at most {MOST_ASSETS} assets"
        )));
    }
    for (asset, amount) in &deposits {
        check_deposit(asset, *amount)?;
        if *amount < Decimal::ZERO {
            return Err(wrong("nobody begins with debts"));
        }
    }
    ask(&engine, move |world| {
        let account = world.open_account(maker, taker, pays_in_bnb)?;
        for (asset, amount) in deposits {
            world.exchange.deposit(world.now(), account, &asset, amount)?;
        }
        let mut answer = key(world, account, &NewKey { reading: true, trading: true, withdrawals: false, public_key });
        answer["account"] = account.into();
        Ok(answer)
    })
    .await
}

pub(super) fn check_deposit(asset: &str, amount: Decimal) -> Result<(), Denied> {
    let named =
        (1..=10).contains(&asset.len()) && asset.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit());
    let most = Decimal::from(1_000_000_000_000_u64);
    if named && amount.abs() <= most && amount.scale() <= 8 {
        return Ok(());
    }
    Err(wrong(
        "an asset has 1 to 10 capital letters and digits; an amount is at most 10^12, with eight digits after the point",
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Deposit {
    asset: String,
    amount: Decimal,
}

fn is_customer(world: &World, account: usize) -> Result<(), Denied> {
    let known = account > FEES && world.exchange.account(account).is_some();
    known.then_some(()).ok_or_else(|| Denied(StatusCode::NOT_FOUND, format!("there is no account {account}")))
}

pub(in crate::http) async fn deposit(
    State(engine): State<Engine>,
    Path(id): Path<usize>,
    body: Body<Deposit>,
) -> Answer {
    let Json(Deposit { asset, amount }) = body?;
    check_deposit(&asset, amount)?;
    ask(&engine, move |world| {
        is_customer(world, id)?;
        world.exchange.deposit(world.now(), id, &asset, amount)?;
        Ok(json!({}))
    })
    .await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct NewKey {
    #[serde(default)]
    reading: bool,
    #[serde(default)]
    trading: bool,
    #[serde(default)]
    withdrawals: bool,
    /// Where it is not given, the key signs by a secret that is made for it.
    public_key: Option<PublicKey>,
}

fn key(world: &mut World, account: usize, may: &NewKey) -> Value {
    let NewKey { reading, trading, withdrawals, public_key } = *may;
    let name = world.new_key();
    let mut answer = json!({ "apiKey": name });
    let proof = public_key.map_or_else(
        || {
            let secret = world.new_key();
            answer["apiSecret"] = secret.clone().into();
            Proof::Secret(secret)
        },
        Proof::PublicKey,
    );
    world.exchange.add_key(name, ApiKey { account, proof, reading, trading, withdrawals });
    answer
}

pub(in crate::http) async fn add_key(
    State(engine): State<Engine>,
    Path(id): Path<usize>,
    body: Body<NewKey>,
) -> Answer {
    let Json(may) = body?;
    ask(&engine, move |world| {
        is_customer(world, id)?;
        Ok(key(world, id, &may))
    })
    .await
}
