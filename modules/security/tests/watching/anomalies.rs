use crate::support::{all_events, kinds, operator, own_events, sign_in, with_password};
use chrono::TimeDelta;
use security::{Geo, Security, SecuritySettings};
use testkit::{Member, PgPool, TestApp, db_test, json};
use users::Role;

/// São Paulo, Rio de Janeiro, Lisbon, and Tokyo by IPv6.
const PLACES: &str = "198.18.0.0,198.18.255.255,BR,-23.55,-46.63
198.19.0.0,198.19.255.255,BR,-22.91,-43.17
203.0.113.0,203.0.113.255,PT,38.72,-9.14
2001:db8::,2001:db8:ffff:ffff:ffff:ffff:ffff:ffff,JP,35.68,139.69
";

async fn located(db: PgPool) -> (TestApp, Member) {
    let settings = SecuritySettings { geo: Some(Geo::read(PLACES.as_bytes()).unwrap()), ..SecuritySettings::default() };
    let app = TestApp::with(db, [], |parts| parts.provide(Security::new(settings))).await;
    let ana = app.member([]).await;
    with_password(&app, &ana).await;
    (app, ana)
}

fn strange(kinds: &[String]) -> Vec<&str> {
    let known = ["new-device", "new-network", "new-country", "impossible-travel"];
    kinds.iter().map(String::as_str).filter(|kind| known.contains(kind)).collect()
}

fn subjects(app: &TestApp, member: &Member) -> Vec<String> {
    app.outbox().emails().into_iter().filter(|mail| mail.to == member.email).map(|mail| mail.subject).collect()
}

#[db_test]
async fn the_first_place_is_no_news_and_neither_is_the_same_again(db: PgPool) {
    let (app, ana) = located(db).await;
    sign_in(&app, &ana.email, "198.18.0.1").await;
    let client = sign_in(&app, &ana.email, "198.18.0.1").await;
    let events = own_events(&client).await;
    assert_eq!(kinds(&events), ["signed-in", "signed-in"]);
    assert_eq!(events[0]["country"], "BR");
    assert!(subjects(&app, &ana).is_empty());
}

#[db_test]
async fn a_new_network_of_the_same_country_is_noticed_and_no_mail_is_sent_of_the_country(db: PgPool) {
    let (app, ana) = located(db).await;
    sign_in(&app, &ana.email, "198.18.0.1").await;
    let client = sign_in(&app, &ana.email, "198.19.0.1").await;
    assert_eq!(strange(&kinds(&own_events(&client).await)), ["new-device", "new-network"]);
    assert_eq!(subjects(&app, &ana), ["Sign-in from a new device"]);
}

#[db_test]
async fn a_new_country_is_noticed_and_told_when_there_was_time_to_travel(db: PgPool) {
    let (app, ana) = located(db).await;
    sign_in(&app, &ana.email, "198.18.0.1").await;
    app.clock().advance(TimeDelta::hours(10));
    let client = sign_in(&app, &ana.email, "203.0.113.1").await;
    assert_eq!(strange(&kinds(&own_events(&client).await)), ["new-device", "new-network", "new-country"]);
    assert_eq!(subjects(&app, &ana), ["Sign-in from a new device", "Sign-in from a new country"]);
    let admin = operator(&app, Role::Admin).await;
    let event = all_events(&admin, "kind=new-country").await;
    let last = json!({ "network": "198.18.0.0/16", "country": "BR", "at": "2026-01-05T12:00:00.000Z" });
    assert_eq!(event[0]["detail"], json!({ "network": "203.0.0.0/16", "country": "PT", "last": last }));
    assert_eq!((&event[0]["userId"], &event[0]["severity"]), (&json!(ana.user), &json!("warning")));
    // back and forth between two known countries is no news
    app.clock().advance(TimeDelta::hours(10));
    sign_in(&app, &ana.email, "198.18.0.1").await;
    assert_eq!(all_events(&admin, "kind=new-country").await.as_array().unwrap().len(), 1);
}

#[db_test]
async fn travel_that_nobody_can_have_made_is_noticed_and_told(db: PgPool) {
    let (app, ana) = located(db).await;
    sign_in(&app, &ana.email, "198.18.0.1").await;
    app.clock().advance(TimeDelta::hours(8));
    let client = sign_in(&app, &ana.email, "2001:db8::1").await;
    let all = kinds(&own_events(&client).await);
    assert_eq!(strange(&all), ["new-device", "new-network", "new-country", "impossible-travel"]);
    assert_eq!(subjects(&app, &ana), ["Sign-in from a new device", "Sign-in from too far away"]);
    let events = client.get("/api/user/security-events?severity=critical").await.ok();
    assert_eq!((kinds(&events), &events[0]["country"]), (vec!["impossible-travel".to_owned()], &json!("JP")));
}

#[db_test]
async fn without_a_list_of_places_networks_stand_in_for_countries(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = app.member([]).await;
    with_password(&app, &ana).await;
    sign_in(&app, &ana.email, "198.18.0.1").await;
    sign_in(&app, &ana.email, "198.18.200.1").await;
    let client = sign_in(&app, &ana.email, "203.0.113.1").await;
    let events = own_events(&client).await;
    // the /24 is new twice, the /16 once
    assert_eq!(strange(&kinds(&events)), ["new-device", "new-device", "new-network"]);
    assert!(events.as_array().unwrap().iter().all(|event| event["country"].is_null()));
}

#[db_test]
async fn where_one_user_was_says_nothing_of_another(db: PgPool) {
    let (app, ana) = located(db).await;
    let bob = app.member([]).await;
    with_password(&app, &bob).await;
    sign_in(&app, &ana.email, "198.18.0.1").await;
    let client = sign_in(&app, &bob.email, "2001:db8::1").await;
    assert_eq!(kinds(&own_events(&client).await), ["signed-in"]);
}
