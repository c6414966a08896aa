//! What of the database passes by itself, and what does not.

#![allow(clippy::unwrap_used, reason = "a test that cannot be prepared has failed")]

use kit::{Error, Origin, Reason};
use testkit::{PgPool, TestApp, db_test};

#[db_test]
async fn what_passes_by_itself_is_said_to_be_worth_another_try(db: PgPool) {
    let app = TestApp::new(db, []).await;
    for (state, status, code) in [
        ("53100", 503, "DATABASE_FULL"),
        ("53200", 503, "DATABASE_FULL"),
        ("53300", 503, "DATABASE_FULL"),
        ("57014", 503, "DATABASE_UNAVAILABLE"),
        ("57P01", 503, "DATABASE_UNAVAILABLE"),
        ("25P03", 503, "DATABASE_UNAVAILABLE"),
        ("08006", 503, "DATABASE_UNAVAILABLE"),
        ("40001", 503, "DATABASE_CONTENTION"),
        ("40P01", 503, "DATABASE_CONTENTION"),
        ("55P03", 503, "DATABASE_CONTENTION"),
        ("22012", 500, "INTERNAL_ERROR"),
        ("42P01", 500, "INTERNAL_ERROR"),
    ] {
        let mut tx = app.app().db().system(Reason::Operator, Origin::internal("test")).await.unwrap();
        let raised = format!("do $$ begin raise exception 'on purpose' using errcode = '{state}'; end $$");
        let refused = sqlx::raw_sql(sqlx::AssertSqlSafe(raised)).execute(tx.conn()).await.unwrap_err();
        let error = Error::from(refused);
        assert_eq!((error.status().as_u16(), error.code()), (status, code), "{state}");
    }
}
