use tenants::Kind;
use testkit::{Member, PgPool, TestApp, Value, json};

pub(crate) const DEPARTMENTS: &str = "/api/v1/departments";

/// A company and its owner.
pub(crate) async fn company(db: PgPool) -> (TestApp, Member) {
    let app = TestApp::new(db, [departments::module(), api_keys::module()]).await;
    let ceo = app.owner(Kind::Company).await;
    (app, ceo)
}

/// A colleague who holds just these permissions.
pub(crate) async fn colleague(app: &TestApp, of: &Member, permissions: &[&str]) -> Member {
    let role = format!("may {}", permissions.join(" "));
    let permissions: Vec<String> = permissions.iter().map(|&it| it.to_owned()).collect();
    let mut tx = app.tenant(of.tenant).await;
    tenants::define_role(&mut tx, &role, &permissions).await.unwrap();
    tx.commit().await.unwrap();
    app.colleague(of, &role).await
}

/// The path of a department, with more after it.
pub(crate) fn at(id: &str, rest: &str) -> String {
    format!("{DEPARTMENTS}/{id}{rest}")
}

pub(crate) fn place(id: &str, who: &Member) -> String {
    at(id, &format!("/members/{}", who.user))
}

/// Makes a department of this name, with whatever else is said of it; answers its id.
pub(crate) async fn make(by: &Member, name: &str, more: Value) -> String {
    let mut body = json!({ "name": name });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    text(&by.post(DEPARTMENTS, &body).await.created()["id"])
}

/// Makes one under another.
pub(crate) async fn make_under(by: &Member, name: &str, parent: &str) -> String {
    make(by, name, json!({ "parentId": parent })).await
}

/// One of the nine.
pub(crate) async fn first(by: &Member, key: &str) -> String {
    let all = by.get(&format!("{DEPARTMENTS}?limit=100")).await.ok();
    text(&all.as_array().unwrap().iter().find(|it| it["key"] == key).unwrap()["id"])
}

pub(crate) async fn join(by: &Member, id: &str, who: &Member) -> Value {
    by.post(&at(id, "/members"), &json!({ "userId": who.user })).await.created()
}

/// What happened, the last first.
pub(crate) async fn trail(by: &Member, of: &str) -> Vec<Value> {
    let entries = by.get(&format!("/api/v1/audit?limit=100&resource=department&resourceId={of}")).await.ok();
    entries.as_array().unwrap().clone()
}

pub(crate) async fn actions(by: &Member, of: &str) -> Vec<String> {
    trail(by, of).await.iter().map(|entry| text(&entry["action"])).collect()
}

/// Everything that there is to see of the company's departments.
pub(crate) async fn picture(by: &Member) -> Value {
    let tree = by.get(&format!("{DEPARTMENTS}/tree")).await.ok();
    let all = by.get(&format!("{DEPARTMENTS}?limit=100")).await.ok();
    let mut people = vec![];
    for department in all.as_array().unwrap() {
        people.push(by.get(&at(&text(&department["id"]), "/members?limit=100")).await.ok());
    }
    json!([tree, people])
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

pub(crate) fn names(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|it| text(&it["name"])).collect()
}
