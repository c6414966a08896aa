use crate::support::{
    active, app, company, fields, get, invitation, joined, post, refused, success, trail, unverify, user,
};
use kit::chrono::TimeDelta;
use testkit::{Member, PgPool, TestApp, Value, db_test, json};
use uuid::Uuid;

const INVITATION: [&str; 8] =
    ["id", "organizationId", "email", "role", "status", "expiresAt", "createdAt", "inviterId"];

async fn accept(who: &Member, id: &str) -> testkit::Answer {
    post(who, "accept-invitation", json!({ "invitationId": id })).await
}

#[db_test]
async fn somebody_is_invited_by_a_mail_and_joins(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (user(&app).await, user(&app).await);
    let form = json!({ "name": "You won! https://evil.example", "slug": "acme" });
    let acme = success(&post(&ana, "create", form).await)["id"].as_str().unwrap().to_owned();
    let sent = post(&ana, "invite-member", json!({ "email": bob.email.to_uppercase(), "role": "admin" })).await;
    let sent = success(&sent);
    assert_eq!(fields(&sent), [&["success"][..], &INVITATION].concat());
    assert_eq!(
        (&sent["email"], &sent["role"], &sent["status"]),
        (&json!(bob.email), &json!("admin"), &json!("pending"))
    );
    assert_eq!((&sent["expiresAt"], &sent["inviterId"]), (&json!("2026-01-07T12:00:00.000Z"), &json!(ana.user)));
    assert_eq!((&sent["organizationId"], app.run_jobs().await), (&json!(acme), 1));
    let id = sent["id"].as_str().unwrap();
    let mail = app.outbox().newest_to(&bob.email);
    let link = format!("http://127.0.0.1:3000/accept-invitation/{id}");
    assert!(mail.text.lines().any(|line| line == link) && mail.html.contains(&link), "{}", mail.text);
    for words in [&mail.subject, &mail.text, &mail.html] {
        assert!(!words.contains("evil") && !words.contains("won"), "nobody's words but ours: {words}");
    }

    let shown = success(&get(&bob, &format!("get-invitation?id={id}")).await);
    let more = ["organizationName", "organizationSlug", "inviterEmail"];
    assert_eq!(fields(&shown), [&["success"][..], &INVITATION, &more].concat());
    assert_eq!((&shown["organizationSlug"], &shown["inviterEmail"]), (&json!("acme"), &json!(ana.email)));
    let list = get(&bob, "list-user-invitations").await.body();
    assert_eq!(fields(&list[0]), [&INVITATION[..], &["organizationName"]].concat());

    let accepted = success(&accept(&bob, id).await);
    assert_eq!(fields(&accepted), ["success", "invitation", "member"]);
    assert_eq!(
        (&accepted["invitation"]["status"], fields(&accepted["invitation"])),
        (&json!("accepted"), INVITATION.to_vec())
    );
    assert_eq!((&accepted["member"]["role"], &accepted["member"]["userId"]), (&json!("admin"), &json!(bob.user)));
    assert_eq!(active(&bob).await, json!(acme));
    assert_eq!(get(&bob, "list-user-invitations").await.body(), json!([]));
    let list = get(&ana, &format!("list-invitations?organizationId={acme}")).await.body();
    assert_eq!((&list[0]["status"], list.as_array().unwrap().len()), (&json!("accepted"), 1));
    let trail = trail(&ana, &acme).await;
    for (action, times) in [("invitation.sent", 1), ("invitation.accepted", 1), ("member.added", 2)] {
        assert_eq!(trail.iter().filter(|it| *it == action).count(), times, "{action}");
    }
    assert_eq!(bob.get("/api/tenant/current").await.ok()["id"], json!(bob.tenant), "the default one stays");
}

#[db_test]
async fn an_invitation_is_answered_once_however_often_at_the_same_time(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (user(&app).await, user(&app).await);
    let acme = company(&ana, "acme").await;
    let id = invitation(&ana, &acme, &bob.email, "member").await;
    let answers = futures::future::join_all((0..8).map(|_| accept(&bob, &id))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for again in answers.into_iter().filter(|answer| answer.status != 200) {
        refused(again, 400, "INVITATION_NOT_FOUND", "Invitation not found");
    }
    assert_eq!(get(&ana, "list-members").await.body()["total"], 2);
    accept(&bob, &id).await.refused(400, "INVITATION_NOT_FOUND");
    post(&bob, "reject-invitation", json!({ "invitationId": id })).await.refused(400, "INVITATION_NOT_FOUND");

    let carl = user(&app).await;
    let id = invitation(&ana, &acme, &carl.email, "member").await;
    let reject = json!({ "invitationId": id });
    let (one, other) = futures::join!(accept(&carl, &id), post(&carl, "reject-invitation", reject));
    let statuses = [one.status.as_u16(), other.status.as_u16()];
    assert!(statuses == [200, 400] || statuses == [400, 200], "{statuses:?}");
    app.run_jobs().await;
}

#[db_test]
async fn an_invitation_is_for_its_addressee_alone_and_only_with_a_verified_address(db: PgPool) {
    let app = app(db).await;
    let (ana, bob, eve) = (user(&app).await, user(&app).await, user(&app).await);
    let acme = company(&ana, "acme").await;
    let id = invitation(&ana, &acme, &bob.email, "member").await;
    app.run_jobs().await;
    let body = json!({ "invitationId": id });
    let message = "You are not the recipient of the invitation";
    for who in [&eve, &ana] {
        for route in ["accept-invitation", "reject-invitation"] {
            let answer = post(who, route, body.clone()).await;
            refused(answer, 403, "YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION", message);
        }
        let answer = get(who, &format!("get-invitation?id={id}")).await;
        refused(answer, 403, "YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION", message);
        assert_eq!(get(who, "list-user-invitations").await.body(), json!([]));
    }
    unverify(&app, &bob).await;
    for route in ["accept-invitation", "reject-invitation"] {
        let code = "EMAIL_VERIFICATION_REQUIRED_BEFORE_ACCEPTING_OR_REJECTING_INVITATION";
        post(&bob, route, body.clone()).await.refused(403, code);
    }
    for route in [&*format!("get-invitation?id={id}"), "list-user-invitations"] {
        get(&bob, route).await.refused(403, "EMAIL_VERIFICATION_REQUIRED_FOR_INVITATION");
    }
    for nothing in [Uuid::nil().to_string(), "x".to_owned(), String::new()] {
        accept(&eve, &nothing).await.refused(400, "INVITATION_NOT_FOUND");
        get(&eve, &format!("get-invitation?id={nothing}")).await.refused(400, "INVITATION_NOT_FOUND");
    }
    accept(&eve, &"x".repeat(65)).await.refused(400, "VALIDATION_ERROR");
    assert_eq!(get(&ana, "list-members").await.body()["total"], 1);
}

#[db_test]
async fn an_invitation_holds_for_two_days(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (user(&app).await, user(&app).await);
    let acme = company(&ana, "acme").await;
    let id = invitation(&ana, &acme, &bob.email, "member").await;
    app.clock().advance(TimeDelta::hours(48));
    accept(&bob, &id).await.refused(400, "INVITATION_NOT_FOUND");
    get(&bob, &format!("get-invitation?id={id}")).await.refused(400, "INVITATION_NOT_FOUND");
    app.run_jobs().await;
    assert!(app.outbox().emails().is_empty(), "what has expired is not mailed any more");

    let again = invitation(&ana, &acme, &bob.email, "admin").await;
    assert_ne!(again, id, "an expired one does not stand in the way of a new one");
    let statuses = get(&ana, "list-invitations").await.body();
    assert_eq!((&statuses[0]["status"], &statuses[1]["status"]), (&json!("pending"), &json!("canceled")));
    app.clock().advance(TimeDelta::hours(47));
    app.run_jobs().await;
    success(&accept(&bob, &again).await);
}

#[db_test]
async fn an_invitation_is_declined_or_taken_back(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (user(&app).await, user(&app).await);
    let acme = company(&ana, "acme").await;
    let (admin, member) = (joined(&app, &ana, &acme, "admin").await, joined(&app, &ana, &acme, "member").await);
    let id = invitation(&ana, &acme, &bob.email, "member").await;
    let declined = success(&post(&bob, "reject-invitation", json!({ "invitationId": id })).await);
    assert_eq!((&declined["invitation"]["status"], &declined["member"]), (&json!("rejected"), &Value::Null));
    accept(&bob, &id).await.refused(400, "INVITATION_NOT_FOUND");

    let id = invitation(&ana, &acme, &bob.email, "member").await;
    let cancel = json!({ "invitationId": id });
    let message = "You are not allowed to cancel this invitation";
    let answer = post(&member, "cancel-invitation", cancel.clone()).await;
    refused(answer, 403, "YOU_ARE_NOT_ALLOWED_TO_CANCEL_THIS_INVITATION", message);
    post(&bob, "cancel-invitation", cancel.clone()).await.refused(400, "MEMBER_NOT_FOUND");
    let cancelled = success(&post(&admin, "cancel-invitation", cancel.clone()).await);
    assert_eq!((&cancelled["status"], &cancelled["id"]), (&json!("canceled"), &json!(id)));
    post(&admin, "cancel-invitation", cancel).await.refused(400, "INVITATION_NOT_FOUND");
    post(&admin, "cancel-invitation", json!({ "invitationId": "x" })).await.refused(400, "INVITATION_NOT_FOUND");
    accept(&bob, &id).await.refused(400, "INVITATION_NOT_FOUND");
    assert_eq!(get(&bob, "list-user-invitations").await.body(), json!([]));
    let sent = app.outbox().emails().len();
    app.run_jobs().await;
    assert_eq!(app.outbox().emails().len(), sent, "what is over is not mailed any more");
    let trail = trail(&ana, &acme).await;
    for action in ["invitation.rejected", "invitation.canceled"] {
        assert_eq!(trail.iter().filter(|it| *it == action).count(), 1, "{action}");
    }
}

#[db_test]
async fn an_invitation_is_sent_again_and_holds_anew(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (user(&app).await, user(&app).await);
    let acme = company(&ana, "acme").await;
    let admin = joined(&app, &ana, &acme, "admin").await;
    let id = invitation(&ana, &acme, &bob.email, "owner").await;
    let form = json!({ "organizationId": acme, "email": bob.email, "role": "member" });
    let message = "User is already invited to this organization";
    let answer = post(&ana, "invite-member", form.clone()).await;
    refused(answer, 400, "USER_IS_ALREADY_INVITED_TO_THIS_ORGANIZATION", message);
    app.clock().advance(TimeDelta::hours(1));
    let mut again = form;
    again["resend"] = json!(true);
    let answer = post(&admin, "invite-member", again.clone()).await;
    answer.refused(403, "YOU_ARE_NOT_ALLOWED_TO_INVITE_USER_WITH_THIS_ROLE");
    let resent = success(&post(&ana, "invite-member", again.clone()).await);
    assert_eq!((&resent["id"], &resent["role"]), (&json!(id), &json!("owner")));
    assert_eq!(resent["expiresAt"], "2026-01-07T13:00:00.001Z");
    assert_eq!(app.run_jobs().await, 2);
    for _ in 0..3 {
        success(&post(&ana, "invite-member", again.clone()).await);
    }
    let message = "Invitation limit reached";
    refused(post(&ana, "invite-member", again.clone()).await, 403, "INVITATION_LIMIT_REACHED", message);
    success(&post(&ana, "cancel-invitation", json!({ "invitationId": id })).await);
    refused(post(&ana, "invite-member", again.clone()).await, 403, "INVITATION_LIMIT_REACHED", message);
    app.clock().advance(TimeDelta::days(1));
    success(&post(&ana, "invite-member", again).await);
    app.run_jobs().await;
}

#[db_test]
async fn who_may_not_invite_and_whom_nobody_invites(db: PgPool) {
    let app = app(db).await;
    let ana = user(&app).await;
    let acme = company(&ana, "acme").await;
    let (admin, member) = (joined(&app, &ana, &acme, "admin").await, joined(&app, &ana, &acme, "member").await);
    let eve = user(&app).await;
    let invite = async |by: &Member, email: &str, role: Value| {
        post(by, "invite-member", json!({ "organizationId": acme, "email": email, "role": role })).await
    };
    let message = "You are not allowed to invite users to this organization";
    let answer = invite(&member, "x@example.com", json!("member")).await;
    refused(answer, 403, "YOU_ARE_NOT_ALLOWED_TO_INVITE_USERS_TO_THIS_ORGANIZATION", message);
    let message = "You are not allowed to invite a user with this role";
    for role in [json!("owner"), json!(["owner"]), json!("ceo")] {
        let answer = invite(&admin, "x@example.com", role).await;
        refused(answer, 403, "YOU_ARE_NOT_ALLOWED_TO_INVITE_USER_WITH_THIS_ROLE", message);
    }
    refused(invite(&eve, "x@example.com", json!("member")).await, 400, "MEMBER_NOT_FOUND", "Member not found");
    let answer = invite(&ana, &member.email.to_uppercase(), json!("admin")).await;
    let message = "User is already a member of this organization";
    refused(answer, 400, "USER_IS_ALREADY_A_MEMBER_OF_THIS_ORGANIZATION", message);
    let answer = invite(&ana, "x@example.com", json!("boss")).await;
    refused(answer, 400, "ROLE_NOT_FOUND", "ROLE_NOT_FOUND: boss");
    for email in ["x", "", "x@example.com\r\nBcc: y@example.com"] {
        refused(invite(&ana, email, json!("member")).await, 400, "INVALID_EMAIL", "Invalid email");
    }
    let body = json!({ "email": "x@example.com", "role": "member" });
    refused(post(&eve, "invite-member", body).await, 400, "ORGANIZATION_NOT_FOUND", "Organization not found");

    let list = format!("list-invitations?organizationId={acme}");
    get(&member, &list).await.refused(403, "YOU_ARE_NOT_ALLOWED_TO_LIST_INVITATIONS");
    let message = "You are not a member of this organization";
    refused(get(&eve, &list).await, 403, "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION", message);
    assert_eq!(get(&eve, "list-invitations").await.status, 400);
}

#[db_test]
async fn a_hundred_invitations_may_be_open(db: PgPool) {
    let app = app(db).await;
    let ana = user(&app).await;
    let acme = company(&ana, "acme").await;
    for number in 0..100 {
        invitation(&ana, &acme, &format!("x{number}@example.com"), "member").await;
    }
    let form = json!({ "email": "y@example.com", "role": "member" });
    post(&ana, "invite-member", form.clone()).await.refused(403, "INVITATION_LIMIT_REACHED");
    app.clock().advance(TimeDelta::hours(49));
    success(&post(&ana, "invite-member", form).await);
    app.run_jobs().await;
}

#[db_test]
async fn ten_invitations_of_one_address_at_the_same_time_are_one(db: PgPool) {
    let app = app(db).await;
    let ana = user(&app).await;
    company(&ana, "acme").await;
    let form = json!({ "email": "x@example.com", "role": "member" });
    let answers = futures::future::join_all((0..10).map(|_| post(&ana, "invite-member", form.clone()))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    app.run_jobs().await;
    assert_eq!(app.outbox().emails().len(), 1);
}

#[db_test]
async fn an_invitation_is_worth_what_its_inviters_word_is_worth(db: PgPool) {
    let app = app(db).await;
    let (ana, bob, carl) = (user(&app).await, user(&app).await, user(&app).await);
    let acme = company(&ana, "acme").await;
    let admin = joined(&app, &ana, &acme, "admin").await;
    let id = invitation(&admin, &acme, &bob.email, "admin").await;
    let other = invitation(&admin, &acme, &carl.email, "member").await;
    app.run_jobs().await;
    let admins = crate::support::member_id(&acme, &admin).await;
    let demote = json!({ "organizationId": acme, "memberId": admins, "role": "member" });
    success(&post(&ana, "update-member-role", demote).await);
    let message = "Inviter is no longer a member of the organization";
    refused(accept(&bob, &id).await, 400, "INVITER_IS_NO_LONGER_A_MEMBER_OF_THE_ORGANIZATION", message);
    success(&post(&ana, "remove-member", json!({ "organizationId": acme, "memberIdOrEmail": admin.email })).await);
    accept(&carl, &other).await.refused(400, "INVITER_IS_NO_LONGER_A_MEMBER_OF_THE_ORGANIZATION");
    let path = format!("get-invitation?id={other}");
    get(&carl, &path).await.refused(400, "INVITER_IS_NO_LONGER_A_MEMBER_OF_THE_ORGANIZATION");
    assert_eq!(get(&ana, "list-members").await.body()["total"], 1, "a refused answer leaves nothing behind");
    let open = get(&ana, "list-invitations").await.body();
    assert_eq!((&open[0]["status"], &open[1]["status"]), (&json!("pending"), &json!("pending")));
}

#[db_test]
async fn an_invitation_holds_as_long_as_its_company_says_and_as_many_are_open_as_the_platform_says(db: PgPool) {
    let app = TestApp::new(db, [configurations::module(), organizations::module()]).await;
    let ana = user(&app).await;
    let acme = company(&ana, "acme").await;
    let in_acme = ana.with("x-tenant-id", &acme);
    let hours = json!({ "value": 5 });
    in_acme.put("/api/v1/configurations/invitations.valid-hours", &hours).await.ok();
    let form = json!({ "organizationId": acme, "email": "bob@test.example", "role": "member" });
    let sent = success(&post(&ana, "invite-member", form.clone()).await);
    assert_eq!(sent["expiresAt"], "2026-01-05T17:00:00.000Z");
    let mut tx = app.system().await;
    let most = "insert into setting_versions (name, version, value, changed_at)
                values ('invitations.most-open', 1, '1', now())";
    sqlx::query(most).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    let another = json!({ "organizationId": acme, "email": "carl@test.example", "role": "member" });
    post(&ana, "invite-member", another).await.refused(403, "INVITATION_LIMIT_REACHED");
    in_acme.put("/api/v1/configurations/invitations.valid-hours", &json!({ "value": 721 })).await.invalid("value");
    app.run_jobs().await;
}
