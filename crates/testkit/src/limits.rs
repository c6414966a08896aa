//! What every limiter says, whatever keeps the counts.

use kit::{Charge, EVERYTHING, Limiter, Subject, Time, Verdict};
use proptest::prelude::*;
use uuid::Uuid;

const SIGN_IN: &str = "/api/auth/sign-in/email";
const BUCKETS: [&str; 2] = [EVERYTHING, SIGN_IN];
const MINUTE: i64 = 60_000;

/// Requests of a few callers, some at once and some after a while.
pub type Sequence = Vec<Step>;

/// A request.
#[derive(Clone, Debug)]
pub struct Step {
    caller: u8,
    bucket: usize,
    limit: u32,
    after: i64,
}

/// Any sequence: what is said of it shall be the same everywhere.
pub fn sequences() -> impl Strategy<Value = Sequence> {
    let pause = prop_oneof![6 => Just(0), 3 => 0..2_000_i64, 1 => 0..7 * MINUTE];
    let limit = prop_oneof![Just(1_u32), Just(2), Just(5), Just(7), Just(13), 1..1_000_u32, Just(1_000_000)];
    let callers = (limit, prop::collection::vec((0..2_u8, 0..2_usize, pause), 1..60));
    callers.prop_map(|(limit, steps)| {
        let step = |(caller, bucket, after)| Step { caller, bucket, limit, after };
        steps.into_iter().map(step).collect()
    })
}

/// What a limiter says of each request of a sequence, and at the end of each caller. The run keeps callers apart from
/// those of other runs.
pub async fn said(limiter: &dyn Limiter, sequence: &Sequence, run: u64) -> Vec<Verdict> {
    let mut now = NOON;
    let mut said = vec![];
    for step in sequence {
        now += step.after;
        let charge = Charge { subject: caller(run, step.caller), bucket: BUCKETS[step.bucket], limit: step.limit };
        said.push(limiter.charge(&charge, Time::from_millis(now)).await.expect("it answers"));
    }
    for number in 0..2 {
        let mut states = limiter.states(caller(run, number)).await.expect("it answers");
        states.sort_by(|(one, _), (other, _)| one.cmp(other));
        let states = states.into_iter().map(|(_, state)| state.verdict(sequence[0].limit, Time::from_millis(now)));
        // what is as good as new is kept for a while or not
        said.extend(states.filter(|verdict| verdict.remaining < sequence[0].limit.into()));
    }
    said
}

const NOON: i64 = 1_767_614_400_000;

fn caller(run: u64, number: u8) -> Subject {
    Subject::User(Uuid::from_u64_pair(run, number.into()))
}

/// Asks a limiter in the name of one caller.
struct Asking<'a> {
    limiter: &'a dyn Limiter,
    subject: Subject,
    now: i64,
}

impl Asking<'_> {
    async fn one(&self, bucket: &'static str, limit: u32) -> Verdict {
        let charge = Charge { subject: self.subject, bucket, limit };
        self.limiter.charge(&charge, Time::from_millis(self.now)).await.expect("it answers")
    }

    /// How many of so many requests at once are admitted.
    async fn burst(&self, requests: u32, limit: u32) -> u32 {
        let mut admitted = 0;
        for _ in 0..requests {
            admitted += u32::from(self.one(EVERYTHING, limit).await.admitted);
        }
        admitted
    }
}

/// Asserts what every limiter does, with its figures.
pub async fn behaves(limiter: &dyn Limiter) {
    let asking = |number| Asking { limiter, subject: caller(u64::MAX, number), now: NOON };
    counts_down(asking(1)).await;
    gives_back_as_time_goes_by(asking(2)).await;
    shrinks_and_grows_back(asking(3)).await;
    keeps_a_steady_caller_whole(asking(4)).await;
    takes_a_new_limit_at_once(asking(5)).await;
    counts_apart_and_forgets(asking(6)).await;
}

async fn counts_down(caller: Asking<'_>) {
    let first = caller.one(EVERYTHING, 5).await;
    assert_eq!(first, Verdict { admitted: true, limit: 5, remaining: 4, reset: 12_000_000, retry: 0 });
    for remaining in (0..4).rev() {
        assert_eq!(caller.one(EVERYTHING, 5).await.remaining, remaining);
    }
    let refused = caller.one(EVERYTHING, 5).await;
    assert_eq!(refused, Verdict { admitted: false, limit: 2, remaining: 0, reset: 60_000_000, retry: 30_000_000 });
}

async fn gives_back_as_time_goes_by(mut caller: Asking<'_>) {
    assert_eq!(caller.burst(100, 100).await, 100);
    for _ in 0..200 {
        caller.now += 600;
        assert_eq!(caller.one(EVERYTHING, 100).await.remaining, 0, "one every 0.6 s and no more");
    }
    caller.now += MINUTE;
    assert_eq!(caller.burst(101, 100).await, 100);
}

async fn shrinks_and_grows_back(mut caller: Asking<'_>) {
    for limit in [50, 25, 12, 10, 10] {
        caller.burst(200, 100).await;
        let refused = caller.one(EVERYTHING, 100).await;
        assert_eq!((refused.admitted, refused.limit), (false, limit));
        // on and on within the minute it does not get worse
        caller.now += MINUTE - 1_000;
        caller.burst(200, 100).await;
        assert_eq!(caller.one(EVERYTHING, 100).await.limit, limit);
        caller.now += 1_000;
    }
    for limit in [12, 25, 50, 100, 100] {
        caller.now += MINUTE;
        let verdict = caller.one(EVERYTHING, 100).await;
        assert_eq!((verdict.admitted, verdict.limit), (true, limit));
    }
}

async fn keeps_a_steady_caller_whole(mut caller: Asking<'_>) {
    for _ in 0..500 {
        let verdict = caller.one(EVERYTHING, 100).await;
        assert_eq!((verdict.limit, verdict.remaining), (100, 99));
        caller.now += 600;
    }
}

async fn takes_a_new_limit_at_once(mut caller: Asking<'_>) {
    assert_eq!(caller.burst(10, 10).await, 10);
    caller.now += 6_000;
    // a tenth of the window has gone by: a tenth of the larger limit is there
    assert_eq!(caller.burst(50, 200).await, 20);
}

async fn counts_apart_and_forgets(caller: Asking<'_>) {
    assert_eq!(caller.burst(9, 5).await, 5);
    assert!(caller.one(SIGN_IN, 5).await.admitted);
    assert_eq!(caller.limiter.states(caller.subject).await.expect("it answers").len(), 2);
    caller.limiter.forget(caller.subject).await.expect("it answers");
    assert!(caller.limiter.states(caller.subject).await.expect("it answers").is_empty());
    assert_eq!(caller.one(EVERYTHING, 5).await.remaining, 4);
    assert_eq!(caller.one(SIGN_IN, 5).await.remaining, 4);
}
