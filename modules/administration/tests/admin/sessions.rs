use crate::support::{NOBODY, actors, admin, app, done, lives, user};
use testkit::{PgPool, Value, db_test, json};

#[db_test]
async fn sessions_are_listed_without_a_token_that_anybody_could_use(db: PgPool) {
    let app = app(db).await;
    let (admin, ana) = (admin(&app).await, user(&app).await);
    let sessions = done(&admin, "list-user-sessions", json!({ "userId": ana.user })).await["sessions"].clone();
    assert_eq!(sessions.as_array().unwrap().len(), 1);
    assert_eq!(sessions[0]["userId"], json!(ana.user));
    let token = sessions[0]["token"].as_str().unwrap();
    assert_eq!(token, sessions[0]["id"]);
    assert!(!lives(&app.stranger().with("authorization", format!("Bearer {token}"))).await);
    for nobody in [NOBODY, "x"] {
        let none = done(&admin, "list-user-sessions", json!({ "userId": nobody })).await;
        assert_eq!(none["sessions"], json!([]));
    }
}

#[db_test]
async fn a_session_is_closed_by_its_handle_or_its_token(db: PgPool) {
    let app = app(db).await;
    let (admin, ana) = (admin(&app).await, user(&app).await);
    let mut tx = app.system().await;
    let token = auth::open_session(app.app(), &mut tx, ana.user, true).await.unwrap().token;
    tx.commit().await.unwrap();
    let second = app.stranger().with("authorization", format!("Bearer {token}"));
    let close = async |token: Value| done(&admin, "revoke-user-session", json!({ "sessionToken": token })).await;
    assert_eq!(close(json!("unknown")).await, json!({ "success": true }));
    assert!(lives(&ana).await && lives(&second).await);
    close(json!(token)).await;
    assert!(lives(&ana).await && !lives(&second).await);
    let sessions = done(&admin, "list-user-sessions", json!({ "userId": ana.user })).await["sessions"].clone();
    close(sessions[0]["token"].clone()).await;
    assert!(!lives(&ana).await && lives(&admin).await);
    assert_eq!(actors(&app, Some(ana.tenant), "user.session-revoked").await, vec![(Some(admin.user), None); 2]);
}

#[db_test]
async fn all_sessions_of_a_user_are_closed_and_nobody_elses(db: PgPool) {
    let app = app(db).await;
    let (admin, ana, bob) = (admin(&app).await, user(&app).await, user(&app).await);
    assert_eq!(done(&admin, "revoke-user-sessions", json!({ "userId": ana.user })).await, json!({ "success": true }));
    assert!(!lives(&ana).await && lives(&bob).await && lives(&admin).await);
    assert_eq!(done(&admin, "revoke-user-sessions", json!({ "userId": NOBODY })).await, json!({ "success": true }));
}
