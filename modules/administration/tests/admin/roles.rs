use crate::support::{act, actors, admin, app, done, super_admin, user};
use testkit::{PgPool, db_test, json};

const REFUSED: &str = "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE";

#[db_test]
async fn a_super_administrator_makes_and_unmakes_administrators(db: PgPool) {
    let app = app(db).await;
    let (root, ana) = (super_admin(&app).await, user(&app).await);
    for (role, stored) in [
        (json!("admin"), "admin"),
        (json!(["user", "admin"]), "admin"),
        (json!("user, super_admin"), "super_admin"),
        (json!(["user"]), "user"),
    ] {
        app.clock().advance(chrono::TimeDelta::seconds(1));
        let changed = done(&root, "set-role", json!({ "userId": ana.user, "role": role })).await;
        assert_eq!(changed["user"]["role"], stored, "{role}");
    }
    let entries = ana.get("/api/v1/audit?action=user.role-changed").await.ok();
    assert_eq!((&entries[3]["before"]["role"], &entries[3]["after"]["role"]), (&json!("user"), &json!("admin")));
    assert_eq!(actors(&app, Some(ana.tenant), "user.role-changed").await, vec![(Some(root.user), None); 4]);
}

#[db_test]
async fn a_role_that_does_not_exist_is_refused(db: PgPool) {
    let app = app(db).await;
    let (root, ana) = (super_admin(&app).await, user(&app).await);
    for role in [json!("emperor"), json!("Admin"), json!(""), json!([]), json!(["user", "x"]), json!("user,")] {
        let answer = act(&root, "set-role", json!({ "userId": ana.user, "role": role })).await;
        answer.refused(400, "YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE");
    }
}

#[db_test]
async fn an_administrator_raises_nobody_and_not_themselves(db: PgPool) {
    let app = app(db).await;
    let (admin, ana) = (admin(&app).await, user(&app).await);
    for role in ["admin", "super_admin"] {
        for target in [ana.user, admin.user] {
            act(&admin, "set-role", json!({ "userId": target, "role": role })).await.refused(403, REFUSED);
        }
    }
    act(&admin, "set-role", json!({ "userId": admin.user, "role": "user" })).await.refused(403, REFUSED);
    done(&admin, "set-role", json!({ "userId": ana.user, "role": "user" })).await;
}

#[db_test]
async fn who_has_been_demoted_is_an_administrator_no_more(db: PgPool) {
    let app = app(db).await;
    let (root, admin, ana) = (super_admin(&app).await, admin(&app).await, user(&app).await);
    done(&root, "set-role", json!({ "userId": admin.user, "role": "user" })).await;
    let code = "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS";
    act(&admin, "ban-user", json!({ "userId": ana.user })).await.refused(403, code);
}

#[db_test]
async fn the_last_super_administrator_stays(db: PgPool) {
    let app = app(db).await;
    let (root, other) = (super_admin(&app).await, super_admin(&app).await);
    done(&root, "set-role", json!({ "userId": other.user, "role": "admin" })).await;
    act(&root, "set-role", json!({ "userId": root.user, "role": "user" })).await.refused(409, "LAST_SUPER_ADMIN");
    done(&root, "set-role", json!({ "userId": other.user, "role": "super_admin" })).await;
    done(&other, "ban-user", json!({ "userId": root.user })).await;
    let own = act(&other, "set-role", json!({ "userId": other.user, "role": "user" })).await;
    own.refused(409, "LAST_SUPER_ADMIN");
}

#[db_test]
async fn of_super_administrators_who_turn_on_each_other_at_once_one_stays(db: PgPool) {
    let app = app(db).await;
    let (one, other) = (super_admin(&app).await, super_admin(&app).await);
    let demote =
        async |by: &testkit::Client, whom| act(by, "set-role", json!({ "userId": whom, "role": "user" })).await;
    let (first, second) = futures::join!(demote(&one, other.user), demote(&other, one.user));
    let won = [&first, &second].iter().filter(|answer| answer.status == 200).count();
    assert_eq!(won, 1, "{} {}", first.text(), second.text());
    let left: i64 = sqlx::query_scalar("select count(*) from users where role = 'super_admin'")
        .fetch_one(app.system().await.conn())
        .await
        .unwrap();
    assert_eq!(left, 1);
}
