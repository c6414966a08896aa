use crate::support::{NOBODY, admin, app, made, success, user};
use testkit::{Client, PgPool, Value, db_test, json};

async fn list(by: &Client, query: &str) -> Value {
    success(by.get(&format!("/api/auth/admin/list-users{query}")).await)
}

fn emails(list: &Value) -> Vec<&str> {
    list["users"].as_array().unwrap().iter().map(|user| user["email"].as_str().unwrap()).collect()
}

/// An administrator and three users.
async fn people(db: PgPool) -> (testkit::TestApp, testkit::Member) {
    let app = app(db).await;
    let admin = admin(&app).await;
    for email in ["ana@one.example", "bob_b@two.example", "carl@two.example"] {
        app.clock().advance(chrono::TimeDelta::seconds(1));
        made(&admin, email).await;
    }
    (app, admin)
}

#[db_test]
async fn users_are_listed_with_all_that_the_protocol_shows(db: PgPool) {
    let (_app, admin) = people(db).await;
    let all = list(&admin, "").await;
    assert_eq!(emails(&all), [&admin.email, "ana@one.example", "bob_b@two.example", "carl@two.example"]);
    assert_eq!(all["total"], 4);
    assert!(all.get("limit").is_none() && all.get("offset").is_none());
    let ana = &all["users"][1];
    let fields: Vec<_> = ana.as_object().unwrap().keys().map(String::as_str).collect();
    for field in ["id", "name", "email", "emailVerified", "image", "createdAt", "updatedAt", "role", "banned"] {
        assert!(fields.contains(&field), "{field}");
    }
    assert_eq!((&ana["role"], &ana["banned"], &ana["banReason"]), (&json!("user"), &json!(false), &Value::Null));
}

#[db_test]
async fn a_part_of_the_list_is_asked_for_by_limit_and_offset(db: PgPool) {
    let (_app, admin) = people(db).await;
    let part = list(&admin, "?limit=2&offset=1&sortBy=email").await;
    assert_eq!(emails(&part), ["bob_b@two.example", "carl@two.example"]);
    assert_eq!((&part["total"], &part["limit"], &part["offset"]), (&json!(4), &json!(2), &json!(1)));
    for nothing_said in ["?limit=abc&offset=x", "?limit=0", "?limit=-5&offset=-1", "?limit=", "?limit=1e3"] {
        assert_eq!(emails(&list(&admin, nothing_said).await).len(), 4, "{nothing_said}");
    }
    assert_eq!(list(&admin, "?limit=99999999").await["limit"], 1000);
    assert_eq!(emails(&list(&admin, "?offset=9223372036854775807").await).len(), 0);
    assert_eq!(list(&admin, "?offset=100").await["total"], 4);
}

#[db_test]
async fn the_list_is_searched_in_addresses_and_names(db: PgPool) {
    let (_app, admin) = people(db).await;
    for (query, found) in [
        ("searchValue=TWO", vec!["bob_b@two.example", "carl@two.example"]),
        ("searchValue=ana&searchOperator=starts_with", vec!["ana@one.example"]),
        ("searchValue=one.example&searchOperator=ends_with", vec!["ana@one.example"]),
        ("searchValue=one&searchOperator=ends_with", vec![]),
        ("searchValue=made&searchField=name&sortBy=email&sortDirection=desc&limit=1", vec!["carl@two.example"]),
        ("searchValue=_b%40", vec!["bob_b@two.example"]),
        ("searchValue=%25", vec![]),
        ("searchValue=%5C", vec![]),
        ("searchValue='%20or%20true%20--", vec![]),
    ] {
        assert_eq!(emails(&list(&admin, &format!("?{query}")).await), found, "{query}");
    }
    assert_eq!(list(&admin, "?searchValue=&limit=1").await["total"], 4, "nothing is searched for");
}

#[db_test]
async fn the_list_is_filtered_by_fields_of_a_user(db: PgPool) {
    let (_app, admin) = people(db).await;
    let ana = list(&admin, "?searchValue=ana").await["users"][0].clone();
    let id = ana["id"].as_str().unwrap();
    for (query, total) in [
        ("filterField=role&filterValue=admin", 1),
        ("filterField=role&filterValue=admin&filterOperator=ne", 3),
        ("filterField=role&filterOperator=in&filterValue=admin&filterValue=user", 4),
        ("filterField=role&filterOperator=in&filterValue=admin", 1),
        ("filterField=role&filterOperator=not_in&filterValue=admin&filterValue=super_admin", 3),
        ("filterValue=ANA%40one.example", 1),
        ("filterField=banned&filterValue=false", 4),
        ("filterField=banned&filterValue=true", 0),
        ("filterField=emailVerified&filterValue=true", 4),
        ("filterField=createdAt&filterValue=2026-01-05T12:00:01.000Z&filterOperator=gte", 3),
        ("filterField=createdAt&filterValue=2026-01-05T12:00:01.000Z&filterOperator=gt", 2),
        ("filterField=createdAt&filterValue=2026-01-05T12:00:01.000Z&filterOperator=lt", 1),
        ("filterField=createdAt&filterValue=2026-01-05T12:00:01.000Z&filterOperator=lte", 2),
        ("filterField=banReason&filterValue=spam&filterOperator=ne", 4),
        ("filterField=name&filterValue=ad&filterOperator=contains", 3),
        ("filterField=name&filterValue=Ma&filterOperator=starts_with&searchValue=two", 2),
        ("filterField=name&filterValue=de&filterOperator=ends_with", 3),
        (&format!("filterField=id&filterValue={id}"), 1),
        (&format!("filterField=id&filterValue={NOBODY}"), 0),
    ] {
        assert_eq!(list(&admin, &format!("?{query}")).await["total"], total, "{query}");
    }
}

#[db_test]
async fn what_nobody_may_search_by_is_refused(db: PgPool) {
    let (_app, admin) = people(db).await;
    for query in [
        "sortBy=password_hash",
        "sortBy=id;drop%20table%20users",
        "sortBy=default_tenant_id",
        "sortDirection=sideways",
        "filterField=locale&filterValue=en",
        "filterField=role&filterValue=admin&filterOperator=~",
        "filterField=banned&filterValue=maybe",
        "filterField=createdAt&filterValue=yesterday",
        "filterField=id&filterValue=1",
        "filterField=banned&filterValue=t&filterOperator=contains",
        "filterField=role&filterValue=a&filterValue=b",
        "searchField=role&searchValue=a",
        "searchOperator=eq&searchValue=a",
        "searchValue=a&searchValue=b",
        "searchValue=%00",
        &format!("searchValue={}", "x".repeat(255)),
        &format!("filterOperator=in{}", "&filterValue=x".repeat(101)),
    ] {
        let answer = admin.get(&format!("/api/auth/admin/list-users?{query}")).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.text());
        answer.refused(400, "VALIDATION_ERROR");
    }
}

#[db_test]
async fn one_user_is_shown_by_their_id(db: PgPool) {
    let app = app(db).await;
    let (admin, ana) = (admin(&app).await, user(&app).await);
    let shown = success(admin.get(&format!("/api/auth/admin/get-user?id={}", ana.user)).await);
    assert_eq!((&shown["email"], &shown["id"]), (&json!(ana.email), &json!(ana.user)));
    for unknown in [NOBODY, "x", ""] {
        let answer = admin.get(&format!("/api/auth/admin/get-user?id={unknown}")).await;
        assert_eq!(answer.refused(404, "USER_NOT_FOUND")["message"], "User not found");
    }
    admin.get("/api/auth/admin/get-user").await.refused(400, "VALIDATION_ERROR");
}
