//! What an account has, may and has traded.

use super::{answers, ask::Refused, table::Call};
use crate::{
    exchange::{Account, Balance, Refusal, figures::text},
    world::World,
};
use rust_decimal::Decimal;
use serde_json::{Value, json};

fn of<'a>(world: &'a World, call: &Call<'_>) -> Result<&'a Account, Refusal> {
    world.exchange.account(call.account).ok_or(Refusal::KEY)
}

pub(super) fn account(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let without_zero = call.params.truth("omitZeroBalances")?;
    let withdraws = call.key.and_then(|key| world.exchange.key(key)).is_some_and(|key| key.withdrawals);
    let account = of(world, call)?;
    let held = |(id, name): (usize, &String)| {
        let Balance { free, locked } = account.balance(id);
        let is_zero = free.is_zero() && locked.is_zero();
        (!is_zero || !without_zero).then(|| json!({ "asset": name, "free": text(free), "locked": text(locked) }))
    };
    let balances: Vec<Value> = world.exchange.assets().iter().enumerate().filter_map(held).collect();
    let points = |rate: Decimal| (rate * Decimal::from(10_000)).round().to_string().parse::<u32>().unwrap_or_default();
    Ok(json!({
        "makerCommission": points(account.maker), "takerCommission": points(account.taker), "buyerCommission": 0,
        "sellerCommission": 0, "commissionRates": rates(account), "canTrade": true, "canWithdraw": withdraws,
        "canDeposit": true, "brokered": false, "requireSelfTradePrevention": false, "preventSor": false,
        "updateTime": call.now, "accountType": "SPOT", "balances": balances, "permissions": ["SPOT"],
        "uid": call.account,
    }))
}

fn rates(account: &Account) -> Value {
    json!({
        "maker": text(account.maker), "taker": text(account.taker), "buyer": "0.00000000", "seller": "0.00000000",
    })
}

pub(super) fn commission(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let symbol = call.params.symbol()?;
    world.exchange.find(symbol)?;
    let account = of(world, call)?;
    Ok(json!({
        "symbol": symbol, "standardCommission": rates(account),
        "discount": {
            "enabledForAccount": account.pays_in_bnb, "enabledForSymbol": true, "discountAsset": "BNB",
            "discount": "0.75000000",
        },
    }))
}

pub(super) fn trade_fees(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let account = of(world, call)?;
    let wanted = call.params.text("symbol")?;
    let markets = world.exchange.markets().iter().filter(|it| wanted.is_none_or(|wanted| it.rules.name == wanted));
    Ok(markets
        .map(|it| {
            json!({
                "symbol": it.rules.name, "makerCommission": account.maker.to_string(),
                "takerCommission": account.taker.to_string(),
            })
        })
        .collect())
}

pub(super) fn trades(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let params = call.params;
    let market = world.exchange.find(params.symbol()?)?;
    let (limit, order, from) = (params.limit(500, 1_000)?, params.id("orderId")?, params.id("fromId")?);
    let (start, end) = (params.integer("startTime")?, params.integer("endTime")?);
    let fills = of(world, call)?.fills().iter().filter(|fill| {
        fill.market == market
            && order.is_none_or(|order| fill.order == order)
            && from.is_none_or(|from| fill.trade >= from)
            && start.is_none_or(|start| fill.time >= start)
            && end.is_none_or(|end| fill.time <= end)
    });
    let mut fills: Vec<_> = fills.collect();
    if from.is_some() || start.is_some() {
        fills.truncate(limit);
    } else {
        fills.drain(..fills.len().saturating_sub(limit));
    }
    Ok(fills.into_iter().map(|fill| answers::fill(&world.exchange, fill)).collect())
}

pub(super) fn rate_limits(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let (allowance, (ten, day)) = (world.limits.allowance, world.limits.ordered(call.account, world.server_time()));
    Ok(json!([
        { "rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": allowance.orders_per_ten_seconds, "count": ten },
        { "rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": allowance.orders_per_day, "count": day },
    ]))
}

pub(super) fn coins(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let account = of(world, call)?;
    let coin = |(id, name): (usize, &String)| {
        let Balance { free, locked } = account.balance(id);
        let network = json!({
            "network": name, "coin": name, "name": name, "isDefault": true, "depositEnable": false,
            "withdrawEnable": false, "withdrawFee": "0", "withdrawMin": "0", "withdrawMax": "0",
            "withdrawIntegerMultiple": "0.00000001", "minConfirm": 1, "unLockConfirm": 0, "busy": false,
        });
        json!({
            "coin": name, "name": name, "depositAllEnable": false, "withdrawAllEnable": false, "trading": true,
            "isLegalMoney": false, "free": text(free), "locked": text(locked), "freeze": "0", "withdrawing": "0",
            "ipoing": "0", "ipoable": "0", "storage": "0", "networkList": [network],
        })
    };
    Ok(world.exchange.assets().iter().enumerate().map(coin).collect())
}

pub(super) fn restrictions(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let key = call.key.and_then(|key| world.exchange.key(key)).ok_or(Refusal::KEY)?;
    Ok(json!({
        "ipRestrict": false, "createTime": 0, "enableReading": key.reading,
        "enableSpotAndMarginTrading": key.trading, "enableWithdrawals": key.withdrawals,
        "enableInternalTransfer": false, "permitsUniversalTransfer": false, "enableMargin": false,
        "enableFutures": false, "enableVanillaOptions": false, "enablePortfolioMarginTrading": false,
    }))
}
