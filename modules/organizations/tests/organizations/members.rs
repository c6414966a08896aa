use crate::support::{active, app, company, fields, get, joined, member_id, post, refused, success, trail, user};
use testkit::{Member, PgPool, TestApp, Value, db_test, json};
use uuid::Uuid;

#[db_test]
async fn members_are_listed_filtered_sorted_and_paged(db: PgPool) {
    let app = app(db).await;
    let ana = user(&app).await;
    let acme = company(&ana, "acme").await;
    for role in ["admin", "member", "manager", "member"] {
        joined(&app, &ana, &acme, role).await;
    }
    let list = async |query: &str| {
        let list = success(&get(&ana, &format!("list-members?organizationId={acme}{query}")).await);
        let roles = list["members"].as_array().unwrap().iter().map(|it| it["role"].as_str().unwrap().to_owned());
        (roles.collect::<Vec<_>>().join(" "), list["total"].as_u64().unwrap())
    };
    assert_eq!(list("").await, ("owner admin member manager member".to_owned(), 5));
    assert_eq!(list("&limit=2").await, ("owner admin".to_owned(), 5));
    assert_eq!(list("&limit=2&offset=3").await, ("manager member".to_owned(), 5));
    assert_eq!(list("&offset=9").await, (String::new(), 5));
    assert_eq!(list("&sortBy=role&sortDirection=desc").await.0, "owner member member manager admin");
    assert_eq!(list("&filterField=role&filterValue=member").await, ("member member".to_owned(), 2));
    assert_eq!(list("&filterField=role&filterOperator=ne&filterValue=member").await.1, 3);
    assert_eq!(list("&filterField=role&filterOperator=in&filterValue=owner,admin").await.1, 2);
    assert_eq!(list("&filterField=role&filterOperator=in&filterValue=owner&filterValue=admin").await.1, 2);
    assert_eq!(list("&filterField=role&filterOperator=not_in&filterValue=owner,admin").await.1, 3);
    assert_eq!(list("&filterField=role&filterOperator=contains&filterValue=m").await.1, 4);
    assert_eq!(list("&filterField=role&filterOperator=starts_with&filterValue=ma").await.1, 1);
    assert_eq!(list("&filterField=role&filterOperator=ends_with&filterValue=er").await.1, 4);
    assert_eq!(list("&filterField=createdAt&filterOperator=lt&filterValue=2026-01-05T12:00:00.001Z").await.1, 1);
    assert_eq!(list("&filterField=createdAt&filterOperator=gte&filterValue=2026-01-05T12:00:00.000Z").await.1, 5);
    for wrong in [
        "limit=x",
        "limit=-1",
        "offset=x",
        "sortBy=password",
        "sortDirection=up",
        "filterField=email",
        "filterField=role&filterOperator=like",
    ] {
        get(&ana, &format!("list-members?organizationId={acme}&{wrong}")).await.refused(400, "VALIDATION_ERROR");
    }
    assert_eq!(get(&ana, "list-members?organizationSlug=acme").await.body()["total"], 5);
    let eve = user(&app).await;
    let answer = get(&eve, &format!("list-members?organizationId={acme}")).await;
    refused(answer, 403, "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION", "You are not a member of this organization");
    refused(get(&eve, "list-members").await, 400, "NO_ACTIVE_ORGANIZATION", "No active organization");
}

#[db_test]
async fn a_member_sees_the_own_place_in_the_active_organisation(db: PgPool) {
    let app = app(db).await;
    let ana = user(&app).await;
    let acme = company(&ana, "acme").await;
    let bob = joined(&app, &ana, &acme, "manager").await;
    let own = success(&get(&bob, "get-active-member").await);
    assert_eq!(fields(&own), ["success", "id", "organizationId", "userId", "role", "createdAt", "user"]);
    assert_eq!((&own["role"], &own["user"]["email"]), (&json!("manager"), &json!(bob.email)));
    assert_eq!(success(&get(&bob, "get-active-member-role").await)["role"], "manager");
    let others = format!("get-active-member-role?userId={}", ana.user);
    assert_eq!(success(&get(&bob, &others).await)["role"], "owner");
    for nobody in [Uuid::nil().to_string(), "x".to_owned()] {
        let answer = get(&bob, &format!("get-active-member-role?userId={nobody}")).await;
        answer.refused(403, "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION");
    }
    let eve = user(&app).await;
    for route in ["get-active-member", "get-active-member-role"] {
        get(&eve, route).await.refused(400, "NO_ACTIVE_ORGANIZATION");
    }
    let theirs = format!("get-active-member-role?organizationId={acme}");
    get(&eve, &theirs).await.refused(403, "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION");
}

async fn set_role(by: &Member, company: &str, whose: &str, role: Value) -> testkit::Answer {
    post(by, "update-member-role", json!({ "organizationId": company, "memberId": whose, "role": role })).await
}

#[db_test]
async fn nobody_gives_or_takes_a_role_above_their_own(db: PgPool) {
    let app = app(db).await;
    let ana = user(&app).await;
    let acme = company(&ana, "acme").await;
    let (admin, bob) = (joined(&app, &ana, &acme, "admin").await, joined(&app, &ana, &acme, "member").await);
    let owner_id = member_id(&acme, &ana).await;
    let (admin_id, bob_id) = (member_id(&acme, &admin).await, member_id(&acme, &bob).await);
    let changed = success(&set_role(&admin, &acme, &bob_id, json!(["manager"])).await);
    assert_eq!(fields(&changed), ["success", "id", "organizationId", "userId", "role", "createdAt"]);
    assert_eq!((&changed["role"], &changed["id"]), (&json!("manager"), &json!(bob_id)));

    let message = "You are not allowed to update this member";
    for (by, whose, role) in [
        (&admin, &admin_id, "owner"),
        (&admin, &bob_id, "owner"),
        (&admin, &bob_id, "ceo"),
        (&admin, &owner_id, "member"),
        (&bob, &bob_id, "admin"),
        (&bob, &bob_id, "owner"),
        (&bob, &admin_id, "viewer"),
    ] {
        let answer = set_role(by, &acme, whose, json!(role)).await;
        refused(answer, 403, "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER", message);
    }
    refused(set_role(&ana, &acme, &bob_id, json!("boss")).await, 400, "ROLE_NOT_FOUND", "ROLE_NOT_FOUND: boss");
    for wrong in [json!("admin,member"), json!(["admin", "member"]), json!(5), json!(vec!["admin"; 17])] {
        set_role(&ana, &acme, &bob_id, wrong).await.refused(400, "VALIDATION_ERROR");
    }
    set_role(&ana, &acme, &bob_id, json!(["a\u{0}"])).await.refused(400, "VALIDATION_ERROR");
    set_role(&ana, &acme, &bob_id, json!("")).await.refused(400, "ROLE_NOT_FOUND");
    for nobody in [Uuid::nil().to_string(), "x".to_owned(), bob.user.to_string()] {
        set_role(&ana, &acme, &nobody, json!("admin")).await.refused(400, "MEMBER_NOT_FOUND");
    }
    let eve = user(&app).await;
    let evil = company(&eve, "evil").await;
    set_role(&eve, &acme, &bob_id, json!("admin")).await.refused(400, "MEMBER_NOT_FOUND");
    set_role(&eve, &evil, &bob_id, json!("admin")).await.refused(400, "MEMBER_NOT_FOUND");
    assert_eq!(success(&get(&bob, "get-active-member-role").await)["role"], "manager");
    assert_eq!(success(&set_role(&ana, &acme, &bob_id, json!(" owner, ")).await)["role"], "owner");
    let trail = trail(&ana, &acme).await;
    assert_eq!(trail.iter().filter(|action| *action == "member.role-changed").count(), 2);
}

#[db_test]
async fn a_role_of_the_companys_own_gives_no_more_than_it_holds(db: PgPool) {
    let app = app(db).await;
    let ana = user(&app).await;
    let acme = company(&ana, "acme").await;
    #[expect(clippy::disallowed_methods, reason = "a test makes roles")]
    let scope = kit::Scope::new(acme.parse().unwrap(), None);
    let mut tx = app.system().await.enter(scope).await.unwrap();
    let hr = ["members:manage", "members:read", "bots:read"].map(str::to_owned);
    ::tenants::define_role(&mut tx, "hr", &hr).await.unwrap();
    ::tenants::define_role(&mut tx, "watch", &["bots:read".to_owned()]).await.unwrap();
    for name in ["owner", "member", "a,b"] {
        let taken = ::tenants::define_role(&mut tx, name, &[]).await.unwrap_err();
        assert_eq!(taken.code(), "ROLE_NAME_TAKEN", "{name} would pass for another");
    }
    tx.commit().await.unwrap();
    let hr = joined(&app, &ana, &acme, "hr").await;
    let watch = joined(&app, &hr, &acme, "watch").await;
    let id = member_id(&acme, &ana).await;
    for role in ["viewer", "member", "admin", "owner"] {
        let form = json!({ "organizationId": acme, "email": "x@example.com", "role": role });
        post(&hr, "invite-member", form).await.refused(403, "YOU_ARE_NOT_ALLOWED_TO_INVITE_USER_WITH_THIS_ROLE");
    }
    set_role(&hr, &acme, &id, json!("watch")).await.refused(403, "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER");
    let path = format!("get-full-organization?organizationId={acme}");
    get(&watch, &path).await.refused(403, "FORBIDDEN");
    get(&watch, "list-members").await.refused(403, "FORBIDDEN");
    assert_eq!(success(&get(&watch, "get-active-member").await)["role"], "watch");
    let form = json!({ "memberIdOrEmail": watch.email });
    success(&post(&hr, "remove-member", form).await);
}

#[db_test]
async fn members_are_removed_by_those_who_may(db: PgPool) {
    let app = app(db).await;
    let ana = user(&app).await;
    let acme = company(&ana, "acme").await;
    let admin = joined(&app, &ana, &acme, "admin").await;
    let (bob, carl) = (joined(&app, &ana, &acme, "member").await, joined(&app, &ana, &acme, "member").await);
    let remove = async |by: &Member, whom: &str| {
        post(by, "remove-member", json!({ "organizationId": acme, "memberIdOrEmail": whom })).await
    };
    let message = "You are not allowed to delete this member";
    for whom in [&carl.email, &bob.email] {
        refused(remove(&bob, whom).await, 401, "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_MEMBER", message);
    }
    let message = "You cannot leave the organization as the only owner";
    for by in [&admin, &bob, &ana] {
        refused(remove(by, &ana.email).await, 400, "YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER", message);
    }
    let carls = member_id(&acme, &carl).await;
    let removed = success(&remove(&admin, &carls).await);
    assert_eq!(fields(&removed), ["success", "member"]);
    assert_eq!((&removed["member"]["userId"], &removed["member"]["role"]), (&json!(carl.user), &json!("member")));
    success(&remove(&admin, &bob.email.to_uppercase()).await);
    remove(&admin, &bob.email).await.refused(400, "MEMBER_NOT_FOUND");
    remove(&admin, &Uuid::nil().to_string()).await.refused(400, "MEMBER_NOT_FOUND");
    let eve = user(&app).await;
    company(&eve, "evil").await;
    remove(&eve, &admin.email).await.refused(400, "MEMBER_NOT_FOUND");
    post(&eve, "remove-member", json!({ "memberIdOrEmail": admin.email })).await.refused(400, "MEMBER_NOT_FOUND");

    assert_eq!(active(&bob).await, Value::Null, "the session no longer names what was left");
    assert_eq!(get(&bob, "list").await.body(), json!([]));
    bob.with("x-tenant-id", &acme).get("/api/tenant/current").await.refused(404, "TENANT_NOT_FOUND");
    assert_eq!(trail(&ana, &acme).await.iter().filter(|action| *action == "member.removed").count(), 2);
}

#[db_test]
async fn the_last_owner_stays(db: PgPool) {
    let app = app(db).await;
    let ana = user(&app).await;
    let acme = company(&ana, "acme").await;
    let bob = joined(&app, &ana, &acme, "admin").await;
    let (anas, bobs) = (member_id(&acme, &ana).await, member_id(&acme, &bob).await);
    let leave = json!({ "organizationId": acme });
    let message = "You cannot leave the organization as the only owner";
    let answer = post(&ana, "leave", leave.clone()).await;
    refused(answer, 400, "YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER", message);
    let answer = set_role(&ana, &acme, &anas, json!("admin")).await;
    let message = "You cannot leave the organization without an owner";
    refused(answer, 400, "YOU_CANNOT_LEAVE_THE_ORGANIZATION_WITHOUT_AN_OWNER", message);

    success(&set_role(&ana, &acme, &bobs, json!("owner")).await);
    let left = success(&post(&ana, "leave", leave.clone()).await);
    assert_eq!((&left["role"], &left["user"]["email"]), (&json!("owner"), &json!(ana.email)));
    assert_eq!(active(&ana).await, Value::Null);
    post(&ana, "leave", leave.clone()).await.refused(400, "MEMBER_NOT_FOUND");
    post(&ana, "leave", json!({})).await.refused(400, "NO_ACTIVE_ORGANIZATION");
    post(&bob, "leave", leave).await.refused(400, "YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER");
}

async fn two_owners(app: &TestApp, slug: &str) -> (Member, Member, String) {
    let ana = user(app).await;
    let acme = company(&ana, slug).await;
    let bob = joined(app, &ana, &acme, "owner").await;
    (ana, bob, acme)
}

#[db_test]
async fn of_two_last_owners_who_go_at_the_same_moment_one_stays(db: PgPool) {
    let app = app(db).await;
    for round in 0..5 {
        let (ana, bob, acme) = two_owners(&app, &format!("leave-{round}")).await;
        let leave = json!({ "organizationId": acme });
        let (one, other) = futures::join!(post(&ana, "leave", leave.clone()), post(&bob, "leave", leave.clone()));
        assert_eq!([one.status.as_u16(), other.status.as_u16()].iter().sum::<u16>(), 600, "one may and one may not");

        let (ana, bob, acme) = two_owners(&app, &format!("demote-{round}")).await;
        let (anas, bobs) = (member_id(&acme, &ana).await, member_id(&acme, &bob).await);
        let (one, other) = futures::join!(
            set_role(&ana, &acme, &bobs, json!("member")),
            set_role(&bob, &acme, &anas, json!("member"))
        );
        let statuses = [one.status.as_u16(), other.status.as_u16()];
        assert!(statuses == [200, 403] || statuses == [403, 200], "{statuses:?}");

        let (ana, bob, acme) = two_owners(&app, &format!("remove-{round}")).await;
        let remove = |whom: &Member| json!({ "organizationId": acme, "memberIdOrEmail": whom.email });
        let (removal_of_bob, removal_of_ana) = (remove(&bob), remove(&ana));
        let (one, other) =
            futures::join!(post(&ana, "remove-member", removal_of_bob), post(&bob, "remove-member", removal_of_ana));
        let statuses = [one.status.as_u16(), other.status.as_u16()];
        assert!(statuses == [200, 400] || statuses == [400, 200], "{statuses:?}: {} {}", one.text(), other.text());
    }
}
