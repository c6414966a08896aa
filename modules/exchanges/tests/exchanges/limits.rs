use crate::fake::{ALL, PATH, connected, wish, with_fake};
use kit::LimitSettings;
use testkit::{PgPool, TestApp, db_test, json};

#[db_test]
async fn a_tenant_has_as_many_connections_as_the_platform_says(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let ana = app.member(ALL).await;
    let path = connected(&ana, &wish("")).await;
    let mut tx = app.system().await;
    let most = "insert into setting_versions (name, version, value, changed_at)
                values ('exchanges.most-connections', 1, '1', now())";
    sqlx::query(most).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    fake.asked();
    let refused = ana.post(PATH, &wish("2")).await.refused(409, "TOO_MANY_CONNECTIONS");
    assert_eq!(refused["context"]["limit"], 1);
    assert!(fake.asked().is_empty(), "the exchange need not be asked");
    ana.delete(&path).await.no_content();
    connected(&ana, &wish("2")).await;
}

#[db_test]
async fn of_many_who_connect_at_once_no_more_get_in_than_may(db: PgPool) {
    let (app, _) = with_fake(db).await;
    let ana = app.member(ALL).await;
    let mut tx = app.system().await;
    let most = "insert into setting_versions (name, version, value, changed_at)
                values ('exchanges.most-connections', 1, '2', now())";
    sqlx::query(most).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    let wishes: Vec<_> = (0..5).map(|end| wish(&end.to_string())).collect();
    let answers = futures::future::join_all(wishes.iter().map(|wish| ana.post(PATH, wish))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status.as_u16() == 201).count(), 2);
    assert_eq!(ana.get(PATH).await.ok().as_array().unwrap().len(), 2);
}

#[db_test]
async fn what_asks_an_exchange_may_be_called_rarely(db: PgPool) {
    let limits = LimitSettings { per_minute: 100, auth_per_minute: 2 };
    let app = TestApp::limited(db, [exchanges::module()], limits).await;
    let ana = app.member(ALL).await;
    let nobodys = format!("{PATH}/00000000-0000-7000-8000-000000000000");
    for _ in 0..2 {
        ana.post(PATH, &wish("")).await.invalid("exchange");
        ana.post(&format!("{nobodys}/test"), &json!({})).await.refused(404, "CONNECTION_NOT_FOUND");
        ana.get(&format!("{nobodys}/balances")).await.refused(404, "CONNECTION_NOT_FOUND");
    }
    for answer in [
        ana.post(PATH, &wish("")).await,
        ana.post(&format!("{nobodys}/test"), &json!({})).await,
        ana.get(&format!("{nobodys}/balances")).await,
    ] {
        assert_eq!(answer.status.as_u16(), 429);
    }
    ana.get(PATH).await.ok();
}
