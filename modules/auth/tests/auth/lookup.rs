use futures::{FutureExt, future::join_all};
use testkit::{Client, PgPool, TestApp, db_test};

#[db_test]
async fn each_of_many_who_call_at_once_is_recognised_as_who_they_are(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let mut members = vec![];
    for _ in 0..20 {
        members.push(app.member(["tenants:read"]).await);
    }
    let stranger = app.stranger().with("authorization", format!("Bearer {}", "x".repeat(32)));
    let calls = (0..200).map(|call| {
        let (member, other) = (&members[call % 20], &members[(call + 1) % 20]);
        let client: Client = match call % 5 {
            0 => stranger.clone(),
            1 => member.with("x-tenant-id", other.tenant),
            2 => member.with("x-tenant-id", member.tenant),
            _ => member.with("x-correlation-id", "correlation"),
        };
        async move { (call, client.get("/api/auth/me").await) }
    });
    for (call, answer) in join_all(calls).await {
        let member = &members[call % 20];
        match call % 5 {
            0 => drop(answer.refused(401, "UNAUTHORIZED")),
            1 => drop(answer.refused(404, "TENANT_NOT_FOUND")),
            _ => {
                let me = answer.ok();
                assert_eq!(me["id"], testkit::json!(member.user));
                assert_eq!(me["tenant"]["id"], testkit::json!(member.tenant));
            }
        }
    }
}

#[db_test]
async fn who_breaks_off_takes_nobodys_answer_away(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = app.member([]).await;
    let mut left_waiting = 0;
    for _ in 0..20 {
        // each is begun and then left, at another moment
        let left: Vec<_> = (0..10).map(|_| Box::pin(ana.get("/api/user/profile"))).collect();
        for mut call in left {
            left_waiting += usize::from(call.as_mut().now_or_never().is_none());
        }
        let answers = join_all((0..10).map(|_| ana.get("/api/user/profile"))).await;
        assert!(answers.iter().all(|answer| answer.status == 200));
    }
    assert!(left_waiting > 100, "nearly all were left while they waited: {left_waiting}");
}

#[db_test]
async fn a_closed_session_is_closed_for_the_very_next_call(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = app.member([]).await;
    let before = join_all((0..10).map(|_| ana.get("/api/user/profile"))).await;
    assert!(before.iter().all(|answer| answer.status == 200));
    ana.post("/api/auth/sign-out", &testkit::json!({})).await;
    let after = join_all((0..10).map(|_| ana.get("/api/user/profile"))).await;
    assert!(after.iter().all(|answer| answer.status == 401));
}
