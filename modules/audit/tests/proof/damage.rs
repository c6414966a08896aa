//! One kind of damage each.

use crate::support::{act, damage, sealed_trail, tamper, verdict, verdict_of};
use audit::Damage;
use testkit::{PgPool, db_test};

#[db_test]
async fn an_entry_that_was_edited_is_found_whatever_was_edited(db: PgPool) {
    let (_, ana) = sealed_trail(&db).await;
    assert!(damage(&ana).await.is_empty());
    for (edit, undo) in [
        ("action = 'bot.started'", "action = 'bot.renamed'"),
        ("resource = 'key'", "resource = 'bot'"),
        ("resource_id = '9'", "resource_id = '2.1'"),
        ("before = '{}'", "before = null"),
        ("after = '{\"name\":\"2.1\" }'", "after = '{\"name\":\"2.1\"}'"),
        ("at = at + interval '1 microsecond'", "at = at - interval '1 microsecond'"),
        ("ip = '::1'", "ip = null"),
        ("user_agent = ''", "user_agent = null"),
        ("correlation_id = 'another'", "correlation_id = 'test'"),
        ("impersonator_id = actor_id", "impersonator_id = null"),
        ("api_key_id = actor_id", "api_key_id = null"),
        (
            "actor_id = null",
            "actor_id = (select min(actor_id::text)::uuid from audit_entries where resource_id = '2.2')",
        ),
        ("signature = '\\x00'", "signature = signature"),
    ] {
        tamper(&db, &format!("update audit_entries set {edit} where resource_id = '2.1'")).await;
        assert_eq!(damage(&ana).await, ["entry-edited"], "{edit}");
        let place = if edit.starts_with("resource_id") { "9" } else { "2.1" };
        tamper(&db, &format!("update audit_entries set {undo} where resource_id = '{place}'")).await;
        assert!(edit.starts_with("signature") || damage(&ana).await.is_empty(), "{undo}");
    }
}

#[db_test]
async fn an_entry_that_was_edited_before_it_was_sealed_is_found_before_and_after(db: PgPool) {
    let (app, ana) = sealed_trail(&db).await;
    act(&app, &ana, "late").await;
    tamper(&db, "update audit_entries set action = 'nothing' where resource_id = 'late'").await;
    assert_eq!(damage(&ana).await, ["entry-edited"]);
    audit::seal(app.app()).await.unwrap();
    assert_eq!(damage(&ana).await, ["entry-edited"]);
}

#[db_test]
async fn an_entry_that_was_deleted_is_found(db: PgPool) {
    let (app, ana) = sealed_trail(&db).await;
    tamper(&db, "delete from audit_entries where resource_id = '2.1'").await;
    assert_eq!(damage(&ana).await, ["entry-missing"]);
    act(&app, &ana, "waiting").await;
    tamper(&db, "delete from audit_entries where resource_id = 'waiting'").await;
    audit::seal(app.app()).await.unwrap();
    let verdict = verdict(&ana).await;
    assert_eq!(verdict["faults"].as_array().unwrap().len(), 2, "{verdict}");
}

#[db_test]
async fn an_entry_that_was_inserted_behind_the_back_is_found(db: PgPool) {
    let (app, ana) = sealed_trail(&db).await;
    let copy = "insert into audit_entries
        select (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid(), 'action', 'bot.deleted'))).*
        from audit_entries e where resource_id = '1.1'";
    tamper(&db, copy).await;
    assert_eq!(damage(&ana).await, ["entry-edited"]);
    // nor does the sealer make it a true one
    tamper(&db, "insert into audit_pending select id, tenant_id from audit_entries where action = 'bot.deleted'").await;
    audit::seal(app.app()).await.unwrap();
    assert_eq!(damage(&ana).await, ["entry-edited"]);
}

#[db_test]
async fn an_entry_without_a_signature_is_never_made_a_true_one(db: PgPool) {
    let (app, ana) = sealed_trail(&db).await;
    act(&app, &ana, "bare").await;
    tamper(&db, "update audit_entries set signature = null where resource_id = 'bare'").await;
    audit::seal(app.app()).await.unwrap();
    assert_eq!(damage(&ana).await, ["entry-edited"]);
}

#[db_test]
async fn an_entry_that_was_hidden_from_the_sealer_is_found(db: PgPool) {
    let (app, ana) = sealed_trail(&db).await;
    act(&app, &ana, "hidden").await;
    tamper(&db, "delete from audit_pending").await;
    audit::seal(app.app()).await.unwrap();
    assert_eq!(damage(&ana).await, ["entry-hidden"]);
}

#[db_test]
async fn an_entry_that_should_have_been_sealed_long_ago_is_found(db: PgPool) {
    let (app, ana) = sealed_trail(&db).await;
    act(&app, &ana, "waiting").await;
    let told = verdict(&ana).await;
    assert_eq!((&told["intact"], &told["unsealed"]), (&true.into(), &1.into()));
    app.clock().advance(kit::chrono::TimeDelta::minutes(61));
    assert_eq!(damage(&ana).await, ["entry-overdue"]);
}

#[db_test]
async fn entries_in_another_order_are_found(db: PgPool) {
    let (_, ana) = sealed_trail(&db).await;
    let reverse = "update audit_seals set entries = (select array_agg(id order by id desc) from unnest(entries) id)
                   where seq = 3 and tenant_id is not null";
    tamper(&db, reverse).await;
    assert_eq!(damage(&ana).await, ["entries-exchanged", "seal-edited"]);
}

#[db_test]
async fn an_entry_that_takes_anothers_place_with_its_signature_is_found(db: PgPool) {
    let (_, ana) = sealed_trail(&db).await;
    let swap = "with two as (select a.signature as one, b.signature as other from audit_entries a, audit_entries b
                             where a.resource_id = '1.0' and b.resource_id = '1.1')
        update audit_entries e set signature = case resource_id when '1.0' then other else one end from two
        where resource_id in ('1.0', '1.1')";
    tamper(&db, swap).await;
    assert_eq!(damage(&ana).await, ["entry-edited"]);
}

#[db_test]
async fn a_seal_that_was_edited_is_found(db: PgPool) {
    let (_, ana) = sealed_trail(&db).await;
    for edit in ["sealed_at = sealed_at - interval '1 day'", "adopts = not adopts", "signature = '\\x00'"] {
        tamper(&db, &format!("update audit_seals set {edit} where seq = 2 and tenant_id is not null")).await;
        assert!(damage(&ana).await.contains(&"seal-edited".to_owned()), "{edit}");
    }
}

#[db_test]
async fn a_seal_that_was_removed_is_found_even_with_its_entries(db: PgPool) {
    let (_, ana) = sealed_trail(&db).await;
    let with_entries = "delete from audit_entries where id in
        (select unnest(entries) from audit_seals where seq = 3 and tenant_id is not null);
        delete from audit_seals where seq = 3 and tenant_id is not null";
    tamper(&db, with_entries).await;
    assert_eq!(damage(&ana).await, ["seal-missing"]);
    // nor do the others close the gap
    tamper(&db, "update audit_seals set seq = seq - 1 where seq > 3 and tenant_id is not null").await;
    assert_eq!(damage(&ana).await, ["chain-broken", "end-cut-off", "seal-edited"]);
}

#[db_test]
async fn seals_in_another_order_are_found(db: PgPool) {
    let (_, ana) = sealed_trail(&db).await;
    let swap = "update audit_seals set seq = 100 where seq = 2 and tenant_id is not null;
        update audit_seals set seq = 2 where seq = 3 and tenant_id is not null;
        update audit_seals set seq = 3 where seq = 100";
    tamper(&db, swap).await;
    assert_eq!(damage(&ana).await, ["chain-broken", "seal-edited"]);
}

/// Cuts everything off that came after the third seal.
const CUT: &str = "delete from audit_entries where id in
        (select unnest(entries) from audit_seals where seq > 3 and tenant_id is not null);
    delete from audit_seals where seq > 3 and tenant_id is not null";

#[db_test]
async fn an_end_that_was_cut_off_is_found_by_the_platforms_chain(db: PgPool) {
    let (app, ana) = sealed_trail(&db).await;
    tamper(&db, CUT).await;
    assert_eq!(damage(&ana).await, ["end-cut-off"]);
    // without the anchors the tenant cannot tell, but the platform can
    tamper(&db, "delete from audit_anchors where seq > 3").await;
    assert!(damage(&ana).await.is_empty());
    let platform = verdict_of(&app, None).await;
    assert!(platform.faults.iter().all(|it| it.kind == Damage::AnchorsExchanged) && !platform.intact, "{platform:?}");
}

#[db_test]
async fn an_end_that_was_cut_off_the_platforms_own_chain_is_found_by_the_heads_that_it_held(db: PgPool) {
    let (app, _) = sealed_trail(&db).await;
    tamper(
        &db,
        "delete from audit_seals where tenant_id is null and seq = (select max(platform_seq) from audit_anchors)",
    )
    .await;
    let platform = verdict_of(&app, None).await;
    assert!(platform.faults.iter().any(|it| it.kind == Damage::EndCutOff), "{platform:?}");
}

#[db_test]
async fn an_end_that_was_cut_off_everywhere_is_found_by_a_head_that_was_kept_elsewhere(db: PgPool) {
    let (app, ana) = sealed_trail(&db).await;
    let told = verdict(&ana).await;
    let path = format!("/api/v1/audit/verify?head={}", told["head"]["hash"].as_str().unwrap());
    act(&app, &ana, "later").await;
    audit::seal(app.app()).await.unwrap();
    let known = ana.get(&path).await.ok();
    assert_eq!((&known["intact"], &known["knowsHead"]), (&true.into(), &true.into()));
    let platform = "delete from audit_anchors where seq > 3;
        delete from audit_seals where tenant_id is null
            and seq > (select max(platform_seq) from audit_anchors)";
    tamper(&db, &format!("{CUT}; {platform}")).await;
    assert!(damage(&ana).await.is_empty());
    let unknown = ana.get(&path).await.ok();
    assert_eq!((&unknown["intact"], &unknown["knowsHead"]), (&false.into(), &false.into()));
    assert_eq!(unknown["faults"][0]["kind"], "head-unknown");
    ana.get("/api/v1/audit/verify?head=nonsense").await.invalid("head");
}

#[db_test]
async fn a_damaged_trail_is_the_business_of_its_tenant_alone(db: PgPool) {
    let (app, ana) = sealed_trail(&db).await;
    let bob = app.member(["audit:read"]).await;
    audit::seal(app.app()).await.unwrap();
    tamper(&db, "delete from audit_entries where resource_id = '2.1'").await;
    assert_eq!(damage(&ana).await, ["entry-missing"]);
    let his = verdict(&bob).await;
    assert_eq!((&his["intact"], &his["seals"]), (&true.into(), &1.into()));
    assert!(verdict_of(&app, None).await.intact);
    app.member(["bots:read"]).await.get("/api/v1/audit/verify").await.refused(403, "FORBIDDEN");
}

#[db_test]
async fn no_more_than_a_hundred_faults_are_told(db: PgPool) {
    let (app, ana) = sealed_trail(&db).await;
    for number in 0..120 {
        act(&app, &ana, &format!("many.{number}")).await;
    }
    audit::seal(app.app()).await.unwrap();
    tamper(&db, "delete from audit_entries where resource_id like 'many.%'").await;
    let told = verdict(&ana).await;
    assert_eq!(told["faults"].as_array().unwrap().len(), 100);
}
