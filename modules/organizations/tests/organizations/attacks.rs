//! What somebody tries with invitations who was not meant, or not any more.

use crate::support::{app, company, invitation, post, unverify, user};
use ::tenants::Kind;
use futures::future::join_all;
use testkit::{Answer, Member, PgPool, TestApp, db_test, json};
use uuid::Uuid;

async fn accept(who: &Member, id: &str) -> Answer {
    post(who, "accept-invitation", json!({ "invitationId": id })).await
}

fn counted(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status.as_u16() == status).count()
}

/// How many members a tenant has, asked for past all rights.
async fn members(app: &TestApp, tenant: &str) -> i64 {
    let tenant = Uuid::parse_str(tenant).unwrap();
    let count = sqlx::query_scalar("select count(*) from tenant_members where tenant_id = $1").bind(tenant);
    count.fetch_one(app.system().await.conn()).await.unwrap()
}

#[db_test]
async fn an_invitation_used_ten_times_at_once_makes_one_member(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (user(&app).await, user(&app).await);
    let acme = company(&ana, "acme").await;
    let id = invitation(&ana, &acme, &bob.email, "member").await;
    app.run_jobs().await;
    let answers = join_all((0..10).map(|_| accept(&bob, &id))).await;
    assert_eq!((counted(&answers, 200), counted(&answers, 400), members(&app, &acme).await), (1, 9, 2));
}

#[db_test]
async fn of_all_that_becomes_of_an_invitation_at_once_one_thing_does(db: PgPool) {
    let app = app(db).await;
    let ana = user(&app).await;
    let acme = company(&ana, "acme").await;
    for _ in 0..5 {
        let bob = user(&app).await;
        let id = invitation(&ana, &acme, &bob.email, "member").await;
        let (body, before) = (json!({ "invitationId": id }), members(&app, &acme).await);
        let answers = futures::join!(
            post(&bob, "accept-invitation", body.clone()),
            post(&bob, "reject-invitation", body.clone()),
            post(&ana, "cancel-invitation", body.clone()),
        );
        let joined = answers.0.status.is_success();
        let answers = [answers.0, answers.1, answers.2];
        assert_eq!((counted(&answers, 200), counted(&answers, 400)), (1, 2));
        assert_eq!(members(&app, &acme).await - before, i64::from(joined));
    }
    app.run_jobs().await;
}

#[db_test]
async fn an_invitation_is_answered_by_its_addressee_alone_however_they_ask(db: PgPool) {
    let app = app(db).await;
    let (ana, bob, eve) = (user(&app).await, user(&app).await, user(&app).await);
    let acme = company(&ana, "acme").await;
    let other = company(&eve, "other").await;
    let id = invitation(&ana, &acme, &bob.email, "admin").await;
    app.run_jobs().await;
    let theirs = format!("/api/tenant/{acme}/invitations/{id}");
    for verb in ["accept", "decline"] {
        eve.post(&format!("{theirs}/{verb}"), &json!({})).await.refused(404, "INVITATION_NOT_FOUND");
        eve.post(&format!("{theirs}/{verb}"), &json!({ "email": bob.email }))
            .await
            .refused(404, "INVITATION_NOT_FOUND");
        // the addressee, by the path of another tenant
        let misplaced = format!("/api/tenant/{other}/invitations/{id}/{verb}");
        bob.post(&misplaced, &json!({})).await.refused(404, "INVITATION_NOT_FOUND");
    }
    eve.get(&format!("/api/tenant/invitations/{id}")).await.refused(404, "INVITATION_NOT_FOUND");
    assert_eq!(eve.get("/api/tenant/invitations").await.ok(), json!([]));
    app.stranger().get(&format!("/api/tenant/invitations/{id}")).await.refused(401, "UNAUTHORIZED");
    // the owner of another company, on the path of their own
    for (method, rest) in [("post", "/resend"), ("delete", "")] {
        let at = format!("/api/tenant/{other}/invitations/{id}{rest}");
        let answer = if method == "post" { eve.post(&at, &json!({})).await } else { eve.delete(&at).await };
        answer.refused(404, "INVITATION_NOT_FOUND");
    }
    for guess in [Uuid::nil(), Uuid::max(), Uuid::from_u128(7)] {
        eve.get(&format!("/api/tenant/invitations/{guess}")).await.refused(404, "INVITATION_NOT_FOUND");
    }
    for nonsense in ["x", "..%2f..%2fcurrent", "%00", "'%20or%201=1"] {
        let answer = eve.get(&format!("/api/tenant/invitations/{nonsense}")).await;
        assert!(answer.status.is_client_error(), "{nonsense}: {}", answer.text());
    }
    unverify(&app, &bob).await;
    bob.get(&format!("/api/tenant/invitations/{id}")).await.refused(403, "EMAIL_NOT_VERIFIED");
    bob.get("/api/tenant/invitations").await.refused(403, "EMAIL_NOT_VERIFIED");
    assert_eq!(members(&app, &acme).await, 1);
}

#[db_test]
async fn an_addressee_sees_what_waits_for_them_of_every_kind_of_tenant(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (user(&app).await, user(&app).await);
    let acme = company(&ana, "acme").await;
    let id = invitation(&ana, &acme, &bob.email, "member").await;
    app.clock().advance(kit::chrono::TimeDelta::seconds(1));
    let new = json!({ "email": bob.email, "role": "viewer" });
    let own = ana.post(&format!("/api/tenant/{}/invitations", ana.tenant), &new).await.created();
    app.run_jobs().await;

    let waiting = bob.get("/api/tenant/invitations").await.ok();
    let ids: Vec<_> = waiting.as_array().unwrap().iter().map(|it| it["id"].clone()).collect();
    assert_eq!(ids, [own["id"].clone(), json!(id)]);
    assert_eq!((&waiting[0]["tenantType"], &waiting[1]["tenantType"]), (&json!("trader"), &json!("company")));
    let shown = bob.get(&format!("/api/tenant/invitations/{id}")).await.ok();
    assert_eq!(shown, waiting[1]);
    assert_eq!((&shown["tenantName"], &shown["tenantSlug"]), (&json!("Acme"), &json!("acme")));
    assert_eq!((&shown["inviterEmail"], &shown["role"]), (&json!(ana.email), &json!("funcionario")));
    app.clock().advance(kit::chrono::TimeDelta::hours(48));
    assert_eq!(bob.get("/api/tenant/invitations").await.ok(), json!([]));
    bob.get(&format!("/api/tenant/invitations/{id}")).await.refused(404, "INVITATION_NOT_FOUND");
}

#[db_test]
async fn twenty_who_accept_at_once_do_not_overfill_a_tenant(db: PgPool) {
    let app = app(db).await;
    let ceo = app.owner(Kind::Company).await;
    let fill = "with people as (
                    insert into users (id, email, name, created_at, updated_at)
                    select gen_random_uuid(), 'filler' || n || '@test.example', 'F', now(), now()
                    from generate_series(1, 489) n returning id
                )
                insert into tenant_members (tenant_id, id, user_id, role, created_at)
                select $1, gen_random_uuid(), id, 'viewer', now() from people";
    let mut tx = app.system().await;
    sqlx::query(fill).bind(ceo.tenant).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    let mut guests = vec![];
    for _ in 0..20 {
        let guest = user(&app).await;
        let new = json!({ "email": guest.email, "role": "viewer" });
        let sent = ceo.post(&format!("/api/tenant/{}/invitations", ceo.tenant), &new).await.created();
        guests.push((guest, format!("/api/tenant/{}/invitations/{}/accept", ceo.tenant, sent["id"].as_str().unwrap())));
    }
    app.run_jobs().await;
    let nothing = json!({});
    let answers = join_all(guests.iter().map(|(guest, at)| guest.post(at, &nothing))).await;
    assert_eq!((counted(&answers, 200), counted(&answers, 403)), (10, 10));
    assert_eq!(members(&app, &ceo.tenant.to_string()).await, 500);
    for refused in answers.into_iter().filter(|answer| answer.status != 200) {
        refused.refused(403, "TENANT_FULL");
    }
}

#[db_test]
async fn nobody_invites_for_a_role_that_is_above_their_own_or_of_another_tenant(db: PgPool) {
    let app = app(db).await;
    let (ceo, other) = (app.owner(Kind::Company).await, app.owner(Kind::Company).await);
    for (of, name, permissions) in [
        (&ceo, "recruiter", vec!["members:manage", "tenants:read"]),
        (&ceo, "night shift", vec!["bots:execute"]),
        (&other, "theirs", vec![]),
    ] {
        let mut tx = app.tenant(of.tenant).await;
        let permissions: Vec<String> = permissions.into_iter().map(str::to_owned).collect();
        ::tenants::define_role(&mut tx, name, &permissions).await.unwrap();
        tx.commit().await.unwrap();
    }
    let recruiter = app.colleague(&ceo, "recruiter").await;
    let at = format!("/api/tenant/{}/invitations", ceo.tenant);
    let new = |role: &str| json!({ "email": "x@example.com", "role": role });
    for above in ["ceo", "admin", "manager", "funcionario", "viewer", "night shift"] {
        recruiter.post(&at, &new(above)).await.refused(403, "ROLE_ABOVE_YOUR_OWN");
    }
    for unknown in ["theirs", "CEO", "ceo,admin", "' or 1=1 --"] {
        ceo.post(&at, &new(unknown)).await.invalid("role");
    }
    recruiter.post(&at, &new("recruiter")).await.created();
    app.run_jobs().await;
}

#[db_test]
async fn a_link_leads_to_a_page_that_works_by_itself(db: PgPool) {
    let app = app(db).await;
    let stranger = app.stranger();
    let page = stranger.get(&format!("/accept-invitation/{}", Uuid::nil())).await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let html = page.text();
    assert!(!html.contains("<script>") && !html.contains(" style=") && !html.contains("onclick"), "{html}");
    for (file, media_type) in [("page.js", "text/javascript"), ("page.css", "text/css")] {
        assert!(html.contains(&format!("\"/accept-invitation/{file}\"")), "{html}");
        let answer = stranger.get(&format!("/accept-invitation/{file}")).await;
        assert_eq!(answer.status.as_u16(), 200);
        assert!(answer.header("content-type").starts_with(media_type), "{file}");
    }
    assert_eq!(stranger.get("/accept-invitation/nonsense").await.status.as_u16(), 400);
}
