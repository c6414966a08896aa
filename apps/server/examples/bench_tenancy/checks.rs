//! A permission of a caller whom the server remembers.

use crate::{
    Figure, Size,
    servers::{self, Setting},
};
use kit::{Origin, RequestInfo, TenantHint};
use std::{hint::black_box, sync::Arc, time::Instant};
use tokio_util::sync::CancellationToken;

pub(crate) async fn measure(setting: &Setting, size: Size) -> [Figure; 2] {
    let app = servers::assembly(&setting.url).app;
    let (memory, stop) = (app.db().memory().clone(), CancellationToken::new());
    let listening = tokio::spawn(memory.clone().listen(app.clone(), stop.clone()));
    while memory.mark().is_none() {
        tokio::task::yield_now().await;
    }
    let request = axum::http::Request::get("/api/v1/bots").header("cookie", &setting.cookie);
    let mut parts = request.body(()).expect("a request").into_parts().0;
    parts.extensions.insert(Arc::new(RequestInfo::new(Origin::internal("bench"))));
    let recognise = async || {
        let found = api_keys::identify(&app, &parts, TenantHint::default()).await.expect("an answer");
        found.expect("somebody").membership.expect("a member")
    };
    let permissions = recognise().await.permissions;
    let began = Instant::now();
    for _ in 0..size.checks {
        assert!(black_box(&permissions).hold(black_box("bots:read")));
    }
    let check = began.elapsed().as_secs_f64() * 1e9 / f64::from(size.checks);
    let began = Instant::now();
    for _ in 0..size.checks / 10 {
        black_box(recognise().await);
    }
    let recognised = began.elapsed().as_secs_f64() * 1e10 / f64::from(size.checks);
    stop.cancel();
    listening.await.expect("it ends");
    let figure =
        |name, figure, target, met| Figure { name, unit: "ns", baseline: None, figure, ratio: None, target, met };
    [
        figure("a permission of a remembered caller", check, "< 1,000 ns", check < 1_000.0),
        figure("recognising a remembered caller", recognised, "for comparison", true),
    ]
}
