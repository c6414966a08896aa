//! The local order book against a naive model, and each transition of its states.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use trading::book::{Book, Desync, Diff, Level, MOST_WAITING, Snapshot, State, Step};
use trading::money::{Price, Quantity};

fn level(price: u64, quantity: u64) -> Level {
    Level { price: Price::new(price.into()).unwrap(), quantity: Quantity::new(quantity.into()).unwrap() }
}

fn diff(first_id: u64, last_id: u64, bids: &[(u64, u64)], asks: &[(u64, u64)]) -> Diff {
    let levels = |side: &[(u64, u64)]| side.iter().map(|&(price, quantity)| level(price, quantity)).collect();
    Diff { first_id, last_id, bids: levels(bids), asks: levels(asks) }
}

fn snapshot(last_id: u64, bids: &[(u64, u64)], asks: &[(u64, u64)]) -> Snapshot {
    let Diff { bids, asks, .. } = diff(0, 0, bids, asks);
    Snapshot { last_id, bids, asks }
}

fn live() -> Book {
    let mut book = Book::new(100);
    book.snapshot(&snapshot(10, &[(99, 1), (98, 2)], &[(101, 1), (102, 2)])).unwrap();
    assert_eq!(book.update(&diff(11, 12, &[(99, 5)], &[])), Ok(Step::Applied));
    book
}

#[test]
fn a_book_waits_for_its_snapshot_and_goes_on_from_the_difference_that_spans_it() {
    let mut book = Book::new(100);
    assert_eq!(book.update(&diff(5, 8, &[(50, 1)], &[])), Ok(Step::Kept));
    assert_eq!(book.update(&diff(9, 12, &[(99, 7)], &[])), Ok(Step::Kept));
    assert_eq!((book.state(), book.best_bid()), (State::Waiting, None));
    book.snapshot(&snapshot(10, &[(98, 2)], &[(101, 1)])).unwrap();
    assert_eq!((book.state(), book.last_id()), (State::Live, 12));
    assert_eq!(book.bids().collect::<Vec<_>>(), [level(99, 7), level(98, 2)], "the difference up to 8 is left out");
}

#[test]
fn after_a_snapshot_the_first_difference_spans_its_id_and_the_next_ones_follow_each_other() {
    let mut book = Book::new(100);
    book.snapshot(&snapshot(10, &[(98, 2)], &[(101, 1)])).unwrap();
    assert_eq!(book.state(), State::Fresh);
    assert_eq!(book.update(&diff(7, 10, &[(97, 1)], &[])), Ok(Step::Stale));
    assert_eq!((book.state(), book.best_bid()), (State::Fresh, Some(level(98, 2))));
    assert_eq!(book.update(&diff(8, 13, &[], &[(101, 0)])), Ok(Step::Applied));
    assert_eq!((book.state(), book.last_id(), book.best_ask()), (State::Live, 13, None));
    assert_eq!(book.update(&diff(9, 13, &[(97, 1)], &[])), Ok(Step::Stale), "the same once more changes nothing");
    assert_eq!(book.update(&diff(14, 14, &[(97, 1)], &[])), Ok(Step::Applied));
}

#[test]
fn a_gap_empties_the_book_until_a_snapshot_joins_what_came_after_it() {
    for (first, last) in [(14, 15), (12, 15)] {
        let mut book = live();
        let lost = book.update(&diff(first, last, &[(99, 9)], &[])).unwrap_err();
        assert_eq!(lost, Desync::Gap { expected: 13, found: first });
        assert_eq!((book.state(), book.best_bid(), book.best_ask()), (State::Waiting, None, None));
        assert_eq!(book.update(&diff(16, 17, &[], &[(101, 8)])), Ok(Step::Kept));
        book.snapshot(&snapshot(14, &[(98, 1)], &[(101, 1)])).unwrap();
        assert_eq!((book.last_id(), book.best_bid(), book.best_ask()), (17, Some(level(99, 9)), Some(level(101, 8))));
    }
}

#[test]
fn a_snapshot_that_ends_before_the_kept_differences_begin_is_refused_and_a_later_one_is_taken() {
    let mut book = Book::new(100);
    book.update(&diff(20, 22, &[(99, 1)], &[])).unwrap();
    let refused = book.snapshot(&snapshot(18, &[(90, 1)], &[])).unwrap_err();
    assert_eq!(refused, Desync::Outdated { last: 18, first: 20 });
    assert_eq!((book.state(), book.best_bid()), (State::Waiting, None));
    book.snapshot(&snapshot(19, &[(90, 1)], &[])).unwrap();
    assert_eq!((book.last_id(), book.best_bid()), (22, Some(level(99, 1))));
}

#[test]
fn a_gap_among_what_waits_keeps_what_came_after_it() {
    let mut book = Book::new(100);
    for (first, last) in [(10, 11), (12, 12), (15, 16)] {
        book.update(&diff(first, last, &[], &[])).unwrap();
    }
    assert_eq!(book.snapshot(&snapshot(10, &[], &[])), Err(Desync::Gap { expected: 13, found: 15 }));
    assert_eq!(book.snapshot(&snapshot(13, &[], &[])), Err(Desync::Outdated { last: 13, first: 15 }));
    assert_eq!(book.snapshot(&snapshot(14, &[], &[])), Ok(()));
    assert_eq!((book.state(), book.last_id()), (State::Live, 16));
}

#[test]
fn a_book_by_which_buyers_pay_what_sellers_ask_is_not_trusted() {
    let mut book = live();
    let crossed = Desync::Crossed { bid: level(101, 1).price, ask: level(101, 1).price };
    assert_eq!(book.update(&diff(13, 13, &[(101, 1)], &[])), Err(crossed));
    assert_eq!((book.state(), book.best_ask()), (State::Waiting, None));
    assert_eq!(Book::new(9).snapshot(&snapshot(1, &[(101, 1)], &[(101, 1)])), Err(crossed));
}

#[test]
fn an_old_snapshot_leaves_a_live_book_alone_and_a_newer_one_takes_its_place() {
    let mut book = live();
    book.snapshot(&snapshot(12, &[(1, 1)], &[])).unwrap();
    assert_eq!((book.state(), book.best_bid()), (State::Live, Some(level(99, 5))));
    book.snapshot(&snapshot(30, &[(97, 1)], &[])).unwrap();
    assert_eq!((book.state(), book.last_id(), book.best_bid()), (State::Fresh, 30, Some(level(97, 1))));
}

#[test]
fn only_so_many_differences_wait_and_the_oldest_give_way() {
    let mut book = Book::new(100);
    for id in 1..=MOST_WAITING as u64 + 5 {
        assert_eq!(book.update(&diff(id, id, &[], &[])), Ok(Step::Kept));
    }
    assert_eq!(book.snapshot(&snapshot(4, &[], &[])), Err(Desync::Outdated { last: 4, first: 6 }));
    assert_eq!(book.snapshot(&snapshot(5, &[], &[])), Ok(()));
    assert_eq!(book.last_id(), MOST_WAITING as u64 + 5);
}

/// A side of the model.
type Side = BTreeMap<Price, Quantity>;

fn set(side: &mut Side, levels: &[Level]) {
    for Level { price, quantity } in levels {
        if quantity.is_zero() {
            side.remove(price)
        } else {
            side.insert(*price, *quantity)
        };
    }
}

fn levels<'a>(side: impl Iterator<Item = (&'a Price, &'a Quantity)>) -> Vec<Level> {
    side.map(|(price, quantity)| Level { price: *price, quantity: *quantity }).collect()
}

fn sides() -> impl Strategy<Value = Vec<(u64, u64)>> {
    prop::collection::vec((1..60_u64, 0..4_u64), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_book_is_what_a_naive_model_is(steps in prop::collection::vec((sides(), sides(), 1..5_u64), 1..40)) {
        let mut book = Book::new(1_000);
        book.snapshot(&snapshot(0, &[], &[])).unwrap();
        let (mut bids, mut asks, mut last) = (Side::new(), Side::new(), 0);
        for (bid, ask, count) in steps {
            // asks stand above all bids, so that nothing crosses
            let ask: Vec<_> = ask.iter().map(|&(price, quantity)| (price + 100, quantity)).collect();
            let diff = diff(last + 1, last + count, &bid, &ask);
            last = diff.last_id;
            set(&mut bids, &diff.bids);
            set(&mut asks, &diff.asks);
            prop_assert_eq!(book.update(&diff), Ok(Step::Applied));
            prop_assert_eq!(book.bids().collect::<Vec<_>>(), levels(bids.iter().rev()));
            prop_assert_eq!(book.asks().collect::<Vec<_>>(), levels(asks.iter()));
            prop_assert_eq!(book.best_bid(), book.bids().next());
            prop_assert_eq!(book.best_ask(), book.asks().next());
        }
    }

    #[test]
    fn whenever_the_snapshot_comes_the_book_ends_the_same(
        steps in prop::collection::vec((sides(), 1..5_u64), 1..30),
        taken in 0..30_usize,
        arrives in 0..30_usize,
    ) {
        let (mut truth, mut last, mut diffs, mut states) = (Side::new(), 0, vec![], vec![]);
        for (bids, count) in &steps {
            states.push((last, truth.clone()));
            let diff = diff(last + 1, last + count, bids, &[]);
            set(&mut truth, &diff.bids);
            last = diff.last_id;
            diffs.push(diff);
        }
        let taken = taken.min(diffs.len() - 1);
        let (at, bids) = &states[taken];
        let whole = Snapshot { last_id: *at, bids: levels(bids.iter()), asks: vec![] };
        let arrives = arrives.clamp(taken, diffs.len() - 1);
        let mut book = Book::new(1_000);
        for (index, diff) in diffs.iter().enumerate() {
            if index == arrives {
                book.snapshot(&whole).unwrap();
            }
            book.update(diff).unwrap();
        }
        prop_assert_eq!((book.state(), book.last_id()), (State::Live, last));
        prop_assert_eq!(book.bids().collect::<Vec<_>>(), levels(truth.iter().rev()));
    }

    #[test]
    fn a_full_book_keeps_the_best_levels(most in 1..8_usize, bids in prop::collection::vec((1..60_u64, 1..4_u64), 0..60)) {
        let mut book = Book::new(most);
        book.snapshot(&snapshot(0, &[], &[])).unwrap();
        let change = diff(1, 1, &bids, &[]);
        book.update(&change).unwrap();
        let mut model = Side::new();
        set(&mut model, &change.bids);
        prop_assert_eq!(book.bids().collect::<Vec<_>>(), levels(model.iter().rev().take(most)));
    }
}
