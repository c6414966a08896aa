//! The engine's own rules: entries, guards, limits, fees and what comes from outside.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "a test")]

use crate::common::bot::{Bot, Case};
use serde_json::{Value, json};
use trading::engine::{Effect, Input, Note, Reason, RejectReason, Signal, Stop};
use trading::order::Purpose;
use trading::risk::{Limits, Refusal};

const FLAT: [i64; 4] = [1000, 1000, 1000, 1000];
const FALL: [i64; 4] = [900, 900, 900, 900];

fn guarded(guards: Value) -> Case {
    Case { plan: json!({"sizing": {"kind": "fixedQuantity", "quantity": "1"}, "guards": guards}), ..Case::default() }
}

fn skipped(bot: &Bot) -> Vec<Reason> {
    bot.notes()
        .into_iter()
        .filter_map(|note| if let Note::Skipped(reason) = note { Some(reason) } else { None })
        .collect()
}

#[test]
fn a_market_order_fills_at_the_next_open_or_at_the_close_of_the_signals_candle() {
    let candles = [[1000, 1030, 980, 1010], [1020, 1030, 980, 1000]];
    let mut next_open = Case::default().bot("e");
    next_open.feed(&candles);
    assert_eq!((next_open.filled(), next_open.fills()[0].at.millis()), (vec!["102 x 1".into()], 60_000));
    let mut case = Case::default();
    case.config["fill"] = json!("close");
    let mut close = case.bot("e");
    close.feed(&candles);
    assert_eq!((close.filled(), close.fills()[0].at.millis()), (vec!["101 x 1".into()], 59_999));
}

#[test]
fn one_position_at_a_time_and_no_sale_without_one() {
    let mut bot = Case::default().bot("xeeex.x");
    bot.feed(&[FLAT; 8]);
    assert_eq!(bot.filled(), ["100 x 1", "100 x -1"]);
}

#[test]
fn fees_are_paid_on_top_or_from_what_is_received() {
    let earned = |paid_in: &str| {
        let mut case = Case::default();
        case.plan["sizing"] = json!({"kind": "allIn"});
        case.config["fees"] = json!({"maker": "0.25", "taker": "0.25", "paidIn": paid_in});
        let mut bot = case.bot("ex");
        bot.feed(&[FLAT, FLAT, FLAT]);
        assert!(bot.position().quantity().is_zero());
        (bot.filled(), bot.position().cash().to_string(), bot.position().fees().to_string())
    };
    assert_eq!(earned("quote"), (vec!["100 x 8".into(), "100 x -8".into()], "600".into(), "400".into()));
    assert_eq!(earned("received"), (vec!["100 x 10".into(), "100 x -7.5".into()], "562.5".into(), "437.5".into()));
}

#[test]
fn coins_too_few_to_sell_stay_as_dust_and_do_not_keep_the_bot_from_entering_again() {
    let mut case = Case { instrument: json!({"symbol": "BTC/USDT", "lot": "0.1"}), ..Case::default() };
    case.config["fees"] = json!({"taker": "0.01", "paidIn": "received"});
    let mut bot = case.bot("ex.ex");
    bot.feed(&[FLAT; 6]);
    assert_eq!(bot.filled(), ["100 x 1", "100 x -0.9", "100 x 1", "100 x -1"]);
    assert_eq!((bot.trades().len(), bot.position().quantity().to_string()), (2, "0.08".into()));
    assert!(!bot.position().is_open());
}

#[test]
fn the_venue_rejects_what_the_cash_no_longer_pays_and_the_bot_goes_on() {
    let mut case = Case::default();
    case.plan["sizing"]["quantity"] = json!("10");
    let mut bot = case.bot("e.e");
    bot.feed(&[FLAT, [1001, 1001, 1000, 1000], FLAT, FLAT]);
    assert_eq!(bot.filled(), ["100 x 10"]);
    let rejected = bot
        .notes()
        .into_iter()
        .any(|note| matches!(note, Note::Rejected(rejection) if rejection.reason == RejectReason::InsufficientFunds));
    assert!(rejected);
}

#[test]
fn an_order_beyond_the_limits_never_reaches_the_venue() {
    let limits = Limits { max_order_notional: Some("99".parse().unwrap()), ..Limits::default() };
    let mut bot = Case { limits, ..Case::default() }.bot("e");
    bot.feed(&[FLAT, FLAT]);
    assert!(matches!(bot.notes()[..], [Note::Refused(Refusal::OrderTooLarge { .. })]));
    assert!(bot.fills().is_empty() && bot.driver.simulator().is_idle());
}

#[test]
fn limits_hold_back_entries_but_never_exits() {
    let limits = Limits {
        max_orders_per_day: Some(1),
        max_daily_loss: Some("5".parse().unwrap()),
        max_position_notional: Some("100".parse().unwrap()),
        ..Limits::default()
    };
    let mut bot = Case { limits, ..Case::default() }.bot("exe");
    bot.feed(&[FLAT, [1000, 1500, 1000, 1500], FALL, FALL, FALL]);
    assert_eq!(bot.filled(), ["100 x 1", "90 x -1"]);
    assert!(matches!(bot.notes()[..], [Note::Closed(_), Note::Refused(Refusal::TooManyOrders { limit: 1 })]));
}

#[test]
fn guards_skip_entries_and_say_why() {
    let mut bot = guarded(json!({"cooldown": "3m"})).bot("exeee");
    bot.feed(&[FLAT; 7]);
    // Out at 2:00; closes at 2:59.999, 3:59.999 come too soon, the one at 4:59.999 too.
    assert_eq!(skipped(&bot), [Reason::Cooldown; 3]);
    let mut bot = guarded(json!({"maxTradesPerDay": 1})).bot("exe");
    bot.feed(&[FLAT; 5]);
    assert_eq!(skipped(&bot), [Reason::MaxTradesPerDay]);
    let losses = json!({"pauseAfterLosses": {"losses": 1, "within": "1d", "pause": "1h"}});
    let mut bot = guarded(losses).bot("exe");
    bot.feed(&[FLAT, FLAT, FALL, FALL, FALL]);
    assert_eq!(skipped(&bot), [Reason::PauseAfterLosses]);
}

#[test]
fn the_largest_drawdown_sells_all_and_ends_the_entries() {
    let mut case = guarded(json!({"maxDrawdown": {"percent": "5"}}));
    case.plan["sizing"] = json!({"kind": "allIn"});
    let mut bot = case.bot("e..eee");
    bot.feed(&[FLAT, FLAT, FALL, FALL, FLAT, FLAT]);
    assert_eq!(bot.filled(), ["100 x 10", "90 x -10"]);
    assert_eq!(bot.trades()[0].reason, Purpose::MaxDrawdown);
    assert_eq!(bot.notes().into_iter().filter(|note| *note == Note::Halted).count(), 1);
}

#[test]
fn a_paused_bot_keeps_its_protection_and_enters_again_when_resumed() {
    let mut case = Case::default();
    case.plan["protect"] = json!({"stopLoss": {"percent": "5"}});
    let mut bot = case.bot("e..e.e");
    bot.feed(&[FLAT, FLAT]).tell(Input::Pause).feed(&[FALL, FALL]);
    assert_eq!((bot.filled().len(), skipped(&bot)), (2, vec![Reason::Paused]));
    bot.tell(Input::Resume).feed(&[FALL, FALL, FALL]);
    assert_eq!(bot.filled().pop().unwrap(), "90 x 1");
}

#[test]
fn a_stopped_bot_takes_its_orders_back_and_keeps_or_sells_its_coins() {
    let stopped = |stop| {
        let mut case = Case::default();
        case.plan["protect"] = json!({"stopLoss": {"percent": "5"}});
        let mut bot = case.bot("e..ee");
        bot.feed(&[FLAT, FLAT]).tell(Input::Stop(stop)).feed(&[FLAT, FALL, FALL]);
        assert!(bot.driver.simulator().is_idle());
        bot.filled()
    };
    assert_eq!(stopped(Stop::Keep), ["100 x 1"]);
    assert_eq!(stopped(Stop::Sell), ["100 x 1", "100 x -1"]);
}

#[test]
fn a_signal_from_outside_acts_like_the_strategys_own() {
    let mut bot = Case::default().bot("");
    bot.feed(&[FLAT]).tell(Input::Signal(Signal::Enter)).feed(&[FLAT]).tell(Input::Signal(Signal::Exit)).feed(&[FLAT]);
    assert_eq!(bot.filled(), ["100 x 1", "100 x -1"]);
}

#[test]
fn a_candle_that_came_before_changes_nothing() {
    let mut bot = Case::default().bot("e");
    bot.feed(&[FLAT, FLAT]);
    let before = *bot.position();
    bot.tell(Input::Candle(crate::common::bot::candle(0, FALL)));
    assert_eq!((bot.notes().pop(), *bot.position()), (Some(Note::StaleCandle), before));
}

#[test]
fn a_fill_of_an_order_that_is_not_open_is_told_and_not_booked() {
    let mut bot = Case::default().bot("e");
    bot.feed(&[FLAT, FLAT]);
    let (fill, before) = (bot.fills()[0], *bot.position());
    bot.tell(Input::Filled(fill));
    assert_eq!((bot.notes().pop(), *bot.position()), (Some(Note::UnknownOrder(fill.client_order_id)), before));
}

#[test]
fn a_sale_that_the_venue_refuses_is_tried_again_at_the_next_candle() {
    let mut bot = Case::default().bot("ex");
    bot.feed(&[FLAT, FLAT]);
    let exit = |bot: &Bot| {
        let placed = bot.journal.iter().rev().flat_map(|line| line.effects.iter());
        let mut orders =
            placed.filter_map(|effect| if let Effect::Place(order) = effect { Some(**order) } else { None });
        orders.find(|order| order.purpose == Purpose::Exit).unwrap().client_order_id
    };
    let first = exit(&bot);
    let rejection = trading::engine::Rejection { client_order_id: first, reason: RejectReason::Other, filter: None };
    bot.tell(Input::Rejected(rejection));
    // The simulated venue still has the refused order; its fill is unknown to the engine.
    bot.feed(&[FLAT]);
    assert_ne!(exit(&bot), first);
    bot.feed(&[FLAT]);
    assert_eq!(bot.trades().len(), 1);
}

#[test]
fn order_ids_are_the_bots_prefix_and_a_sequence() {
    let mut bot = Case::default().bot("ex");
    bot.feed(&[FLAT; 4]);
    let ids: Vec<String> = bot.fills().iter().map(|fill| fill.client_order_id.to_string()).collect();
    assert_eq!(ids, ["test-1", "test-2"]);
}

#[test]
fn an_entry_that_the_cash_pays_only_in_part_ends_with_that_part() {
    let mut case = Case::default();
    case.plan["sizing"]["quantity"] = json!("10");
    case.config["volumeShare"] = json!("0.06");
    let mut bot = case.bot("e..x");
    bot.feed(&[FLAT, FLAT, [1500, 1500, 1500, 1500], FLAT, FLAT]);
    assert_eq!(bot.filled(), ["100 x 6", "100 x -6"]);
    assert!(!bot.notes().iter().any(|note| matches!(note, Note::UnknownOrder(_))));
}

/// A live venue's side of the talk: the engine alone, its answers read by hand.
mod live {
    use super::*;
    use crate::common::bot::{Script, candle, engine_config, script};
    use trading::engine::{Effects, Engine};
    use trading::order::{ClientOrderId, Order, Side};
    use trading::position::{Fee, Fill, Liquidity};
    use trading::time::Timestamp;

    fn at(minute: usize) -> Timestamp {
        Timestamp::from_millis(minute as i64 * 60_000)
    }

    /// An engine that has just sent its entry of ten coins, and that order.
    fn entering() -> (Engine<Script>, Order) {
        let mut case = Case::default();
        case.plan["sizing"]["quantity"] = json!("10");
        case.plan["protect"] = json!({"stopLoss": {"percent": "5"}});
        let mut engine = Engine::new(script("e"), engine_config(&case.setup()));
        let effects = engine.step(at(1), Input::Candle(candle(0, FLAT)));
        let order = placed(&effects)[0];
        (engine, order)
    }

    fn placed(effects: &Effects) -> Vec<Order> {
        effects
            .iter()
            .filter_map(|effect| if let Effect::Place(order) = effect { Some(**order) } else { None })
            .collect()
    }

    fn fill(order: &Order, coins: &str, done: bool) -> Input {
        let (client_order_id, side, price) = (order.client_order_id, order.side, "100".parse().unwrap());
        let (fee, liquidity) = (Fee::Quote("0".parse().unwrap()), Liquidity::Taker);
        let quantity = coins.parse().unwrap();
        Input::Filled(Fill { client_order_id, at: at(2), side, price, quantity, fee, liquidity, done })
    }

    fn cancels(effects: &Effects) -> Vec<ClientOrderId> {
        effects.iter().filter_map(|effect| if let Effect::Cancel(id) = effect { Some(*id) } else { None }).collect()
    }

    #[test]
    fn an_entry_that_fills_while_it_is_taken_back_is_sold_at_once() {
        let (mut engine, entry) = entering();
        assert_eq!(cancels(&engine.step(at(2), Input::Stop(Stop::Sell))), [entry.client_order_id]);
        let sale = placed(&engine.step(at(2), fill(&entry, "10", true)));
        assert_eq!((sale.len(), sale[0].side, sale[0].purpose), (1, Side::Sell, Purpose::Stopped));
        engine.step(at(2), fill(&sale[0], "10", true));
        assert!(engine.position().quantity().is_zero() && !engine.in_trade());
    }

    #[test]
    fn what_an_entry_brings_after_its_first_part_was_stopped_out_is_sold_too() {
        let (mut engine, entry) = entering();
        let stop = placed(&engine.step(at(2), fill(&entry, "4", false)))[0];
        assert_eq!(cancels(&engine.step(at(2), fill(&stop, "4", true))), [entry.client_order_id]);
        let sale = placed(&engine.step(at(2), fill(&entry, "1", false)));
        assert_eq!((sale.len(), sale[0].side), (1, Side::Sell));
        engine.step(at(2), fill(&sale[0], "1", true));
        engine.step(at(2), Input::Cancelled(entry.client_order_id));
        assert!(engine.position().quantity().is_zero());
    }

    #[test]
    fn an_entry_taken_back_in_time_leaves_the_bot_free_to_enter_again() {
        let (mut engine, entry) = entering();
        engine.step(at(2), Input::Signal(Signal::Exit));
        assert!(placed(&engine.step(at(2), Input::Signal(Signal::Enter))).is_empty(), "the venue has not agreed yet");
        engine.step(at(2), Input::Cancelled(entry.client_order_id));
        assert_eq!(placed(&engine.step(at(2), Input::Signal(Signal::Enter))).len(), 1);
    }

    #[test]
    fn a_stop_that_the_venue_refuses_becomes_a_sale_and_one_it_drops_is_placed_again() {
        let (mut engine, entry) = entering();
        let stop = placed(&engine.step(at(2), fill(&entry, "10", true)))[0];
        engine.step(at(2), Input::Cancelled(stop.client_order_id));
        let again = placed(&engine.step(at(3), Input::Candle(candle(1, FLAT))))[0];
        assert_eq!((again.kind, again.purpose), (stop.kind, Purpose::StopLoss));
        let rejection = trading::engine::Rejection {
            client_order_id: again.client_order_id,
            reason: RejectReason::Other,
            filter: None,
        };
        let sale = placed(&engine.step(at(3), Input::Rejected(rejection)))[0];
        assert_eq!((sale.kind, sale.size), (trading::order::OrderKind::Market {}, again.size));
    }

    #[test]
    fn a_fill_that_cannot_be_ends_the_bot_and_books_nothing() {
        let (mut engine, entry) = entering();
        let effects = engine.step(at(2), fill(&entry, "11", true));
        assert!(matches!(effects[..], [Effect::Journal(Note::Contradiction(_))]));
        assert_eq!(engine.position().cash().to_string(), "1000");
        assert!(engine.step(at(3), Input::Signal(Signal::Enter)).is_empty());
    }
}
