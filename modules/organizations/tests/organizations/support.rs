use testkit::{Answer, Member, PgPool, TestApp, Value, json};

/// The application around this module.
pub(crate) async fn app(db: PgPool) -> TestApp {
    TestApp::new(db, [organizations::module()]).await
}

pub(crate) fn path(route: &str) -> String {
    format!("/api/auth/organization/{route}")
}

/// Checks that it is a success and answers the body.
#[track_caller]
pub(crate) fn success(answer: &Answer) -> Value {
    let body = answer.body();
    assert_eq!((answer.status.as_u16(), &body["success"]), (200, &json!(true)), "{}", answer.text());
    body
}

/// Checks status, code and message of a refusal.
#[track_caller]
pub(crate) fn refused(answer: Answer, status: u16, code: &str, message: &str) {
    assert_eq!(answer.refused(status, code)["message"], message);
}

/// The names of an object's fields.
pub(crate) fn fields(object: &Value) -> Vec<&str> {
    object.as_object().into_iter().flat_map(|object| object.keys().map(String::as_str)).collect()
}

/// Calls a route that takes a body.
pub(crate) async fn post(who: &Member, route: &str, body: Value) -> Answer {
    who.post(&path(route), &body).await
}

/// Calls a route that takes a query.
pub(crate) async fn get(who: &Member, route: &str) -> Answer {
    who.get(&path(route)).await
}

/// A user with a verified address and a tenant of their own.
pub(crate) async fn user(app: &TestApp) -> Member {
    app.owner(::tenants::Kind::Trader).await
}

/// The id of a company that this user founds.
pub(crate) async fn company(of: &Member, slug: &str) -> String {
    let founded = success(&post(of, "create", json!({ "name": "Acme", "slug": slug })).await);
    founded["id"].as_str().unwrap().to_owned()
}

/// The id of an invitation of this address.
pub(crate) async fn invitation(by: &Member, company: &str, email: &str, role: &str) -> String {
    let form = json!({ "organizationId": company, "email": email, "role": role });
    success(&post(by, "invite-member", form).await)["id"].as_str().unwrap().to_owned()
}

/// A user who has joined a company by an invitation.
pub(crate) async fn joined(app: &TestApp, by: &Member, company: &str, role: &str) -> Member {
    app.clock().advance(kit::chrono::TimeDelta::milliseconds(1));
    let who = user(app).await;
    let id = invitation(by, company, &who.email, role).await;
    success(&post(&who, "accept-invitation", json!({ "invitationId": id })).await);
    app.run_jobs().await;
    who
}

/// The id that the protocol gives to somebody's membership.
pub(crate) async fn member_id(company: &str, who: &Member) -> String {
    let path = format!("list-members?organizationId={company}&filterField=userId&filterValue={}", who.user);
    success(&get(who, &path).await)["members"][0]["id"].as_str().unwrap().to_owned()
}

/// The organisation that somebody's session is about.
pub(crate) async fn active(who: &Member) -> Value {
    who.get("/api/auth/get-session").await.body()["session"]["activeOrganizationId"].clone()
}

/// What is in the trail of a company, by name: what happens within a millisecond has no order.
pub(crate) async fn trail(owner: &Member, company: &str) -> Vec<String> {
    let entries = owner.with("x-tenant-id", company).get("/api/v1/audit?limit=100").await.ok();
    let actions = entries.as_array().unwrap().iter();
    let mut actions: Vec<_> = actions.map(|entry| entry["action"].as_str().unwrap().to_owned()).collect();
    actions.sort();
    actions
}

/// Takes the mark away that a user's address is theirs.
pub(crate) async fn unverify(app: &TestApp, who: &Member) {
    let mut tx = app.system().await;
    let done = sqlx::query("update users set email_verified = false where id = $1").bind(who.user);
    done.execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
}
