//! A tenant with something in every table: what it can make by itself over HTTP, and a made-up row of what is left.

use crate::catalogue::{self, Table, Whose, bare};
use axum::body::Body;
use metrics_exporter_prometheus::PrometheusBuilder;
use passkeys::PasskeySettings;
use serde_json::Value;
use social::{Social, SocialSettings};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::collections::{BTreeMap, BTreeSet};
use tenants::Kind;
use testkit::{Answer, Client, Member, PgPool, TestApp, json};
use uuid::Uuid;

/// Is in every text that nobody but Ana's tenant may read.
pub(crate) const SECRET: &str = "anas-own";

pub(crate) struct Estate {
    pub(crate) app: TestApp,
    pub(crate) ana: Member,
    /// What Ana did, as it was sent.
    pub(crate) deeds: Vec<(&'static str, String, Value)>,
    /// The ids in Ana's rows, by table.
    pub(crate) ids: BTreeMap<String, Vec<String>>,
    tables: Vec<Table>,
    db: PgPool,
}

pub(crate) async fn product(db: &PgPool) -> TestApp {
    TestApp::with(db.clone(), server::modules::ALL.iter().copied(), |mut parts| {
        parts.settings.base_url = "https://bots.example".to_owned();
        let parts = parts.provide(server::system::Document::default());
        let figures = PrometheusBuilder::new().build_recorder().handle();
        parts.provide(PasskeySettings::default()).provide(Social::new(SocialSettings::default())).provide(figures)
    })
    .await
}

impl Estate {
    pub(crate) async fn of(db: PgPool) -> Self {
        let app = product(&db).await;
        let ana = app.owner(Kind::Company).await;
        let mut connection = db.acquire().await.unwrap();
        let tables = catalogue::tables(&mut connection).await;
        drop(connection);
        let mut estate = Self { app, ana, deeds: vec![], ids: BTreeMap::new(), tables, db };
        estate.work().await;
        estate.fill().await;
        estate
    }

    /// Somebody else, who may do everything at home.
    pub(crate) async fn bob(&self) -> Member {
        self.app.owner(Kind::Company).await
    }

    async fn did(&mut self, method: &'static str, path: &str, body: Value) -> Value {
        let answer = send(&self.ana, method, path, &body).await;
        assert!(answer.status.is_success(), "{method} {path}: {}", answer.text());
        let mut said = answer.body();
        self.deeds.push((method, path.to_owned(), body));
        if said["data"].is_null() { said } else { said["data"].take() }
    }

    /// What a tenant does of a day.
    async fn work(&mut self) {
        let minute = |minute: i64| format!("{},1,2,1,2,1\n", 1_700_000_040_000 + minute * 60_000);
        let file = format!("open_time_ms,open,high,low,close,volume\n{}", (0..60).map(minute).collect::<String>());
        let market = "exchange=binance&symbol=BTC/USDT&timeframe=1m";
        self.ana.upload(&format!("/api/v1/market-data/candles/import?{market}"), "text/csv", file).await.ok();
        let trade = |n: i64| format!("{n},1,1,1,{},true,true\n", 1_700_000_040_000 + n * 60_000);
        let file: String = (0..60).map(trade).collect();
        let market = "exchange=binance&symbol=BTC/USDT";
        self.ana.upload(&format!("/api/v1/market-data/trades/import?{market}"), "text/csv", file).await.ok();

        let strategy = text(&self.did("POST", "/api/v1/strategies", strategy("")).await["id"]);
        self.did("PUT", &format!("/api/v1/strategies/{strategy}"), self::strategy(" again")).await;
        let bot = text(&self.did("POST", "/api/v1/bots", bot(&strategy)).await["id"]);
        self.did("PATCH", &format!("/api/v1/bots/{bot}"), json!({ "name": format!("{SECRET} renamed") })).await;
        self.did("POST", &format!("/api/v1/bots/{bot}/start"), json!({})).await;
        self.did("POST", "/api/v1/backtests", json!({ "strategyId": strategy, "initialCash": "1000" })).await;
        let key = json!({ "name": SECRET, "permissions": { "bots": ["read"] } });
        let key = text(&self.did("POST", "/api/auth/api-key/create", key).await["id"]);
        self.did("POST", "/api/auth/api-key/update", json!({ "keyId": key, "name": SECRET })).await;
        let colleague = self.app.colleague(&self.ana, "viewer").await;
        let home = format!("/api/tenant/{}", self.ana.tenant);
        self.did("PATCH", &format!("{home}/members/{}", colleague.user), json!({ "role": "manager" })).await;
        let invited = json!({ "email": format!("{SECRET}@test.example"), "role": "viewer" });
        self.did("POST", &format!("{home}/invitations"), invited).await;
        self.did("PATCH", &home, json!({ "name": format!("{SECRET} company") })).await;
        self.did("PUT", "/api/tenant/default", json!({ "tenantId": self.ana.tenant })).await;
        self.did("PATCH", "/api/user/profile", json!({ "name": format!("{SECRET} name") })).await;
        self.did("POST", "/api/user/export", json!({})).await;
        self.app.run_jobs().await;
    }

    fn whose(&self) -> Whose {
        Whose { tenant: Some(self.ana.tenant), user: self.ana.user }
    }

    /// Gives Ana a made-up row in each table that is still empty, and finds the ids of all.
    async fn fill(&mut self) {
        let mut connection = self.db.acquire().await.unwrap();
        for table in self.tables.iter().filter(|table| table.tenant.is_some() || table.user.is_some()) {
            let mut tx = connection.begin().await.unwrap();
            let mut rows = rows(&mut tx, table, self.whose()).await;
            if rows.is_empty() {
                bare(&mut tx, Some(&table.name), "").await;
                let insert = table
                    .insert(Some(self.whose()), &[])
                    .replace("md5(random()::text)", &format!("'{SECRET}' || md5(random()::text)"));
                let (system, home) = ("set local role botcriptofy_system", self.ana.tenant);
                let insert = format!("{system}; set local app.tenant_id = '{home}'; {insert}; set local role none");
                catalogue::run(&mut tx, &insert).await.unwrap();
                rows = self::rows(&mut tx, table, self.whose()).await;
                tx.commit().await.unwrap();
            }
            let own = [self.ana.tenant, self.ana.user].map(|id| id.to_string());
            let mut ids = BTreeSet::new();
            rows.iter().for_each(|row| uuids(row, &mut ids));
            let ids: Vec<_> = ids.into_iter().filter(|id| !own.contains(id)).collect();
            assert!(!rows.is_empty(), "{} is empty", table.name);
            self.ids.insert(table.name.clone(), ids);
        }
        self.ids.insert("tenants".to_owned(), vec![self.ana.tenant.to_string()]);
        self.ids.insert("users".to_owned(), vec![self.ana.user.to_string()]);
    }

    /// The rows of everything that is Ana's, each table by one figure.
    pub(crate) async fn state(&self) -> BTreeMap<String, String> {
        let owned = self.tables.iter().filter(|table| table.tenant.is_some() || table.user.is_some());
        let questions = owned.map(|table| {
            let (name, condition) = (&table.name, table.condition(self.whose()));
            format!("select '{name}', coalesce(md5(string_agg(t::text, ',' order by t::text)), '') from {name} t where {condition}")
        });
        let question = questions.collect::<Vec<_>>().join(" union all ");
        let mut tx = self.app.system().await;
        let states: Vec<(String, String)> = sqlx::query_as(AssertSqlSafe(question)).fetch_all(tx.conn()).await.unwrap();
        states.into_iter().collect()
    }

    /// Runs what was asked for, but for what is to be done much later.
    pub(crate) async fn end(&self) {
        self.app.run_jobs().await;
        let mut tx = self.app.system().await;
        catalogue::run(tx.conn(), "update jobs set status = 'cancelled' where status = 'queued'").await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Ana's ids that could be meant by a place of this name: those of the table that is called so, else one of each.
    pub(crate) fn ids_for(&self, place: &str) -> Vec<String> {
        let place = place.to_lowercase();
        let stem =
            place.trim_end_matches("ids").trim_end_matches("id").trim_end_matches('_').trim_end_matches(['s', 'y']);
        let stem = stem.trim_end_matches("ie").replace('-', "_");
        let known = match stem.as_str() {
            "tenant" | "organization" => "tenants",
            other => other,
        };
        let named: Vec<_> = self.ids.iter().filter(|(table, _)| known.len() > 2 && table.contains(known)).collect();
        let of = |tables: Vec<(&String, &Vec<String>)>, most: usize| {
            let ids: BTreeSet<_> = tables.into_iter().flat_map(|(_, ids)| ids.iter().take(most).cloned()).collect();
            ids.into_iter().collect::<Vec<_>>()
        };
        if named.iter().any(|(_, ids)| !ids.is_empty()) { of(named, 2) } else { of(self.ids.iter().collect(), 1) }
    }

    /// What of Ana's the answer tells, beside what was asked.
    pub(crate) fn leak(&self, asked: &str, answer: &Answer) -> Option<String> {
        let text = answer.text();
        let ids = self.ids.values().flatten().map(String::as_str);
        let mut own = ids.chain([SECRET, self.ana.email.as_str()]);
        own.find(|own| text.contains(own) && !asked.contains(own)).map(|own| format!("{own} in {text}"))
    }
}

pub(crate) async fn send(by: &Client, method: &str, path: &str, body: &Value) -> Answer {
    by.send(method, path, Body::from(body.to_string()), Some("application/json")).await
}

async fn rows(on: &mut PgConnection, table: &Table, whose: Whose) -> Vec<Value> {
    catalogue::run(on, "set local role botcriptofy_system").await.unwrap();
    let question = format!("select to_jsonb(t) from {} t where {} limit 5", table.name, table.condition(whose));
    let rows = sqlx::query_scalar(AssertSqlSafe(question)).fetch_all(&mut *on).await.unwrap();
    catalogue::run(on, "set local role none").await.unwrap();
    rows
}

fn uuids(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if Uuid::parse_str(text).is_ok() && text.len() == 36 => {
            into.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| uuids(item, into)),
        Value::Object(fields) => fields.values().for_each(|field| uuids(field, into)),
        _ => {}
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn strategy(version: &str) -> Value {
    json!({
        "name": format!("{SECRET} strategy{version}"),
        "market": { "exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1m" },
        "indicators": {},
        "entry": { "lt": ["close", 20] },
        "exit": { "gte": ["close", 30] },
        "sizing": { "kind": "fixedQuantity", "quantity": "1" }
    })
}

fn bot(strategy: &str) -> Value {
    json!({
        "name": format!("{SECRET} bot"), "mode": "paper", "strategyId": strategy, "initialCash": "10000",
        "feed": { "kind": "replay", "speed": "max" }
    })
}
