use crate::support::{THINGS, ana, app, entries, key, update};
use testkit::{PgPool, TestApp, db_test, json};

#[db_test]
async fn a_key_with_a_list_is_used_from_its_networks_alone(db: PgPool) {
    let app = app(db).await;
    let ana = ana(&app).await;
    let list = json!(["192.0.2.0/24", "198.51.100.7", "2001:db8:a::/48"]);
    let key = key(&app, &ana, json!({ "ipAllowlist": list })).await;
    for allowed in ["192.0.2.200", "198.51.100.7", "::ffff:192.0.2.1", "2001:db8:a:ffff::1"] {
        key.bot.from(allowed).get("/things").await.ok();
    }
    for refused in ["192.0.3.1", "198.51.100.8", "2001:db8:b::1", "::1", "::ffff:10.0.0.1"] {
        key.bot.from(refused).get("/things").await.refused(403, "IP_NOT_ALLOWED");
    }
    // from an address that is not known
    key.bot.get("/things").await.refused(403, "IP_NOT_ALLOWED");
    update(&ana, &key, json!({ "ipAllowlist": null })).await;
    key.bot.from("192.0.3.1").get("/things").await.ok();
}

#[db_test]
async fn only_a_trusted_proxy_is_believed_about_the_address(db: PgPool) {
    let app = TestApp::with(db, [api_keys::module(), THINGS], |mut parts| {
        parts.settings.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        parts
    })
    .await;
    let ana = ana(&app).await;
    let key = key(&app, &ana, json!({ "ipAllowlist": ["192.0.2.7"] })).await;
    let call =
        async |peer: &str, forwarded: &str| key.bot.from(peer).with("x-forwarded-for", forwarded).get("/things").await;
    call("10.0.0.1", "192.0.2.7").await.ok();
    call("10.0.0.1", "203.0.113.9, 192.0.2.7, 10.0.0.2").await.ok();
    call("10.0.0.1", "192.0.2.7, 203.0.113.9").await.refused(403, "IP_NOT_ALLOWED");
    call("203.0.113.9", "192.0.2.7").await.refused(403, "IP_NOT_ALLOWED");
    call("192.0.2.7", "203.0.113.9").await.ok();
}

#[db_test]
async fn each_new_address_is_in_the_trail_once(db: PgPool) {
    let here = app(db.clone()).await;
    let there = here.beside(db, [api_keys::module(), THINGS]).await;
    let ana = ana(&here).await;
    let key = key(&here, &ana, json!({ "ipAllowlist": ["192.0.2.0/24"] })).await;
    let away = there.stranger().with("x-api-key", &key.secret);
    for bot in [&key.bot, &away, &key.bot] {
        for address in ["192.0.2.1", "192.0.2.2"] {
            bot.from(address).get("/things").await.ok();
        }
        bot.from("203.0.113.9").get("/things").await.refused(403, "IP_NOT_ALLOWED");
    }
    let addresses = async |action| {
        let entries = entries(&ana, action).await;
        let of = |entry: &testkit::Value| {
            assert_eq!((&entry["resourceId"], &entry["ip"]), (&json!(key.id), &entry["after"]["address"]));
            entry["ip"].as_str().unwrap().to_owned()
        };
        let mut addresses: Vec<_> = entries.iter().map(of).collect();
        addresses.sort();
        addresses
    };
    assert_eq!(addresses("api-key.used-from-new-address").await, ["192.0.2.1", "192.0.2.2"]);
    assert_eq!(addresses("api-key.refused-at-address").await, ["203.0.113.9"]);
}
