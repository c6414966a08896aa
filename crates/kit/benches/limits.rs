//! What the limits cost a request: the count alone, and the whole layer around an operation that does nothing.
//! `cargo bench -p kit`
#![expect(clippy::expect_used, reason = "a measurement that cannot go on has failed")]

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{HeaderValue, Request},
};
use criterion::{Criterion, criterion_group, criterion_main};
use futures::{FutureExt, executor::block_on};
use kit::{
    Api, App, AppParts, Charge, Clock, Db, DbSettings, EVERYTHING, Health, Ids, Json, LimitSettings, Limits, Module,
    Public, Result, Settings, Subject, Vault, get, routes,
};
use std::{
    collections::HashMap,
    hint::black_box,
    net::{Ipv4Addr, SocketAddr},
};
use tower::ServiceExt;

/// Does nothing.
#[get("/nothing")]
async fn nothing(_: Public) -> Result<Json<()>> {
    Ok(Json(()))
}

fn count(criterion: &mut Criterion) {
    let (limits, clock) = (Limits::default(), Clock::System);
    for callers in [1, 10_000] {
        let mut number = 0_u32;
        criterion.bench_function(&format!("count, {callers} callers"), |bencher| {
            bencher.iter(|| {
                number = (number + 1) % callers;
                let subject = Subject::at(Ipv4Addr::from(number).into());
                let charge = Charge { subject, bucket: EVERYTHING, limit: 1_000_000 };
                black_box(limits.charge(&charge, clock.now()).now_or_never())
            });
        });
    }
}

fn layer(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let _entered = runtime.enter();
    for limits in [None, Some(LimitSettings { per_minute: 1_000_000, auth_per_minute: 5 })] {
        let (name, app) = (if limits.is_some() { "on" } else { "off" }, app(limits));
        let module = Module { name: "bench", routes: routes![nothing], ..Module::EMPTY };
        let api = Api::new("Bench", "1", &[module], app.settings());
        let router = kit::serve_with(&app, &api);
        let peer = ConnectInfo(SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000)));
        criterion.bench_function(&format!("a request with limits {name}"), |bencher| {
            bencher.iter(|| {
                let mut request = Request::new(Body::empty());
                *request.uri_mut() = "/nothing".parse().expect("a path");
                request.extensions_mut().insert(peer);
                let answer = block_on(router.clone().oneshot(request)).expect("an answer");
                let told = answer.headers().get("ratelimit-limit").map(HeaderValue::as_bytes);
                assert_eq!(told, limits.map(|_| &b"1000000"[..]));
            });
        });
    }
}

fn app(limits: Option<LimitSettings>) -> App {
    let clock = Clock::System;
    let settings = DbSettings { options: sqlx::postgres::PgConnectOptions::new(), max_connections: 1 };
    App::new(AppParts {
        db: Db::new(settings, clock.clone(), Ids::Random, Vault::new([0; 32])),
        health: Health::new(clock.now()),
        clock,
        ids: Ids::Random,
        vault: Vault::new([7; 32]),
        settings: Settings { limits, ..Settings::default() },
        limits: Limits::default(),
        catalogue: kit::Catalogue::default(),
        identify: |_, _, _| async { Ok(None) }.boxed(),
        provided: HashMap::new(),
    })
}

criterion_group!(benches, count, layer);
criterion_main!(benches);
