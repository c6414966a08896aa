//! The budget of one address: properties over whatever is asked, and the gate that waits by it.

#![allow(clippy::expect_used, reason = "a test may panic")]

use binance::{Budget, Gate, Millis, Priority, Ticket, TooHeavy};
use proptest::prelude::*;
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

const LIMIT: u32 = 600;

/// What happens to a budget.
#[derive(Clone, Debug)]
enum Happening {
    Ask(Priority, u32),
    Pass(Millis),
    Withdraw(usize),
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let priority = prop::sample::select(Priority::ALL.to_vec());
    let one = prop_oneof![
        6 => (priority, 1..60_u32).prop_map(|(priority, weight)| Happening::Ask(priority, weight)),
        3 => (0..5_000_u64).prop_map(Happening::Pass),
        1 => (0..100_usize).prop_map(Happening::Withdraw),
    ];
    prop::collection::vec(one, 1..400)
}

/// A request that went.
#[derive(Clone, Copy, Debug)]
struct Gone {
    at: Millis,
    priority: Priority,
    weight: u32,
}

#[derive(Default)]
struct Run {
    now: Millis,
    waiting: HashMap<Ticket, (Priority, u32)>,
    order: Vec<Ticket>,
    gone: Vec<Gone>,
}

impl Run {
    /// Grants all that may go; nobody who waits is more urgent, but for backfill within its share.
    fn grant(&mut self, budget: &mut Budget) -> Result<(), TestCaseError> {
        while let Some(ticket) = budget.grant(self.now) {
            let (priority, weight) = self.waiting.remove(&ticket).expect("it waited");
            let more_urgent = self.waiting.values().any(|(other, _)| *other < priority);
            if more_urgent {
                prop_assert_eq!(priority, Priority::Backfill);
                let backfill = self.within_a_minute(|gone| gone.priority == Priority::Backfill);
                prop_assert!(backfill + weight <= budget.reserved());
            }
            let earlier = self.waiting.iter().any(|(other, (it, _))| *it == priority && *other < ticket);
            prop_assert!(!earlier, "first come, first served");
            self.gone.push(Gone { at: self.now, priority, weight });
        }
        Ok(())
    }

    fn within_a_minute(&self, of: impl Fn(&Gone) -> bool) -> u32 {
        let recent = |gone: &&Gone| gone.at / 1_000 + 60 >= self.now / 1_000 && of(gone);
        self.gone.iter().filter(recent).map(|gone| gone.weight).sum()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_window_holds_more_than_the_limit_and_nobody_overtakes_the_more_urgent(happenings in happenings()) {
        let (mut budget, mut run) = (Budget::new(LIMIT), Run::default());
        for happening in happenings {
            match happening {
                Happening::Ask(priority, weight) => {
                    let ticket = budget.ask(priority, weight).expect("it is light enough");
                    run.waiting.insert(ticket, (priority, weight));
                    run.order.push(ticket);
                }
                Happening::Pass(millis) => run.now += millis,
                Happening::Withdraw(index) => {
                    if let Some(ticket) = run.order.get(index).filter(|ticket| run.waiting.contains_key(ticket)) {
                        budget.withdraw(*ticket);
                        run.waiting.remove(ticket);
                    }
                }
            }
            run.grant(&mut budget)?;
        }
        for first in &run.gone {
            let window = run.gone.iter().filter(|gone| (first.at..first.at + 60_000).contains(&gone.at));
            prop_assert!(window.map(|gone| gone.weight).sum::<u32>() <= LIMIT);
        }
    }

    #[test]
    fn all_who_wait_go_within_minutes_when_nobody_comes_after_them(happenings in happenings()) {
        let (mut budget, mut run) = (Budget::new(LIMIT), Run::default());
        for happening in happenings {
            if let Happening::Ask(priority, weight) = happening {
                run.waiting.insert(budget.ask(priority, weight).expect("it is light enough"), (priority, weight));
            }
        }
        run.grant(&mut budget)?;
        while !run.waiting.is_empty() {
            let next = budget.next().expect("somebody waits");
            prop_assert!(next > run.now && next < 10_000_000);
            run.now = next;
            run.grant(&mut budget)?;
        }
        prop_assert_eq!(budget.next(), None);
    }

    #[test]
    fn backfill_has_its_share_however_much_others_want(orders in 1..50_u32, weight in 1..20_u32) {
        let (mut budget, mut backfilled) = (Budget::new(LIMIT), 0);
        let mut waits = budget.ask(Priority::Backfill, weight).expect("it is light enough");
        for second in 0..180 {
            for _ in 0..orders {
                budget.ask(Priority::Order, 20).expect("it is light enough");
            }
            while let Some(ticket) = budget.grant(second * 1_000) {
                if ticket == waits {
                    backfilled += weight;
                    waits = budget.ask(Priority::Backfill, weight).expect("it is light enough");
                }
            }
        }
        // in three minutes and 61 seconds that are counted each, at least twice what fits into the share
        prop_assert!(backfilled >= 2 * (budget.reserved() / weight) * weight);
    }
}

#[test]
fn an_order_finds_room_after_backfill_has_taken_all_that_it_may() {
    let mut budget = Budget::new(LIMIT);
    for _ in 0..LIMIT {
        budget.ask(Priority::Backfill, 2).unwrap();
    }
    let backfilled = std::iter::from_fn(|| budget.grant(0)).count();
    assert_eq!(backfilled, 150, "half of the window");
    let order = budget.ask(Priority::Order, 1).unwrap();
    let cancel = budget.ask(Priority::Cancel, 1).unwrap();
    assert_eq!([budget.grant(0), budget.grant(0), budget.grant(0)], [Some(cancel), Some(order), None]);
}

#[test]
fn what_the_exchange_has_counted_of_others_is_spent_too() {
    let mut budget = Budget::new(LIMIT);
    budget.observe(0, 599);
    budget.ask(Priority::Cancel, 5).unwrap();
    assert_eq!(budget.grant(60_999), None);
    assert_eq!(budget.next(), Some(61_000));
    assert!(budget.grant(61_000).is_some());
    budget.observe(61_000, 5);
    assert_eq!(budget.used(), 5, "what it counts of ours is counted once");
}

#[test]
fn nobody_goes_until_the_moment_that_the_exchange_named() {
    let mut budget = Budget::new(LIMIT);
    budget.stop(90_500);
    budget.stop(3_000);
    budget.ask(Priority::Cancel, 1).unwrap();
    assert_eq!((budget.grant(90_499), budget.next()), (None, Some(90_500)));
    assert!(budget.grant(90_500).is_some());
}

#[test]
fn what_can_never_go_is_refused_at_once() {
    let refused = Budget::new(LIMIT).ask(Priority::Query, 421);
    assert_eq!(refused, Err(TooHeavy::Weight { weight: 421, most: 420 }));
}

#[tokio::test]
async fn whoever_stops_waiting_at_the_gate_keeps_nobody_from_going() {
    let gate = Gate::new(100);
    gate.stop(Duration::from_millis(50));
    let start = Instant::now();
    let impatient = tokio::time::timeout(Duration::from_millis(5), gate.pass(Priority::Query, 70));
    assert!(impatient.await.is_err());
    let (one, other) = tokio::join!(gate.pass(Priority::Query, 35), gate.pass(Priority::Query, 35));
    one.and(other).unwrap();
    assert!(start.elapsed() >= Duration::from_millis(50));
    assert!(start.elapsed() < Duration::from_secs(30), "the place that was given up weighs nothing");
}
