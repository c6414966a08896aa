use configurations::{Secret, Setting};
use kit::{Declaration, Level, Module};
use rust_decimal::Decimal;
use testkit::{Member, PgPool, TestApp, Value, json};
use users::Role;

const TENANT: &[Level] = &[Level::System, Level::Tenant];
const ALL: &[Level] = &[Level::System, Level::Tenant, Level::User];

pub(crate) static SHOWN: Setting<bool> = Setting::truth("test.shown", true, TENANT, "Whether it is shown.");
pub(crate) static MOST: Setting<i64> = Setting::integer("test.most", [1, 5, 10], TENANT, "How many there may be.");
pub(crate) static FEE: Setting<Decimal> =
    Setting::decimal("test.fee", [Decimal::ZERO, Decimal::ONE, Decimal::ONE_HUNDRED], TENANT, "What it costs.");
pub(crate) static TITLE: Setting<String> = Setting::text("test.title", 8, "Hello", TENANT, "What it says.");
pub(crate) static COLOUR: Setting<String> =
    Setting::choice("test.colour", &["red", "blue"], "red", ALL, "What it looks like.");
pub(crate) static NAMES: Setting<Vec<String>> = Setting::texts("test.names", [2, 4], &["ana"], TENANT, "Who is there.");
pub(crate) static HOME: Setting<Option<String>> = Setting::web_address("test.home", TENANT, "Where it leads.");
pub(crate) static HELP: Setting<Option<String>> = Setting::email("test.help", TENANT, "Who helps.");
pub(crate) static KEY: Setting<Secret> = Setting::secret("test.key", 40, ALL, "What opens it.");
pub(crate) static CLOSED: Setting<bool> =
    Setting::truth("test.closed", false, &[Level::System], "Whether all is closed.");

const SETTINGS: &[&Declaration] = &[
    SHOWN.declared(),
    MOST.declared(),
    FEE.declared(),
    TITLE.declared(),
    COLOUR.declared(),
    NAMES.declared(),
    HOME.declared(),
    HELP.declared(),
    KEY.declared(),
    CLOSED.declared(),
];

/// The modules of these tests.
pub(crate) const MODULES: [Module; 2] =
    [configurations::module(), Module { name: "test", settings: SETTINGS, ..Module::EMPTY }];

/// The application around this module and one with settings of each kind.
pub(crate) async fn app(db: PgPool) -> TestApp {
    TestApp::new(db, MODULES).await
}

/// The path of a setting of the caller's tenant.
pub(crate) fn path(name: &str) -> String {
    format!("/api/v1/configurations/{name}")
}

/// Somebody who may set all of their tenant's settings.
pub(crate) async fn admin(app: &TestApp) -> Member {
    app.member(["configurations:read", "configurations:write", "configurations:manage", "audit:read"]).await
}

/// Somebody who runs the platform.
pub(crate) async fn operator(app: &TestApp) -> Member {
    let member = admin(app).await;
    let mut tx = app.system().await;
    users::appoint(&mut tx, member.user, Role::SuperAdmin).await.unwrap();
    tx.commit().await.unwrap();
    member
}

/// Sets a setting and answers how it holds.
pub(crate) async fn set(who: &Member, name: &str, value: Value) -> Value {
    who.put(&path(name), &json!({ "value": value })).await.ok()
}

/// Defines a flag.
pub(crate) async fn define(operator: &Member, key: &str, definition: Value) -> Value {
    let mut whole = json!({ "description": "A test.", "enabled": true });
    whole.as_object_mut().unwrap().extend(definition.as_object().unwrap().clone());
    operator.put(&path(&format!("system/flags/{key}")), &json!({ "definition": whole })).await.ok()
}

/// What was done, as everybody's trail says together.
pub(crate) async fn trail(app: &TestApp) -> Vec<(String, String, Value, Value)> {
    let entries = sqlx::query_as(
        "select action, resource_id, coalesce(before, 'null'), coalesce(after, 'null') from audit_entries
         where resource in ('setting', 'flag') order by id",
    );
    entries.fetch_all(app.system().await.conn()).await.unwrap()
}
