//! What must be so before a bot ventures money.

use crate::{
    bot::Bot,
    config::Mode,
    service::{document, get},
};
use exchanges::{Account, Standing};
use kit::{App, Error, Result, TenantTx};
use risk::Halt;
use schemars::JsonSchema;
use serde::Serialize;
use trading::strategy::plan::{Pairing, Plan};
use uuid::Uuid;

/// Something that must be so before a live bot is started.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "BotCheck")]
pub(crate) struct Check {
    /// Which one, such as `FUNDS`.
    pub(crate) code: &'static str,
    pub(crate) passed: bool,
    /// What is so, or what to do.
    pub(crate) message: String,
}

impl Check {
    fn new(code: &'static str, passed: bool, so: impl Into<String>, otherwise: impl Into<String>) -> Self {
        Self { code, passed, message: if passed { so.into() } else { otherwise.into() } }
    }
}

/// A checklist as far as the platform knows, and the account that is asked for the rest.
pub(crate) struct Begun {
    checks: Vec<Check>,
    account: Option<Account>,
    bot: Bot,
}

/// Checks what the platform knows; a paper bot passes without a check.
pub(crate) async fn begin(tx: &mut TenantTx, app: &App, id: Uuid) -> Result<Begun> {
    let bot = get(tx, id).await?;
    let Some(connection) = bot.connection_id.filter(|_| bot.mode == Mode::Live) else {
        return Ok(Begun { checks: vec![], account: None, bot });
    };
    let strategy = strategies::get(tx, bot.strategy_id, Some(bot.strategy_version)).await?;
    let standing = exchanges::standing(tx, app, connection).await?;
    let mut checks = about_the_account(&bot, &standing);
    let known = "The market's filters are known.";
    let unknown = "The market's filters are not known: refresh the instruments, and make the bot anew.";
    checks.push(Check::new("FILTERS", bot.filters.is_some(), known, unknown));
    checks.push(about_the_orders(&document(&strategy)?.plan()));
    if !bot.status.has_begun() {
        // one that has may hold coins, which it looks after while entries are halted
        checks.push(about_the_halts(&risk::in_force(tx, bot.quote()).await?));
    }
    // a bot that has begun may have spent its cash
    let asks = !bot.status.has_begun() && checks.iter().all(|it| it.passed);
    let account = if asks { Some(exchanges::account(tx, app, connection).await?) } else { None };
    Ok(Begun { checks, account, bot })
}

impl Begun {
    /// Asks the exchange for the rest. No transaction is open meanwhile.
    pub(crate) async fn complete(mut self) -> Vec<Check> {
        if let Some(account) = &self.account {
            self.checks.push(about_the_funds(&self.bot, account).await);
        }
        self.checks
    }
}

fn about_the_account(bot: &Bot, standing: &Standing) -> Vec<Check> {
    let Standing { exchange, refused, trades, reached } = standing;
    let refusal = refused.clone().unwrap_or_default();
    vec![
        Check::new(
            "CONNECTION",
            refused.is_none(),
            "The exchange takes the key.",
            format!("The exchange refuses the key: {refusal} Test the connection, or connect another key."),
        ),
        Check::new(
            "KEY_TRADES",
            *trades,
            "The key may trade.",
            "The key may not trade: allow it at the exchange and test the connection.",
        ),
        Check::new(
            "EXCHANGE",
            *reached && *exchange == bot.exchange,
            format!("Orders are placed at {exchange}."),
            format!("The strategy trades at {}, the connection leads to {exchange}.", bot.exchange),
        ),
    ]
}

/// A spot account cannot offer the same coins twice but in a pair.
fn about_the_orders(plan: &Plan) -> Check {
    let fits = !plan.has_stop() || plan.protect.take_profit.is_empty() || plan.orders.pair == Pairing::Oco;
    let otherwise = "A stop and targets offer the same coins, which an exchange takes in pairs only: say \
                     `\"orders\": {\"pair\": \"oco\"}` in the strategy.";
    Check::new("ORDERS", fits, "The exchange takes the strategy's orders.", otherwise)
}

fn about_the_halts(halts: &[Halt]) -> Check {
    let message = halts.first().map(|halt| format!("Entries are halted: {}", halt.message)).unwrap_or_default();
    Check::new("HALTS", halts.is_empty(), "Nothing halts entries.", message)
}

async fn about_the_funds(bot: &Bot, account: &Account) -> Check {
    let quote = bot.quote();
    let wanted = bot.initial_cash;
    match account.balances().await {
        Ok(balances) => {
            let held = balances.iter().find(|it| it.asset == quote).map(|it| it.free.decimal()).unwrap_or_default();
            let held = held.normalize();
            Check::new(
                "FUNDS",
                held >= wanted,
                format!("The account holds {held} {quote}."),
                format!("The bot is to venture {wanted} {quote}, and {held} are free in the account."),
            )
        }
        Err(failure) => Check::new("FUNDS", false, "", format!("The exchange does not tell what is held: {failure}.")),
    }
}

/// Whether a live bot may be started that has not been before.
///
/// # Errors
/// 409 `CHECKLIST_FAILED` with what fails, 409 `NOT_CONFIRMED` where the bot's name is not said.
pub(crate) fn admit(bot: &Bot, checks: &[Check], confirm: Option<&str>) -> Result<()> {
    if bot.mode == Mode::Paper {
        return Ok(());
    }
    let failed: Vec<_> = checks.iter().filter(|it| !it.passed).collect();
    if let Some(first) = failed.first() {
        let message = format!("The bot must not trade yet: {}", first.message);
        let failed = serde_json::to_value(&failed).map_err(Error::internal)?;
        return Err(Error::conflict("CHECKLIST_FAILED", message).with("checks", failed));
    }
    confirmed(bot, confirm)
}

/// Whether a live bot that was never started is really to be.
///
/// # Errors
/// 409 `NOT_CONFIRMED` where the bot's name is not said.
pub(crate) fn confirmed(bot: &Bot, confirm: Option<&str>) -> Result<()> {
    if bot.mode == Mode::Paper || bot.status.has_begun() || confirm == Some(&bot.name) {
        return Ok(());
    }
    let message = format!("This bot trades for real. Say that you mean it: `confirm` is its name, `{}`.", bot.name);
    Err(Error::conflict("NOT_CONFIRMED", message))
}
