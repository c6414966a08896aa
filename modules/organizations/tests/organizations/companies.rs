use crate::support::{active, app, company, fields, get, joined, post, refused, success, trail, user};
use testkit::{PgPool, Value, db_test, json};
use uuid::Uuid;

const ORGANIZATION: [&str; 6] = ["id", "name", "slug", "logo", "createdAt", "metadata"];

#[db_test]
async fn a_user_founds_a_company_and_the_session_goes_on_in_it(db: PgPool) {
    let app = app(db).await;
    let ana = user(&app).await;
    let form = json!({
        "name": "Acme", "slug": "acme", "logo": "https://example.com/a.png", "metadata": { "plan": ["a", 1] },
    });
    let founded = success(&post(&ana, "create", form).await);
    assert_eq!(fields(&founded), [&["success"][..], &ORGANIZATION, &["members"]].concat());
    assert_eq!(founded["metadata"], json!({ "plan": ["a", 1] }));
    assert_eq!((&founded["logo"], &founded["slug"]), (&json!("https://example.com/a.png"), &json!("acme")));
    assert_eq!(founded["createdAt"], "2026-01-05T12:00:00.000Z");
    let founder = &founded["members"][0];
    assert_eq!(fields(founder), ["id", "organizationId", "userId", "role", "createdAt"]);
    assert_eq!((&founder["role"], &founder["userId"]), (&json!("owner"), &json!(ana.user)));
    assert_eq!((&founder["organizationId"], &active(&ana).await), (&founded["id"], &founded["id"]));

    let id = founded["id"].as_str().unwrap();
    let own = ana.get(&format!("/api/tenant/{id}")).await.ok();
    assert_eq!((&own["type"], &own["role"], &own["isDefault"]), (&json!("company"), &json!("ceo"), &json!(false)));
    assert_eq!(ana.get("/api/tenant/current").await.ok()["id"], json!(ana.tenant), "the default one stays");
    assert_eq!(trail(&ana, id).await, ["member.added", "session.tenant-chosen", "tenant.created"]);

    app.clock().advance(kit::chrono::TimeDelta::milliseconds(1));
    let form = json!({ "name": "Other", "slug": "other", "keepCurrentActiveOrganization": true });
    let other = success(&post(&ana, "create", form).await);
    assert_eq!((&other["logo"], &other["metadata"]), (&Value::Null, &Value::Null));
    assert_eq!(active(&ana).await, founded["id"]);
    let list = get(&ana, "list").await.body();
    assert_eq!(list.as_array().unwrap().len(), 2, "and not the trader's own tenant: {list}");
    assert_eq!((fields(&list[0]), &list[1]["slug"]), (ORGANIZATION.to_vec(), &json!("other")));
}

#[db_test]
async fn a_slug_is_one_companys_and_no_name_of_ours_or_of_another_alphabet(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (user(&app).await, user(&app).await);
    company(&ana, "acme").await;
    for slug in ["acme", "www", "api", "admin", "login", "support"] {
        let taken = post(&bob, "check-slug", json!({ "slug": slug })).await;
        refused(taken, 400, "ORGANIZATION_SLUG_ALREADY_TAKEN", "Organization slug already taken");
        let taken = post(&bob, "create", json!({ "name": "Eve", "slug": slug })).await;
        refused(taken, 400, "ORGANIZATION_ALREADY_EXISTS", "Organization already exists");
    }
    let long = "x".repeat(64);
    for slug in ["", "Acme", "-a", "a.b", "a_b", "a b", "аcme", "açaí", "xn--80ak6aa92e", "a\u{0}", "../x", &long] {
        post(&bob, "check-slug", json!({ "slug": slug })).await.refused(400, "VALIDATION_ERROR");
        post(&bob, "create", json!({ "name": "Eve", "slug": slug })).await.refused(400, "VALIDATION_ERROR");
    }
    assert_eq!(success(&post(&bob, "check-slug", json!({ "slug": "acme-2" })).await)["status"], true);
}

#[db_test]
async fn of_ten_who_want_the_same_slug_at_once_one_gets_it(db: PgPool) {
    let app = app(db).await;
    let ana = user(&app).await;
    let answers =
        futures::future::join_all((0..10).map(|_| post(&ana, "create", json!({ "name": "A", "slug": "acme" })))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for refused in answers.into_iter().filter(|answer| answer.status != 200) {
        refused.refused(400, "ORGANIZATION_ALREADY_EXISTS");
    }
}

#[db_test]
async fn a_user_owns_twenty_tenants_at_most_however_fast_they_ask(db: PgPool) {
    let app = app(db).await;
    let ana = user(&app).await;
    let forms = (0..25).map(|number| json!({ "name": "A", "slug": format!("a{number}") }));
    let answers = futures::future::join_all(forms.map(|form| post(&ana, "create", form))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 19, "the trader's own tenant counts");
    for refused in answers.into_iter().filter(|answer| answer.status != 200) {
        refused.refused(403, "YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_ORGANIZATIONS");
    }
}

#[db_test]
async fn what_breaks_a_rule_is_refused_in_the_words_of_the_protocol(db: PgPool) {
    let app = app(db).await;
    let ana = user(&app).await;
    let with = |field: &str, value: Value| {
        let mut form = json!({ "name": "Acme", "slug": "acme" });
        form[field] = value;
        form
    };
    let message = "[body.name] Invalid input: expected string, received undefined";
    refused(post(&ana, "create", json!({ "slug": "acme" })).await, 400, "VALIDATION_ERROR", message);
    for (field, value) in [
        ("name", json!("")),
        ("name", json!("x".repeat(201))),
        ("name", json!("a\u{0}")),
        ("logo", json!("javascript:alert(1)")),
        ("logo", json!(format!("https://example.com/{}", "x".repeat(2048)))),
        ("metadata", json!([])),
        ("metadata", json!({ "a": { "b": "\u{0}" } })),
        ("metadata", json!({ "a\u{0}": 1 })),
        ("metadata", json!({ "a": "x".repeat(17_000) })),
    ] {
        post(&ana, "create", with(field, value)).await.refused(400, "VALIDATION_ERROR");
    }
    post(&ana, "create", with("metadata", json!({ "a": "x".repeat(70_000) }))).await.refused(413, "BODY_TOO_LARGE");
    let deep = format!("{}1{}", "{\"a\":".repeat(5000), "}".repeat(5000));
    let body = format!("{{\"name\":\"A\",\"slug\":\"a\",\"metadata\":{deep}}}");
    let answer = ana.send("POST", "/api/auth/organization/create", body.into(), Some("application/json")).await;
    answer.refused(400, "BAD_REQUEST");
    assert_eq!(get(&ana, "list").await.body(), json!([]));
}

#[db_test]
async fn the_active_organisation_is_one_of_the_users_own(db: PgPool) {
    let app = app(db).await;
    let (ana, eve) = (user(&app).await, user(&app).await);
    let (acme, other) = (company(&ana, "acme").await, company(&ana, "other").await);
    assert_eq!(active(&ana).await, json!(other));
    let chosen = success(&post(&ana, "set-active", json!({ "organizationId": acme })).await);
    assert_eq!((&chosen["id"], &active(&ana).await), (&json!(acme), &json!(acme)));
    let chosen = success(&post(&ana, "set-active", json!({ "organizationSlug": "other" })).await);
    assert_eq!((&chosen["id"], &active(&ana).await), (&json!(other), &json!(other)));
    assert_eq!(success(&post(&ana, "set-active", json!({})).await)["id"], json!(other));
    assert_eq!(get(&ana, "get-organization").await.body()["id"], json!(other));

    let message = "User is not a member of the organization";
    for stranger in [
        json!({ "organizationId": acme }),
        json!({ "organizationSlug": "acme" }),
        json!({ "organizationId": Uuid::nil() }),
        json!({ "organizationId": "nowhere" }),
        json!({ "organizationId": eve.tenant }),
    ] {
        let answer = post(&eve, "set-active", stranger).await;
        refused(answer, 403, "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION", message);
    }
    assert_eq!(active(&eve).await, Value::Null);
    assert_eq!(post(&eve, "set-active", json!({})).await.body(), Value::Null);
    for route in ["get-full-organization", "get-organization"] {
        let answer = get(&eve, route).await;
        assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, "null"), "{route}");
    }

    let nothing = post(&ana, "set-active", json!({ "organizationId": null })).await;
    assert_eq!((nothing.status.as_u16(), nothing.text().as_str()), (200, "null"));
    assert_eq!(active(&ana).await, Value::Null);
}

#[db_test]
async fn the_whole_of_an_organisation_is_its_members_and_for_those_who_invite_the_invitations(db: PgPool) {
    let app = app(db).await;
    let ana = user(&app).await;
    let acme = company(&ana, "acme").await;
    let (bob, carl) = (joined(&app, &ana, &acme, "admin").await, joined(&app, &ana, &acme, "member").await);
    for role in ["owner", "member"] {
        app.clock().advance(kit::chrono::TimeDelta::milliseconds(1));
        crate::support::invitation(&ana, &acme, &format!("{role}@example.com"), role).await;
    }
    app.run_jobs().await;
    let by_id = format!("get-full-organization?organizationId={acme}");
    let full = success(&get(&ana, &by_id).await);
    assert_eq!(fields(&full), [&["success"][..], &ORGANIZATION, &["invitations", "members"]].concat());
    assert_eq!((full["members"].as_array().unwrap().len(), full["invitations"].as_array().unwrap().len()), (3, 4));
    let member = &full["members"][0];
    assert_eq!(fields(member), ["id", "organizationId", "userId", "role", "createdAt", "user"]);
    assert_eq!(fields(&member["user"]), ["id", "name", "email", "image"]);
    assert_eq!(get(&ana, "get-full-organization").await.body(), full);
    assert_eq!(get(&ana, "get-full-organization?organizationSlug=acme").await.body(), full);
    let one = success(&get(&ana, &format!("{by_id}&membersLimit=1")).await);
    assert_eq!(one["members"].as_array().unwrap().len(), 1);
    get(&ana, &format!("{by_id}&membersLimit=many")).await.refused(400, "VALIDATION_ERROR");

    let roles = |full: &Value| {
        let roles = full["invitations"].as_array().unwrap().iter().map(|it| it["role"].as_str().unwrap().to_owned());
        roles.collect::<Vec<_>>()
    };
    assert_eq!(roles(&success(&get(&bob, &by_id).await)), ["member", "member", "admin"], "not who is to be an owner");
    assert!(roles(&success(&get(&carl, &by_id).await)).is_empty());
    let eve = user(&app).await;
    for path in [by_id.as_str(), "get-full-organization?organizationSlug=acme"] {
        get(&eve, path).await.refused(403, "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION");
    }
}

#[db_test]
async fn owners_and_admins_change_an_organisation(db: PgPool) {
    let app = app(db).await;
    let ana = user(&app).await;
    let acme = company(&ana, "acme").await;
    company(&ana, "other").await;
    let update = |data: Value| json!({ "organizationId": acme, "data": data });
    let changed = success(&post(&ana, "update", update(json!({ "name": "Acme S.A." }))).await);
    assert_eq!(fields(&changed), ["success", "id", "name", "slug", "logo", "createdAt"], "metadata was not touched");
    let data = json!({ "metadata": { "a": 1 }, "logo": "http://example.com/x", "slug": "acme-2" });
    let changed = success(&post(&ana, "update", update(data)).await);
    assert_eq!((&changed["metadata"], &changed["slug"]), (&json!({ "a": 1 }), &json!("acme-2")));
    assert_eq!((&changed["name"], &changed["logo"]), (&json!("Acme S.A."), &json!("http://example.com/x")));
    let changed = success(&post(&ana, "update", update(json!({ "logo": null, "slug": "acme-2" }))).await);
    assert_eq!((&changed["logo"], &changed["slug"]), (&Value::Null, &json!("acme-2")));

    for slug in ["other", "admin"] {
        let taken = post(&ana, "update", update(json!({ "slug": slug }))).await;
        refused(taken, 400, "ORGANIZATION_SLUG_ALREADY_TAKEN", "Organization slug already taken");
    }
    for data in [json!({ "name": "" }), json!({ "name": "a\u{0}" }), json!({ "slug": "Ä" }), json!({ "logo": "x" })] {
        post(&ana, "update", update(data)).await.refused(400, "VALIDATION_ERROR");
    }
    let (admin, member) = (joined(&app, &ana, &acme, "admin").await, joined(&app, &ana, &acme, "member").await);
    success(&post(&admin, "update", json!({ "data": { "name": "Admin's" } })).await);
    let answer = post(&member, "update", update(json!({ "name": "Mine" }))).await;
    let message = "You are not allowed to update this organization";
    refused(answer, 403, "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_ORGANIZATION", message);
    let eve = user(&app).await;
    let answer = post(&eve, "update", update(json!({ "name": "Eve's" }))).await;
    let message = "User is not a member of the organization";
    refused(answer, 400, "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION", message);
    post(&eve, "update", json!({ "data": {} })).await.refused(400, "ORGANIZATION_NOT_FOUND");
    assert_eq!(success(&get(&ana, &format!("get-organization?organizationId={acme}")).await)["name"], "Admin's");
}

#[db_test]
async fn only_an_owner_deletes_an_organisation(db: PgPool) {
    let app = app(db).await;
    let ana = user(&app).await;
    let acme = company(&ana, "acme").await;
    let (admin, member) = (joined(&app, &ana, &acme, "admin").await, joined(&app, &ana, &acme, "manager").await);
    let form = json!({ "organizationId": acme });
    for who in [&admin, &member] {
        let answer = post(who, "delete", form.clone()).await;
        let message = "You are not allowed to delete this organization";
        refused(answer, 403, "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_ORGANIZATION", message);
    }
    let eve = user(&app).await;
    post(&eve, "delete", form.clone()).await.refused(400, "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION");
    post(&eve, "delete", json!({})).await.refused(400, "ORGANIZATION_NOT_FOUND");

    let deleted = success(&post(&ana, "delete", form.clone()).await);
    assert_eq!((&deleted["id"], &deleted["slug"]), (&json!(acme), &json!("acme")));
    assert_eq!((active(&ana).await, active(&admin).await), (Value::Null, Value::Null));
    assert_eq!(get(&ana, "list").await.body(), json!([]));
    post(&ana, "delete", form).await.refused(400, "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION");
    app.keep_sessions().await;
    app.clock().advance(kit::chrono::TimeDelta::days(60));
    app.run_jobs().await;
    app.clock().advance(kit::chrono::TimeDelta::days(30));
    success(&post(&eve, "check-slug", json!({ "slug": "acme" })).await);
}

#[db_test]
async fn what_somebody_may_do_is_told_by_the_protocols_table(db: PgPool) {
    let app = app(db).await;
    let ana = user(&app).await;
    let acme = company(&ana, "acme").await;
    let admin = joined(&app, &ana, &acme, "admin").await;
    let member = joined(&app, &ana, &acme, "member").await;
    let viewer = joined(&app, &ana, &acme, "viewer").await;
    let may = async |who: &testkit::Member, wanted: Value| {
        let answer = post(who, "has-permission", json!({ "organizationId": acme, "permissions": wanted })).await;
        let body = answer.body();
        assert_eq!((answer.status.as_u16(), &body["error"]), (200, &Value::Null), "{body}");
        assert_eq!(fields(&body), ["error", "success"]);
        body["success"] == true
    };
    for (wanted, allowed) in [
        (json!({ "organization": ["delete"] }), [true, false, false, false]),
        (json!({ "organization": ["update", "delete"] }), [true, false, false, false]),
        (json!({ "organization": ["update"] }), [true, true, false, false]),
        (json!({ "member": ["create", "update", "delete"] }), [true, true, false, false]),
        (json!({ "invitation": ["create", "cancel"], "organization": ["update"] }), [true, true, false, false]),
        (json!({ "member": ["read"] }), [false; 4]),
        (json!({ "money": ["print"] }), [false; 4]),
        (json!({}), [false; 4]),
    ] {
        for (who, allowed) in [&ana, &admin, &member, &viewer].into_iter().zip(allowed) {
            assert_eq!(may(who, wanted.clone()).await, allowed, "{wanted}");
        }
    }
    let older = json!({ "permission": { "organization": ["delete"] } });
    assert_eq!(post(&ana, "has-permission", older.clone()).await.body()["success"], true);
    let eve = user(&app).await;
    post(&eve, "has-permission", older.clone()).await.refused(400, "NO_ACTIVE_ORGANIZATION");
    let mut theirs = older;
    theirs["organizationId"] = json!(acme);
    post(&eve, "has-permission", theirs).await.refused(401, "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION");
    post(&ana, "has-permission", json!({})).await.refused(400, "VALIDATION_ERROR");
    post(&ana, "has-permission", json!({ "permissions": { "a": "b" } })).await.refused(400, "VALIDATION_ERROR");
}

#[db_test]
async fn nothing_is_anybodys_without_a_session_or_from_a_foreign_page(db: PgPool) {
    let app = app(db).await;
    let posts = [
        "create",
        "check-slug",
        "set-active",
        "update",
        "delete",
        "has-permission",
        "invite-member",
        "accept-invitation",
        "reject-invitation",
        "cancel-invitation",
        "update-member-role",
        "remove-member",
        "leave",
    ];
    for route in posts {
        let path = crate::support::path(route);
        refused(app.stranger().post(&path, &json!({})).await, 401, "UNAUTHORIZED", "Unauthorized");
        let foreign = app.stranger().with("cookie", "a=b").with("origin", "https://evil.example");
        foreign.post(&path, &json!({})).await.refused(403, "INVALID_ORIGIN");
    }
    for route in [
        "list",
        "get-organization",
        "get-full-organization",
        "get-invitation?id=x",
        "list-invitations",
        "list-user-invitations",
        "list-members",
        "get-active-member",
        "get-active-member-role",
    ] {
        app.stranger().get(&crate::support::path(route)).await.refused(401, "UNAUTHORIZED");
    }
}
