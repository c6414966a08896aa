pub(crate) mod proof;
pub(crate) mod statement;
pub(crate) mod taxes;

use crate::{POSITIONS, store};
use garde::Validate;
use kit::{Error, Paging, Result, TenantTx, Time};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trading::{
    money::{Notional, Price, Quantity, Symbol},
    position::{Holdings, Position},
    time::Timestamp,
};
use uuid::Uuid;

/// What a bot was worth at a moment of its feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EquityPoint {
    pub at: Timestamp,
    pub cash: Notional,
    /// The coins at the last price.
    pub position_value: Notional,
}

/// What a bot holds of a symbol. Amounts are in the symbol's quote currency.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Position")]
pub(crate) struct PositionAnswer {
    bot_id: Uuid,
    symbol: String,
    /// Coins held.
    quantity: Quantity,
    /// What a coin held cost on average, buying fees included; `null` without coins.
    average_cost: Option<Price>,
    /// What the coins held cost, buying fees included.
    cost: Notional,
    /// The last price that the bot has seen.
    mark_price: Option<Price>,
    /// The coins at that price.
    value: Notional,
    /// What selling at that price would earn, before its fee.
    unrealised_pnl: Notional,
    /// What all sales so far have earned, fees included.
    realised_pnl: Notional,
    fees: Notional,
    updated_at: Time,
}

/// Which positions are asked for.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Filter {
    /// Only of this bot.
    #[garde(skip)]
    pub(crate) bot_id: Option<Uuid>,
    /// Only of this symbol, such as `BTC/USDT`.
    #[garde(length(max = 41))]
    pub(crate) symbol: Option<String>,
    /// Only with coins, or only without.
    #[garde(skip)]
    pub(crate) open: Option<bool>,
}

/// All bots by currency, and each bot.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Portfolio {
    totals: Vec<Figures>,
    bots: Vec<BotFigures>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct BotFigures {
    bot_id: Uuid,
    symbols: Vec<String>,
    #[serde(flatten)]
    figures: Figures,
}

/// Amounts of one currency.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PortfolioFigures")]
struct Figures {
    currency: String,
    initial_cash: Notional,
    cash: Notional,
    /// The coins at their last prices.
    position_value: Notional,
    /// Cash and coins.
    equity: Notional,
    realised_pnl: Notional,
    unrealised_pnl: Notional,
    fees: Notional,
    /// What was earned since the beginning: equity less initial cash.
    pnl: Notional,
    /// The same as a fraction of the initial cash, to six digits.
    #[serde(rename = "return")]
    growth: Decimal,
}

/// Which part of a bot's curve is asked for.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Curve {
    /// Of this bot.
    #[garde(skip)]
    pub(crate) bot_id: Uuid,
    /// Not before this moment of the bot's feed.
    #[garde(skip)]
    pub(crate) from: Option<Time>,
    /// Before this moment.
    #[garde(skip)]
    pub(crate) to: Option<Time>,
    /// At most so many points: 500 if not said.
    #[garde(range(min = 1, max = 5_000))]
    pub(crate) points: Option<i32>,
}

/// A point of the curve.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "EquityPoint")]
pub(crate) struct Point {
    pub(crate) at: Time,
    /// Cash and coins.
    pub(crate) equity: Decimal,
    pub(crate) cash: Decimal,
    pub(crate) position_value: Decimal,
}

impl store::Row {
    pub(crate) fn quote(&self) -> &str {
        self.symbol.split_once('/').map_or("", |(_, quote)| quote)
    }

    /// Its amounts, within the bounds in which they can be reckoned with.
    fn answer(&self) -> Result<PositionAnswer> {
        let quantity: Quantity = self.quantity.try_into().map_err(Error::internal)?;
        let mark: Option<Price> = self.mark_price.map(Price::try_from).transpose().map_err(Error::internal)?;
        let cost = notional(self.cost)?;
        let value = mark.map_or(Notional::ZERO, |price| price * quantity);
        Ok(PositionAnswer {
            bot_id: self.bot_id,
            symbol: self.symbol.clone(),
            quantity,
            average_cost: cost.per(quantity),
            cost,
            mark_price: mark,
            value,
            unrealised_pnl: value - cost,
            realised_pnl: notional(self.realised_pnl)?,
            fees: notional(self.fees)?,
            updated_at: self.updated_at,
        })
    }

    fn figures(&self) -> Result<Figures> {
        let position = self.answer()?;
        let (initial_cash, cash) = (notional(self.initial_cash)?, notional(self.cash)?);
        Ok(Figures {
            currency: self.quote().to_owned(),
            initial_cash,
            cash,
            position_value: position.value,
            equity: Notional::ZERO,
            realised_pnl: position.realised_pnl,
            unrealised_pnl: position.unrealised_pnl,
            fees: position.fees,
            pnl: Notional::ZERO,
            growth: Decimal::ZERO,
        }
        .concluded())
    }
}

impl Figures {
    fn add(&mut self, other: &Self) {
        self.initial_cash += other.initial_cash;
        self.cash += other.cash;
        self.position_value += other.position_value;
        self.realised_pnl += other.realised_pnl;
        self.unrealised_pnl += other.unrealised_pnl;
        self.fees += other.fees;
    }

    /// With what follows from the other figures.
    fn concluded(mut self) -> Self {
        self.equity = self.cash + self.position_value;
        self.pnl = self.equity - self.initial_cash;
        let growth = self.pnl.decimal().checked_div(self.initial_cash.decimal());
        self.growth = growth.unwrap_or_default().round_dp(6).normalize();
        self
    }
}

fn notional(amount: Decimal) -> Result<Notional> {
    amount.try_into().map_err(Error::internal)
}

/// Opens the books of a new bot: so much cash, which is with the first of its symbols, and no coins.
pub async fn open(tx: &mut TenantTx, bot: Uuid, symbols: &[Symbol], cash: Notional) -> Result<()> {
    store::insert(tx, bot, symbols, cash).await
}

/// What a bot holds after a transaction.
#[derive(Clone, Copy, Debug)]
pub struct Holding {
    /// Whose it is.
    pub bot: Uuid,
    /// Of what.
    pub symbol: Symbol,
    /// Coins and cash.
    pub position: Position,
    /// The last price that the bot has seen.
    pub mark: Option<Price>,
}

/// Writes what bots hold, and tells it to those who listen.
pub async fn save(tx: &mut TenantTx, holdings: &[Holding]) -> Result<()> {
    let rows = store::update(tx, holdings).await?;
    let told = rows.into_iter().map(|row| Ok((row.bot_id, row.answer()?))).collect::<Result<Vec<_>>>()?;
    stream::publish(tx, &POSITIONS, &told).await
}

/// Adds points to the curves of bots.
pub async fn record_equity(tx: &mut TenantTx, curves: &[(Uuid, &[EquityPoint])]) -> Result<()> {
    let points: Vec<_> = curves.iter().flat_map(|(bot, points)| points.iter().map(|point| (*bot, point))).collect();
    if points.is_empty() {
        return Ok(());
    }
    store::insert_points(tx, &points).await
}

/// Makes what a bot holds of its symbols anew, from its starting cash and its fills alone.
///
/// # Errors
/// 500 where the fills contradict each other.
pub async fn rebuild(tx: &mut TenantTx, bot: Uuid, symbols: &[Symbol], cash: Notional) -> Result<Holdings> {
    let mut holdings = Holdings::with_cash(symbols.iter().copied(), cash);
    for it in orders::fills_of_bots(tx, &[bot]).await? {
        holdings.apply(&it.symbol, &it.fill).map_err(Error::internal)?;
    }
    Ok(holdings)
}

/// Holds a position against the one that is stored.
///
/// # Errors
/// 500 where they differ, or none is stored.
pub async fn check(tx: &mut TenantTx, bot: Uuid, symbol: &Symbol, position: &Position) -> Result<()> {
    let stored = store::of_bot(tx, bot).await?;
    let stored = stored.iter().find(|row| row.symbol == symbol.as_str());
    let same = stored.is_some_and(|row| !differs(row, position));
    if same { Ok(()) } else { Err(Error::internal("the stored position differs from the one that the fills make")) }
}

fn differs(row: &store::Row, position: &Position) -> bool {
    row.cash != position.cash().decimal()
        || row.quantity != position.quantity().decimal()
        || row.cost != position.cost().decimal()
        || row.realised_pnl != position.realised().decimal()
        || row.fees != position.fees().decimal()
}

pub(crate) async fn list(tx: &mut TenantTx, filter: &Filter, paging: &Paging) -> Result<(Vec<PositionAnswer>, i64)> {
    let columns = [("updatedAt", "updated_at"), ("symbol", "symbol"), ("realisedPnl", "realised_pnl")];
    let order = paging.order(&columns, "updated_at desc")?;
    let (rows, total) = store::list(tx, filter, &order, paging).await?;
    Ok((rows.iter().map(store::Row::answer).collect::<Result<_>>()?, total))
}

pub(crate) async fn summary(tx: &mut TenantTx) -> Result<Portfolio> {
    let mut totals = BTreeMap::<String, Figures>::new();
    let mut bots = Vec::<BotFigures>::new();
    for row in store::all(tx).await? {
        let figures = row.figures()?;
        match totals.get_mut(&figures.currency) {
            Some(total) => total.add(&figures),
            None => drop(totals.insert(figures.currency.clone(), figures.clone())),
        }
        match bots.last_mut().filter(|bot| bot.bot_id == row.bot_id) {
            Some(bot) => {
                bot.symbols.push(row.symbol);
                bot.figures.add(&figures);
            }
            None => bots.push(BotFigures { bot_id: row.bot_id, symbols: vec![row.symbol], figures }),
        }
    }
    let concluded = |bot: BotFigures| BotFigures { figures: bot.figures.concluded(), ..bot };
    Ok(Portfolio {
        totals: totals.into_values().map(Figures::concluded).collect(),
        bots: bots.into_iter().map(concluded).collect(),
    })
}

pub(crate) async fn equity(tx: &mut TenantTx, curve: &Curve) -> Result<Vec<Point>> {
    if store::of_bot(tx, curve.bot_id).await?.is_empty() {
        return Err(Error::not_found("bot"));
    }
    store::points(tx, curve).await
}
