//! What is given or taken at one server holds at the next request at every other, remembered or not.

use crate::{ROLES, assign, decide, place, reads_audit, role, with};
use kit::chrono::TimeDelta;
use tenants::Kind;
use testkit::{Client, Member, PgPool, TestApp, db_test, json};

struct Servers {
    here: TestApp,
    /// Another server, which remembers as the first one does.
    there: TestApp,
    /// One that cannot remember.
    forgetful: TestApp,
    ceo: Member,
}

impl Servers {
    async fn new(db: PgPool) -> Self {
        let modules = || [security::module(), api_keys::module()];
        let here = TestApp::new(db.clone(), modules()).await;
        let there = here.beside(db.clone(), modules()).await;
        let forgetful = here.beside(db, modules()).await;
        let ceo = here.owner(Kind::Company).await;
        Self { here, there, forgetful, ceo }
    }

    /// Whether somebody reads the trail, at every server and twice: it is remembered by then.
    async fn agree(&self, user: &Member) -> bool {
        let clients: [Client; 3] = [user.at(&self.here), user.at(&self.there), user.at(&self.forgetful)];
        let mut said = vec![];
        for client in [&clients[0], &clients[1], &clients[2], &clients[0], &clients[1]] {
            said.push(reads_audit(client).await);
        }
        assert!(said.iter().all(|it| *it == said[0]), "{said:?}");
        said[0]
    }
}

#[db_test]
async fn grants_and_revocations_hold_at_the_next_request_everywhere(db: PgPool) {
    let servers = Servers::new(db).await;
    let _memory = (servers.here.remembers().await, servers.there.remembers().await);
    let bob = with(&servers.here, &servers.ceo, "desk", &[]).await;
    assert!(!servers.agree(&bob).await);
    for _ in 0..10 {
        decide(&servers.ceo, &bob, "audit:read", true).await.ok();
        assert!(servers.agree(&bob).await);
        decide(&servers.ceo, &bob, "audit:read", false).await.ok();
        assert!(!servers.agree(&bob).await);
    }
    servers.ceo.delete(&place(&bob, "/permissions/audit:read")).await.no_content();
    assert!(!servers.agree(&bob).await);
}

#[db_test]
async fn roles_hold_at_the_next_request_everywhere(db: PgPool) {
    let servers = Servers::new(db).await;
    let _memory = (servers.here.remembers().await, servers.there.remembers().await);
    let ceo = &servers.ceo;
    let bob = with(&servers.here, ceo, "desk", &[]).await;
    role(ceo, "reader", &["audit:read"]).await;
    assert!(!servers.agree(&bob).await);
    assign(ceo, &bob, "reader").await.ok();
    assert!(servers.agree(&bob).await);
    ceo.put(&format!("{ROLES}/reader/permissions"), &json!({ "permissions": [] })).await.ok();
    assert!(!servers.agree(&bob).await);
    ceo.post(&format!("{ROLES}/desk/permissions/audit:read"), &json!({})).await.ok();
    assert!(servers.agree(&bob).await, "the first role, too");
    ceo.delete(&format!("{ROLES}/desk/permissions/audit:read")).await.ok();
    ceo.post(&format!("{ROLES}/reader/permissions/audit:read"), &json!({})).await.ok();
    assert!(servers.agree(&bob).await);
    ceo.delete(&format!("{ROLES}/reader")).await.no_content();
    assert!(!servers.agree(&bob).await);
}

#[db_test]
async fn an_end_holds_everywhere_when_it_has_come(db: PgPool) {
    let servers = Servers::new(db).await;
    let _memory = (servers.here.remembers().await, servers.there.remembers().await);
    let bob = with(&servers.here, &servers.ceo, "desk", &[]).await;
    let soon = json!({ "permission": "audit:read", "granted": true, "expiresAt": "2026-01-05T12:01:00Z" });
    servers.ceo.post(&place(&bob, "/permissions"), &soon).await.ok();
    assert!(servers.agree(&bob).await);
    servers.here.clock().advance(TimeDelta::milliseconds(59_999));
    assert!(servers.agree(&bob).await);
    servers.here.clock().advance(TimeDelta::milliseconds(1));
    assert!(!servers.agree(&bob).await);
}
