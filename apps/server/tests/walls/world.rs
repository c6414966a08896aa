//! The real application under the deeds of the model: two servers that remember, six people and two companies.

use crate::{
    estate::product,
    model::{PEOPLE, Step, TENANTS},
};
use kit::chrono::TimeDelta;
use rand::{RngExt, rngs::StdRng};
use sqlx::AssertSqlSafe;
use std::collections::BTreeMap;
use tenants::Kind;
use testkit::{Answer, Client, Member, PgPool, TestApp, Value, json};
use tokio_util::sync::DropGuard;
use uuid::Uuid;

pub(crate) struct World {
    servers: [TestApp; 2],
    _memories: [DropGuard; 2],
    people: Vec<Member>,
    /// The sessions of those who have signed in anew.
    anew: BTreeMap<usize, String>,
    tenants: Vec<Uuid>,
    began: kit::Time,
}

impl World {
    pub(crate) async fn new(db: PgPool) -> Self {
        let one = product(&db).await;
        let other = one.beside(db, server::modules::ALL.iter().copied()).await;
        let memories = [one.remembers().await, other.remembers().await];
        let began = one.clock().now();
        Self {
            servers: [one, other],
            _memories: memories,
            people: vec![],
            anew: BTreeMap::new(),
            tenants: vec![],
            began,
        }
    }

    /// New people and new companies, of which the first people are the founders.
    pub(crate) async fn begin(&mut self) {
        self.people.clear();
        self.anew.clear();
        for _ in 0..PEOPLE {
            self.people.push(self.servers[0].owner(Kind::Trader).await);
        }
        self.tenants.clear();
        for founder in &self.people[..TENANTS] {
            let made = founder.post("/api/tenant", &json!({ "name": "Company" })).await.created();
            self.tenants.push(made["id"].as_str().unwrap().parse().unwrap());
        }
        self.began = self.servers[0].clock().now();
    }

    pub(crate) async fn end(&self) {
        self.servers[0].run_jobs().await;
    }

    fn at(&self, who: usize, server: &TestApp) -> Client {
        let client = self.people[who].at(server);
        match self.anew.get(&who) {
            Some(token) => client.with("authorization", format!("Bearer {token}")),
            None => client,
        }
    }

    /// A person at either server.
    fn somewhere(&self, who: usize, dice: &mut StdRng) -> Client {
        self.at(who, &self.servers[dice.random_range(0..2)])
    }

    /// Does it and answers the status; 200 for every success.
    pub(crate) async fn take(&mut self, step: &Step, dice: &mut StdRng) -> u16 {
        let place = |tenant: usize, rest: &str| format!("/api/tenant/{}{rest}", self.tenants[tenant]);
        let member = |tenant: usize, who: usize| place(tenant, &format!("/members/{}", self.people[who].user));
        let answer = match *step {
            Step::Invite { by, tenant, who, role } => self.invite(by, tenant, who, role, dice).await,
            Step::ChangeRole { by, tenant, who, role } => {
                self.somewhere(by, dice).patch(&member(tenant, who), &json!({ "role": role })).await
            }
            Step::Remove { by, tenant, who } => self.somewhere(by, dice).delete(&member(tenant, who)).await,
            Step::Leave { by, tenant } => self.somewhere(by, dice).post(&place(tenant, "/leave"), &json!({})).await,
            Step::Transfer { by, tenant, who } => {
                let to = json!({ "userId": self.people[who].user });
                self.somewhere(by, dice).post(&place(tenant, "/transfer-ownership"), &to).await
            }
            Step::SignInAnew { who } => {
                self.sign_in_anew(who, dice).await;
                return 200;
            }
            _ => {
                self.by_hand(step).await;
                return 200;
            }
        };
        status(&answer)
    }

    /// Invites somebody, who accepts.
    async fn invite(&self, by: usize, tenant: usize, who: usize, role: &str, dice: &mut StdRng) -> Answer {
        let path = format!("/api/tenant/{}/invitations", self.tenants[tenant]);
        let invited = json!({ "email": self.people[who].email, "role": role });
        let answer = self.somewhere(by, dice).post(&path, &invited).await;
        if !answer.status.is_success() {
            return answer;
        }
        let id = answer.created()["id"].as_str().unwrap().to_owned();
        self.somewhere(who, dice).post(&format!("{path}/{id}/accept"), &json!({})).await
    }

    async fn sign_in_anew(&mut self, who: usize, dice: &mut StdRng) {
        let olds: Vec<Client> = self.servers.iter().map(|server| self.at(who, server)).collect();
        let mut tx = self.servers[0].system().await;
        let user = self.people[who].user;
        let opened = auth::open_session(self.servers[0].app(), &mut tx, user, true).await.unwrap();
        tx.commit().await.unwrap();
        self.somewhere(who, dice).post("/api/auth/sign-out", &json!({})).await;
        for old in olds {
            assert_eq!(old.get("/api/tenant").await.status.as_u16(), 401);
        }
        self.anew.insert(who, opened.token);
    }

    /// What is changed in the database itself.
    async fn by_hand(&self, step: &Step) {
        let at = |minutes: i64| format!("'{}'", self.began.utc() + TimeDelta::minutes(minutes));
        let until = |until: Option<i64>| until.map_or_else(|| "null".to_owned(), at);
        let person = |who: usize| self.people[who].user;
        let (tenant, statement) = match step {
            Step::Suspend { tenant, suspended } => return self.suspend(self.tenants[*tenant], *suspended).await,
            Step::Pass { minutes } => return self.servers[0].clock().advance(TimeDelta::minutes(*minutes)),
            Step::Define { tenant, role, gives } => {
                let mut tx = self.servers[0].tenant(self.tenants[*tenant]).await;
                let gives: Vec<String> = gives.iter().map(|&name| name.to_owned()).collect();
                tenants::define_role(&mut tx, role, &gives).await.unwrap();
                tx.takes_away();
                return tx.commit().await.unwrap();
            }
            Step::Assign { tenant, who, role, until: end } => (
                tenant,
                format!(
                    "insert into role_assignments (id, user_id, role, expires_at, created_at)
                     values (gen_random_uuid(), '{}', '{role}', {}, now())
                     on conflict on constraint role_assignments_taken do update set expires_at = excluded.expires_at",
                    person(*who),
                    until(*end)
                ),
            ),
            Step::Grant { tenant, who, permission, granted, until: end } => (
                tenant,
                format!(
                    "insert into permission_grants (id, user_id, permission, granted, expires_at, created_at)
                     values (gen_random_uuid(), '{}', '{permission}', {granted}, {}, now())
                     on conflict on constraint permission_grants_taken
                     do update set granted = excluded.granted, expires_at = excluded.expires_at",
                    person(*who),
                    until(*end)
                ),
            ),
            Step::Forget { tenant, who, permission } => (
                tenant,
                format!(
                    "delete from permission_grants where user_id = '{}' and permission = '{permission}'",
                    person(*who)
                ),
            ),
            other => panic!("{other:?} is nobody's to do by hand"),
        };
        let mut tx = self.servers[0].tenant(self.tenants[*tenant]).await;
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(tx.conn()).await.unwrap();
        tx.takes_away();
        tx.commit().await.unwrap();
    }

    async fn suspend(&self, tenant: Uuid, suspended: bool) {
        let stands = if suspended { "now(), 'a test'" } else { "null, null" };
        let statement =
            format!("update tenants set (suspended_at, suspension_reason) = ({stands}) where id = '{tenant}'");
        let mut tx = self.servers[0].system().await;
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(tx.conn()).await.unwrap();
        tx.takes_away();
        tx.commit().await.unwrap();
    }

    /// Tries what needs this permission; 200 where it was not the permission that was missing.
    pub(crate) async fn tries(&self, (tenant, who): (usize, usize), permission: &str, dice: &mut StdRng) -> u16 {
        let by = self.somewhere(who, dice).with("x-tenant-id", self.tenants[tenant]);
        let nobody = Uuid::nil();
        let answer = match permission {
            "strategies:read" => by.get("/api/v1/strategies").await,
            "strategies:write" => by.post("/api/v1/strategies", &json!({})).await,
            "strategies:delete" => by.delete(&format!("/api/v1/strategies/{nobody}")).await,
            "bots:execute" => by.post(&format!("/api/v1/bots/{nobody}/start"), &json!({})).await,
            _ => {
                let member = format!("/api/tenant/{}/members/{nobody}", self.tenants[tenant]);
                by.patch(&member, &json!({ "role": "viewer" })).await
            }
        };
        let refusal = answer.body()["code"].as_str().map(str::to_owned);
        let verdict = match refusal.as_deref() {
            Some("TENANT_NOT_FOUND" | "FORBIDDEN" | "TENANT_SUSPENDED") => status(&answer),
            None | Some("VALIDATION_ERROR" | "STRATEGY_NOT_FOUND" | "BOT_NOT_FOUND" | "MEMBER_NOT_FOUND") => 200,
            Some(other) => panic!("{permission}: {other}"),
        };
        self.is_told((tenant, who), permission, verdict, dice).await;
        verdict
    }

    /// What somebody is told of their permission is what comes of its use.
    async fn is_told(&self, (tenant, who): (usize, usize), permission: &str, verdict: u16, dice: &mut StdRng) {
        let by = self.somewhere(who, dice).with("x-tenant-id", self.tenants[tenant]);
        let told = by.post("/api/v1/security/check-permission", &json!({ "permission": permission })).await;
        let body: Value = told.body();
        let suspended = body["code"] == "TENANT_SUSPENDED" && verdict == 403;
        let allowed = body["data"]["allowed"].as_bool().map(|allowed| if allowed { 200 } else { 403 });
        assert!(suspended || allowed.unwrap_or_else(|| status(&told)) == verdict, "{verdict}, but {body}");
    }
}

fn status(answer: &Answer) -> u16 {
    if answer.status.is_success() { 200 } else { answer.status.as_u16() }
}
