//! A disk that is full: what cannot be written is tried again, and nothing is lost meanwhile.

use crate::floor::Floor;
use bots::Runner;
use testkit::{PgPool, db_test};

const MINUTE: i64 = 60_000;
/// All that the transaction of a live bot writes to.
const TABLES: [&str; 7] = ["bot_journal", "bot_events", "orders", "fills", "positions", "equity_points", "bots"];
/// When it is refused: at the statement, and at the end of the transaction.
const MOMENTS: [&str; 2] = ["create trigger full_disk after", "create constraint trigger full_disk after"];

async fn run(db: &PgPool, statement: String) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(db).await.unwrap();
}

/// How often something was refused.
async fn refused(db: &PgPool) -> i64 {
    let last = "select case when is_called then last_value else 0 end from full_disk_strikes";
    sqlx::query_scalar(last).fetch_one(db).await.unwrap()
}

/// Lets a table refuse everything until it has done so a few times, and some time after.
async fn fill_up(floor: &Floor, db: &PgPool, (table, moment): (&str, &str), runner: &Runner) {
    let deferred = if moment.contains("constraint") { "deferrable initially deferred" } else { "" };
    // what is not about a bot's work is not refused: whoever leases it comes first
    let which = if table == "bots" { "update of journal_seq" } else { "insert or update" };
    run(db, format!("{moment} {which} on {table} {deferred} for each row execute function full_disk()")).await;
    let before = refused(db).await;
    for minute in 0.. {
        assert!(minute < 40, "nothing is ever written to {table}");
        if refused(db).await >= before + 3 {
            break;
        }
        floor.pass_a_close().await;
        floor.turns(runner, 3).await;
    }
    run(db, format!("drop trigger full_disk on {table}")).await;
}

#[db_test]
async fn a_full_disk_delays_a_live_bot_and_loses_nothing(db: PgPool) {
    let floor = Floor::new(db.clone(), 5).await;
    let bot = floor.started("Patient").await;
    let runner = Runner::new(floor.app.app());
    let raise = "create sequence full_disk_strikes;
        grant usage on full_disk_strikes to public;
        create function full_disk() returns trigger language plpgsql as $$ begin
            -- a sequence keeps its number where the transaction is undone
            perform nextval('full_disk_strikes');
            raise exception 'no space left on device' using errcode = '53100';
        end $$";
    run(&db, raise.to_owned()).await;
    for table in TABLES {
        for moment in MOMENTS {
            fill_up(&floor, &db, (table, moment), &runner).await;
            floor.pass(MINUTE).await;
            floor.work(&runner).await;
            let status = crate::common::status(&floor.ana, &bot).await;
            assert_eq!(status, "running", "{table}: {:?}", floor.events(&bot).await.last());
        }
    }
    floor.stop(&bot, &runner).await;
    floor.agrees(&bot).await;
    let fills = crate::common::whole_feed(&floor.ana, &format!("/api/v1/fills?botId={bot}")).await;
    assert!(fills.len() > 5, "{}", fills.len());
}
