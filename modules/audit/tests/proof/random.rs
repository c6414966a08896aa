//! Whatever is done to the trail, it is found.

use crate::support::{damage, sealed_trail, tamper, verdict_of};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use testkit::{PgPool, db_test};

/// Something done to the trail, and something that undoes it.
#[derive(Clone, Debug)]
struct Tampering {
    harm: String,
    undo: String,
}

/// The `nth` row of a table, counted around.
fn nth(table: &str, order: &str, n: usize) -> String {
    format!("(select ctid from {table} order by {order} offset {n} % (select count(*) from {table}) limit 1)")
}

fn tampering() -> impl Strategy<Value = Tampering> {
    let text =
        proptest::sample::select(vec!["action", "resource", "resource_id", "correlation_id", "user_agent", "ip"]);
    let bytes = proptest::sample::select(vec!["digest", "anchors", "previous", "hash", "signature"]);
    let edited = (text, 0..100_usize, "[a-z]{0,8}").prop_map(|(column, n, value)| {
        ("audit_entries", format!("{column} = coalesce({column}, '') || '!{value}'"), nth("kept", "id", n))
    });
    let forged = (bytes, 0..100_usize, any::<u8>()).prop_map(|(column, n, byte)| {
        ("audit_seals", format!("{column} = {column} || '\\x{byte:02x}'"), nth("kept", "chain, seq", n))
    });
    let anchored = (0..100_usize, any::<u8>()).prop_map(|(n, byte)| {
        ("audit_anchors", format!("hash = hash || '\\x{byte:02x}'"), nth("kept", "tenant_id, seq", n))
    });
    let change = prop_oneof![edited, forged, anchored].prop_flat_map(|(table, set, row)| {
        prop_oneof![
            Just((table, format!("update kept set {set} where ctid = {row}"))),
            Just((table, format!("delete from kept where ctid = {row}"))),
        ]
    });
    change.prop_map(|(table, statement)| {
        let all = if table == "audit_seals" { "tenant_id, seq, entries, adopts, digest, anchors, previous, hash, signature, sealed_at, written_at" } else { "*" };
        let into = if table == "audit_seals" { format!("({all})") } else { String::new() };
        Tampering {
            harm: format!(
                "create table original as select * from {table}; create table kept as select * from {table}; {statement};
                 delete from {table}; insert into {table} {into} select {all} from kept"
            ),
            undo: format!(
                "delete from {table}; insert into {table} {into} select {all} from original;
                 drop table original; drop table kept"
            ),
        }
    })
}

#[db_test]
async fn no_change_of_any_row_goes_unnoticed(db: PgPool) {
    let (app, ana) = sealed_trail(&db).await;
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    for _ in 0..60 {
        let Tampering { harm, undo } = tampering().new_tree(&mut runner).unwrap().current();
        tamper(&db, &harm).await;
        let found = !damage(&ana).await.is_empty() || !verdict_of(&app, None).await.intact;
        assert!(found, "{harm}");
        tamper(&db, &undo).await;
        assert!(damage(&ana).await.is_empty() && verdict_of(&app, None).await.intact, "{undo}");
    }
}
