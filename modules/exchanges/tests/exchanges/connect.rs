use crate::fake::{ALL, KEY, PATH, SECRET, SOUND, connected, refused, unavailable, wish, wish_with, with_fake};
use exchanges::{KeyInfo, VenueError};
use kit::chrono::TimeDelta;
use testkit::{Member, PgPool, Value, db_test, json};

/// What was done to connections, the first first.
async fn trail(member: &Member) -> Vec<String> {
    let trail = member.get("/api/v1/audit?resource=exchange_connection").await.ok();
    trail.as_array().unwrap().iter().rev().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect()
}

fn codes(connection: &Value) -> Vec<&str> {
    let warnings = connection["warnings"].as_array().unwrap();
    warnings.iter().map(|warning| warning["code"].as_str().unwrap()).collect()
}

#[db_test]
async fn the_catalogue_tells_what_can_be_done_with_each_exchange(db: PgPool) {
    let (app, _) = with_fake(db).await;
    let ana = app.member(ALL).await;
    let exchanges = ana.get("/api/v1/exchanges").await.ok();
    let expected = json!({
        "name": "binance", "candles": true, "trading": true, "orderKinds": ["market"], "connections": true
    });
    assert_eq!(exchanges[0], expected);
    assert_eq!((&exchanges[1]["name"], &exchanges[1]["connections"]), (&json!("paper"), &json!(false)));
    let kinds = exchanges[1]["orderKinds"].as_array().unwrap();
    assert!(kinds.contains(&json!("trailingStop")) && kinds.contains(&json!("market")), "{kinds:?}");
}

#[db_test]
async fn an_account_is_connected_once_the_exchange_takes_its_key(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let ana = app.member(ALL).await;
    let made = ana.post(PATH, &wish("wxyz")).await.created();
    assert_eq!(fake.asked(), [(format!("{KEY}wxyz"), SECRET.to_owned())]);
    assert_eq!(
        (&made["exchange"], &made["label"], &made["status"]),
        (&json!("binance"), &json!("Main"), &json!("active"))
    );
    assert_eq!(made["keyMask"], "…wxyz");
    assert_eq!(made["permissions"], json!({ "read": true, "trade": true, "withdraw": false }));
    assert_eq!((&made["ipRestricted"], &made["warnings"]), (&json!(true), &json!([])));
    assert_eq!(made["createdBy"], ana.user.to_string());
    let path = format!("{PATH}/{}", made["id"].as_str().unwrap());
    assert_eq!(ana.get(&path).await.ok(), made);
    assert_eq!(ana.get(PATH).await.ok(), json!([made]));
    assert_eq!(trail(&ana).await, ["exchange_connection.created"]);
}

#[db_test]
async fn a_key_that_can_withdraw_is_refused_unless_it_is_asked_for(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let ana = app.member(ALL).await;
    fake.says(Ok(KeyInfo { withdraw: true, ..SOUND }));
    ana.post(PATH, &wish("")).await.refused(422, "KEY_CAN_WITHDRAW");
    ana.post(PATH, &wish_with("allowWithdrawals", false)).await.refused(422, "KEY_CAN_WITHDRAW");
    assert_eq!((ana.get(PATH).await.ok(), trail(&ana).await), (json!([]), vec![]));
    let made = ana.post(PATH, &wish_with("allowWithdrawals", true)).await.created();
    assert_eq!(codes(&made), ["KEY_CAN_WITHDRAW"]);
    let actions = ["exchange_connection.created", "exchange_connection.withdrawals_allowed"];
    assert_eq!(trail(&ana).await, actions);
    let path = format!("{PATH}/{}", made["id"].as_str().unwrap());
    ana.patch(&path, &json!({ "allowWithdrawals": false })).await.invalid("allowWithdrawals");
    assert_eq!(ana.get(&path).await.ok(), made);
}

#[db_test]
async fn a_key_that_gives_little_or_works_anywhere_is_taken_with_a_warning(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let ana = app.member(ALL).await;
    fake.says(Ok(KeyInfo { trade: false, ip_restricted: false, ..SOUND }));
    let made = ana.post(PATH, &wish("")).await.created();
    assert_eq!(codes(&made), ["KEY_CANNOT_TRADE", "KEY_WORKS_ANYWHERE"]);
}

#[db_test]
async fn what_the_exchange_does_not_take_is_not_kept(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let ana = app.member(ALL).await;
    fake.says(refused("Invalid API-key. (-2015)"));
    let told = ana.post(PATH, &wish("")).await.refused(422, "KEY_REFUSED");
    assert!(told["message"].as_str().unwrap().contains("Invalid API-key. (-2015)"));
    fake.says(Ok(KeyInfo { read: false, ..SOUND }));
    ana.post(PATH, &wish("")).await.refused(422, "KEY_REFUSED");
    fake.says(Err(VenueError::Wrong("no JSON".to_owned())));
    ana.post(PATH, &wish("")).await.refused(502, "EXCHANGE_ANSWERS_WRONGLY");
    fake.says(Err(VenueError::Clock("outside of the window".to_owned())));
    ana.post(PATH, &wish("")).await.refused(503, "EXCHANGE_CLOCK_DIFFERS");
    fake.says(Err(unavailable()));
    ana.post(PATH, &wish("")).await.refused(503, "EXCHANGE_UNAVAILABLE");
    let until = Some(app.clock().now() + TimeDelta::seconds(90));
    fake.says(Err(VenueError::Unavailable { message: "Banned.".to_owned(), until }));
    let banned = ana.post(PATH, &wish("")).await;
    assert_eq!(banned.header("retry-after"), "90");
    banned.refused(503, "EXCHANGE_UNAVAILABLE");
    fake.falls_silent();
    ana.post(PATH, &wish("")).await.refused(503, "EXCHANGE_UNAVAILABLE");
    assert_eq!((ana.get(PATH).await.ok(), trail(&ana).await), (json!([]), vec![]));
}

#[db_test]
async fn the_same_key_is_connected_once_in_a_tenant(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let (ana, bob) = (app.member(ALL).await, app.member(ALL).await);
    connected(&ana, &wish("")).await;
    fake.asked();
    ana.post(PATH, &wish_with("label", "Again")).await.refused(409, "CONNECTION_EXISTS");
    assert!(fake.asked().is_empty(), "the exchange need not be asked");
    connected(&ana, &wish("2")).await;
    connected(&bob, &wish("")).await;
    let fingerprint = async |member: &Member| member.get(PATH).await.ok()[0]["fingerprint"].clone();
    assert_ne!(fingerprint(&ana).await, fingerprint(&bob).await, "one tenant's does not tell of another's");
}

#[db_test]
async fn of_two_who_connect_the_same_key_at_once_one_does(db: PgPool) {
    let (app, _) = with_fake(db).await;
    let ana = app.member(ALL).await;
    let wish = wish("");
    let (one, other) = futures::join!(ana.post(PATH, &wish), ana.post(PATH, &wish));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
}

#[db_test]
async fn bad_input_names_its_fault_and_is_not_repeated(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let ana = app.member(ALL).await;
    let paper = ana.post(PATH, &json!({ "exchange": "paper", "label": "Paper" })).await.invalid("exchange");
    assert!(paper["message"].as_str().unwrap().contains("paper bots need no connection"), "{paper}");
    for (field, value) in [
        ("exchange", json!("kraken")),
        ("exchange", json!("")),
        ("exchange", json!("Binance!")),
        ("exchange", json!("x".repeat(33))),
        ("label", json!("")),
        ("label", json!("x".repeat(101))),
        ("apiKey", json!("too short")),
        ("apiKey", json!("x".repeat(257))),
        ("apiKey", json!(format!(" {KEY}"))),
        ("apiSecret", json!(format!("{SECRET}\n"))),
        ("apiSecret", json!("ä".repeat(20))),
        ("allowWithdrawals", json!("yes")),
        ("colour", json!("red")),
    ] {
        let told = ana.post(PATH, &wish_with(field, value)).await.invalid(field);
        assert!(!told.to_string().contains(SECRET), "{told}");
    }
    let mut incomplete = wish("");
    incomplete.as_object_mut().unwrap().remove("apiSecret");
    ana.post(PATH, &incomplete).await.refused(422, "VALIDATION_ERROR");
    assert!(fake.asked().is_empty());
}
