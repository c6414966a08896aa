use crate::fake::{ALL, KEY, PATH, SECRET, SOUND, connected, refused, unavailable, wish, with_fake};
use exchanges::{Balance, KeyInfo, VenueError};
use kit::chrono::TimeDelta;
use testkit::{PgPool, db_test, json};

fn balance(asset: &str, free: &str, locked: &str) -> Balance {
    Balance { asset: asset.to_owned(), free: free.parse().unwrap(), locked: locked.parse().unwrap() }
}

#[db_test]
async fn a_test_asks_the_exchange_and_tells_what_has_become_of_the_key(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let ana = app.member(ALL).await;
    let path = connected(&ana, &wish("")).await;
    let test = format!("{path}/test");
    let can_withdraw = Ok(KeyInfo { withdraw: true, ..SOUND });
    // each step from where the one before has led
    for (said, status) in [
        (Ok(SOUND), "active"),
        (Err(unavailable()), "unreachable"),
        (Err(VenueError::Wrong("no JSON".to_owned())), "unreachable"),
        (refused("gone"), "refused"),
        (Err(unavailable()), "refused"),
        (refused("still gone"), "refused"),
        (Ok(SOUND), "active"),
        (can_withdraw, "refused"),
        (Ok(SOUND), "active"),
        (Err(unavailable()), "unreachable"),
        (Ok(SOUND), "active"),
    ] {
        fake.says(said.clone());
        app.clock().advance(TimeDelta::minutes(1));
        let tested = ana.post(&test, &json!({})).await.ok();
        assert_eq!(tested["status"], status, "{said:?}");
        assert_eq!(tested["message"].is_null(), status == "active", "{tested}");
        assert_eq!(tested["probedAt"], app.clock().now().to_string());
        assert_eq!(ana.get(&path).await.ok(), tested);
    }
    let asked = fake.asked();
    assert_eq!(asked.len(), 12);
    assert!(asked.iter().all(|it| *it == (KEY.to_owned(), SECRET.to_owned())), "by what was sealed");
    let trail = ana.get("/api/v1/audit?resource=exchange_connection&limit=1").await.ok();
    assert_eq!(trail[0]["action"], "exchange_connection.tested");
    assert_eq!(
        (&trail[0]["before"]["status"], &trail[0]["after"]["status"]),
        (&json!("unreachable"), &json!("active"))
    );
}

#[db_test]
async fn a_key_that_was_refused_stays_so_for_the_reason_it_was(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let ana = app.member(ALL).await;
    let test = format!("{}/test", connected(&ana, &wish("")).await);
    fake.says(refused("gone"));
    let before = ana.post(&test, &json!({})).await.ok();
    fake.says(Err(unavailable()));
    assert_eq!(ana.post(&test, &json!({})).await.ok()["message"], before["message"]);
}

#[db_test]
async fn withdrawals_that_are_allowed_later_make_the_key_sound_at_the_next_test(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let ana = app.member(ALL).await;
    let path = connected(&ana, &wish("")).await;
    fake.says(Ok(KeyInfo { withdraw: true, ..SOUND }));
    ana.post(&format!("{path}/test"), &json!({})).await.ok();
    let changed = ana.patch(&path, &json!({ "allowWithdrawals": true, "label": "Savings" })).await.ok();
    assert_eq!((&changed["status"], &changed["label"]), (&json!("refused"), &json!("Savings")));
    assert_eq!(ana.post(&format!("{path}/test"), &json!({})).await.ok()["status"], "active");
    let trail = ana.get("/api/v1/audit?resource=exchange_connection&limit=3").await.ok();
    let actions: Vec<_> = trail.as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions[1..], ["exchange_connection.withdrawals_allowed", "exchange_connection.updated"]);
}

#[db_test]
async fn a_change_of_nothing_changes_nothing(db: PgPool) {
    let (app, _) = with_fake(db).await;
    let ana = app.member(ALL).await;
    let path = connected(&ana, &wish("")).await;
    let before = ana.get(&path).await.ok();
    app.clock().advance(TimeDelta::minutes(1));
    assert_eq!(ana.patch(&path, &json!({})).await.ok(), before);
    assert_eq!(ana.patch(&path, &json!({ "label": "Main" })).await.ok(), before);
    ana.patch(&path, &json!({ "label": "" })).await.invalid("label");
    ana.patch(&path, &json!({ "apiSecret": SECRET })).await.invalid("apiSecret");
    assert_eq!(ana.get("/api/v1/audit?resource=exchange_connection").await.ok().as_array().unwrap().len(), 1);
}

#[db_test]
async fn balances_are_asked_for_at_the_moment_and_nothing_is_left_out_but_nothing(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let ana = app.member(ALL).await;
    let path = format!("{}/balances", connected(&ana, &wish("")).await);
    fake.holds(Ok(vec![balance("USDT", "0.50", "12.25"), balance("BNB", "0", "0"), balance("BTC", "0", "1")]));
    let told = ana.get(&path).await.ok();
    let expected = json!([
        { "asset": "BTC", "free": "0", "locked": "1" },
        { "asset": "USDT", "free": "0.5", "locked": "12.25" },
    ]);
    assert_eq!((&told["balances"], &told["at"]), (&expected, &json!(app.clock().now().to_string())));
    fake.holds(Err(unavailable()));
    ana.get(&path).await.refused(503, "EXCHANGE_UNAVAILABLE");
    fake.holds(Err(VenueError::KeyRefused("gone".to_owned())));
    ana.get(&path).await.refused(422, "KEY_REFUSED");
}

#[db_test]
async fn by_a_key_that_was_refused_nobody_asks_for_balances(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let ana = app.member(ALL).await;
    let path = connected(&ana, &wish("")).await;
    fake.says(refused("gone"));
    ana.post(&format!("{path}/test"), &json!({})).await.ok();
    fake.asked();
    ana.get(&format!("{path}/balances")).await.refused(409, "CONNECTION_REFUSED");
    assert!(fake.asked().is_empty());
    assert_eq!(ana.get(PATH).await.ok()[0]["status"], "refused");
}
