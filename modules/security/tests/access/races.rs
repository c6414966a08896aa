//! Two at once: each is decided by what the other has left.

use crate::{ROLES, assign, company, decide, officer, place, role, with};
use futures::future::{join, join_all};
use testkit::{Answer, PgPool, db_test, json};

fn statuses(answers: &[Answer]) -> Vec<u16> {
    let mut all: Vec<_> = answers.iter().map(|it| it.status.as_u16()).collect();
    all.sort_unstable();
    all
}

#[db_test]
async fn of_two_who_disarm_each_other_one_does(db: PgPool) {
    let (app, ceo) = company(db).await;
    let (ana, bob) = (app.colleague(&ceo, "admin").await, app.colleague(&ceo, "admin").await);
    for _ in 0..5 {
        let both = join(decide(&ana, &bob, "security:manage", false), decide(&bob, &ana, "security:manage", false));
        let (one, other) = both.await;
        assert_eq!(statuses(&[one, other]), [200, 403]);
        for who in [&ana, &bob] {
            ceo.delete(&place(who, "/permissions/security:manage")).await;
        }
    }
}

#[db_test]
async fn whoever_loses_a_permission_meanwhile_no_longer_gives_it(db: PgPool) {
    let (app, ceo) = company(db).await;
    let eve = officer(&app, &ceo, &["bots:read"]).await;
    let bob = with(&app, &ceo, "desk", &[]).await;
    for _ in 0..5 {
        let (taken, given) = join(decide(&ceo, &eve, "bots:read", false), decide(&eve, &bob, "bots:read", true)).await;
        taken.ok();
        let given = given.status.as_u16();
        assert!([200, 403].contains(&given), "{given}");
        decide(&eve, &bob, "bots:read", true).await.refused(403, "PERMISSION_NOT_HELD");
        ceo.delete(&place(&eve, "/permissions/bots:read")).await.no_content();
    }
}

#[db_test]
async fn the_same_grant_at_once_is_one_grant(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = with(&app, &ceo, "desk", &[]).await;
    let answers = join_all((0..6).map(|_| decide(&ceo, &bob, "bots:read", true))).await;
    assert_eq!(statuses(&answers), [200; 6]);
    assert_eq!(ceo.get(&place(&bob, "/permissions")).await.ok()["grants"].as_array().unwrap().len(), 1);
}

#[db_test]
async fn a_role_that_is_removed_while_it_is_given_is_nobodys(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = with(&app, &ceo, "desk", &[]).await;
    for _ in 0..5 {
        role(&ceo, "reader", &["audit:read"]).await;
        let path = format!("{ROLES}/reader");
        let (given, removed) = join(assign(&ceo, &bob, "reader"), ceo.delete(&path)).await;
        removed.no_content();
        assert!([200, 422].contains(&given.status.as_u16()), "{}", given.text());
        assert_eq!(ceo.get(&place(&bob, "/roles")).await.ok().as_array().unwrap().len(), 1);
    }
}

#[db_test]
async fn a_role_made_twice_at_once_is_made_once(db: PgPool) {
    let (_, ceo) = company(db).await;
    let wish = json!({ "name": "desk" });
    let answers = join_all((0..4).map(|_| ceo.post(ROLES, &wish))).await;
    assert_eq!(statuses(&answers), [201, 409, 409, 409]);
}
