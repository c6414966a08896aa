//! Whatever is asked for, claimed, ended and cancelled in whatever order: nobody has a further turn while somebody waits
//! who has had fewer, and nothing that waits is forgotten.

#![allow(clippy::unwrap_used, reason = "a test that cannot be prepared has failed")]

use kit::chrono::{DateTime, TimeDelta, Utc};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use std::collections::{BTreeMap, BTreeSet};
use testkit::{PgPool, TestApp, db_test};
use uuid::Uuid;

const RUNS: usize = 32;
const STEPS: usize = 60;
const KINDS: [&str; 2] = ["long", "short"];

#[derive(Clone, Debug)]
enum Step {
    Ask { owner: u128, kind: usize, at_once: Option<i32>, after: i64 },
    Claim { kinds: usize, most: usize },
    End { which: usize, again: bool },
    Cancel { which: usize },
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    let ask = (0..5_u128, 0..2_usize, proptest::option::of(1..4), prop_oneof![4 => Just(0), 1 => Just(60_i64)]);
    prop_oneof![
        8 => ask.prop_map(|(owner, kind, at_once, after)| Step::Ask { owner, kind, at_once, after }),
        6 => (1..3_usize, 1..5_usize).prop_map(|(kinds, most)| Step::Claim { kinds, most }),
        5 => (any::<usize>(), prop::bool::weighted(0.2)).prop_map(|(which, again)| Step::End { which, again }),
        1 => any::<usize>().prop_map(|which| Step::Cancel { which }),
        1 => Just(Step::Wait),
    ]
}

/// An owner and a kind.
type Pair = (u128, usize);

#[derive(Clone)]
struct Waiting {
    id: Uuid,
    run_at: DateTime<Utc>,
    at_once: Option<i32>,
}

#[derive(Default)]
struct Model {
    asked: u128,
    waiting: BTreeMap<Pair, Vec<Waiting>>,
    running: Vec<(Uuid, Pair)>,
    /// In which claim somebody was served.
    served: BTreeMap<Pair, usize>,
    claims: usize,
}

/// A job that may run, and when it is its turn: how many of its owner run then, and when that one was served before.
struct Turn {
    id: Uuid,
    pair: Pair,
    when: (usize, Option<usize>),
}

impl Model {
    /// The jobs that may run, of each owner and kind in order.
    fn turns(&self, kinds: usize, most: usize, now: DateTime<Utc>) -> Vec<Turn> {
        let mut turns = vec![];
        for (&pair, waiting) in self.waiting.iter().filter(|((_, kind), _)| *kind < kinds) {
            let running = self.running.iter().filter(|(_, of)| *of == pair).count();
            let mut due: Vec<&Waiting> = waiting.iter().filter(|it| it.run_at <= now).collect();
            due.sort_by_key(|it| (it.run_at, it.id));
            let served = self.served.get(&pair).copied();
            let in_turn = (running + 1..=running + most).zip(due);
            let may = |at_once: Option<i32>, turn| at_once.is_none_or(|most| turn <= usize::try_from(most).unwrap());
            let may_run = in_turn.take_while(|(turn, job)| may(job.at_once, *turn));
            turns.extend(may_run.map(|(turn, job)| Turn { id: job.id, pair, when: (turn, served) }));
        }
        turns
    }

    /// Whether this is what a claim may take.
    fn claimed(&mut self, turns: &[Turn], most: usize, taken: &BTreeSet<Uuid>) {
        assert_eq!(taken.len(), most.min(turns.len()), "as many as were wanted, or all");
        let (had, left): (Vec<&Turn>, Vec<&Turn>) = turns.iter().partition(|turn| taken.contains(&turn.id));
        assert_eq!(had.len(), taken.len(), "only what may run");
        for (had, left) in had.iter().flat_map(|had| left.iter().map(move |left| (had, left))) {
            assert!(
                had.when <= left.when,
                "{:?} at {:?} before {:?} at {:?}",
                had.pair,
                had.when,
                left.pair,
                left.when
            );
        }
        self.claims += 1;
        for turn in had {
            self.waiting.get_mut(&turn.pair).unwrap().retain(|it| it.id != turn.id);
            self.running.push((turn.id, turn.pair));
            self.served.insert(turn.pair, self.claims);
        }
    }

    fn cancel(&mut self, which: usize) -> Option<Uuid> {
        let all: Vec<Uuid> = self.waiting.values().flatten().map(|it| it.id).collect();
        let id = *all.get(which.checked_rem(all.len())?)?;
        self.waiting.values_mut().for_each(|of| of.retain(|it| it.id != id));
        Some(id)
    }
}

async fn run(app: &TestApp, statement: &str, id: Uuid, at: DateTime<Utc>) {
    let mut tx = app.system().await;
    sqlx::query(sqlx::AssertSqlSafe(statement)).bind(id).bind(at).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn take(app: &TestApp, model: &mut Model, step: Step) {
    let now = app.clock().now().utc();
    match step {
        Step::Ask { owner, kind, at_once, after } => {
            model.asked += 1;
            let (id, run_at) = (Uuid::from_u128(model.asked), now + TimeDelta::seconds(after));
            model.waiting.entry((owner, kind)).or_default().push(Waiting { id, run_at, at_once });
            // what is nobody's has a turn of its own
            let tenant = if owner == 0 { "null".to_owned() } else { format!("'{}'", Uuid::from_u128(owner)) };
            let at_once = at_once.map_or_else(|| "null".to_owned(), |it| it.to_string());
            let ask = format!(
                "insert into jobs (id, tenant_id, kind, payload, max_attempts, correlation_id, run_at, at_once, created_at)
                 values ($1, {tenant}, '{}', '{{}}', 9, 'c', $2, {at_once}, $2)",
                KINDS[kind]
            );
            run(app, &ask, id, run_at).await;
        }
        Step::Claim { kinds, most } => {
            let turns = model.turns(kinds, most, now);
            let mut tx = app.system().await;
            let claim = sqlx::query_scalar("select id from claim_jobs($1, $2, $3, $3 + interval '1 year')");
            let names: Vec<String> = KINDS[..kinds].iter().map(|&name| name.to_owned()).collect();
            let taken = claim.bind(names).bind(i64::try_from(most).unwrap()).bind(now).fetch_all(tx.conn()).await;
            tx.commit().await.unwrap();
            model.claimed(&turns, most, &taken.unwrap().into_iter().collect());
        }
        Step::End { which, again } => {
            let Some(place) = which.checked_rem(model.running.len()) else { return };
            let (id, pair) = model.running.swap_remove(place);
            if again {
                let run_at = now + TimeDelta::seconds(60);
                model.waiting.entry(pair).or_default().push(Waiting { id, run_at, at_once: None });
                run(app, "update jobs set status = 'queued', run_at = $2, at_once = null where id = $1", id, run_at)
                    .await;
            } else {
                run(app, "update jobs set status = 'done', finished_at = $2 where id = $1", id, now).await;
            }
        }
        Step::Cancel { which } => {
            if let Some(id) = model.cancel(which) {
                run(app, "update jobs set status = 'cancelled', finished_at = $2 where id = $1", id, now).await;
            }
        }
        Step::Wait => {
            app.clock().advance(TimeDelta::seconds(60));
        }
    }
}

#[db_test]
async fn nobody_has_a_further_turn_before_whoever_waits_and_had_fewer(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    for _ in 0..RUNS {
        let steps = proptest::collection::vec(step(), STEPS).new_tree(&mut runner).unwrap().current();
        let mut model = Model::default();
        for step in steps {
            take(&app, &mut model, step).await;
        }
        // whoever was set aside has not been forgotten: as what runs ends, all that is left has its turn
        app.clock().advance(TimeDelta::seconds(60));
        loop {
            take(&app, &mut model, Step::Claim { kinds: KINDS.len(), most: 4 }).await;
            let Some(which) = model.running.len().checked_sub(1) else { break };
            take(&app, &mut model, Step::End { which, again: false }).await;
        }
        assert!(model.waiting.values().all(Vec::is_empty));
        let mut tx = app.system().await;
        let counted = sqlx::query_scalar("select count(*) from job_turns where running <> 0 or waits");
        let counted: i64 = counted.fetch_one(tx.conn()).await.unwrap();
        assert_eq!(counted, 0, "nothing runs or waits any more");
        for table in ["jobs", "job_turns", "job_arrivals"] {
            let clear = sqlx::AssertSqlSafe(format!("delete from {table}"));
            sqlx::query(clear).execute(tx.conn()).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
}
