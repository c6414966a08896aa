//! The two lines of a request: ours beside tracing-subscriber's own JSON. `cargo bench -p server --bench logging`
#![expect(clippy::expect_used, reason = "a measurement that cannot go on has failed")]

use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use server::logging::{Identity, json_layer};
use tracing::{Dispatch, dispatcher, info, info_span};
use tracing_appender::non_blocking::NonBlockingBuilder;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

fn request() {
    let span = info_span!("request", correlation_id = "550e8400-e29b-41d4-a716-446655440000");
    let _request = span.entered();
    let (user_id, tenant_id) = ("0192f3a4-7b1c-7def-8123-456789abcdef", "0192f3a4-7b1c-7def-8123-456789abcde0");
    info!(user_id, tenant_id, "→ {} {}", "GET", "/api/user/profile");
    info!(user_id, tenant_id, "← {} {} {} {}ms", "GET", "/api/user/profile", 200, 45);
}

fn two_lines(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("two lines of a request");
    group.throughput(Throughput::Elements(2));
    let mut measure = |name: &str, dispatch: &Dispatch| {
        dispatcher::with_default(dispatch, || group.bench_function(name, |bencher| bencher.iter(request)));
    };
    let filter = || EnvFilter::try_new("info").expect("a filter");
    let identity = Identity::of_this_process("production");
    let ours = |writer| json_layer(&identity, Arc::new(SystemTime::now), writer);

    measure("ours", &Dispatch::new(registry().with(ours(io::sink as fn() -> io::Sink).with_filter(filter()))));
    let theirs = fmt::layer().json().with_writer(io::sink);
    measure("tracing-subscriber", &Dispatch::new(registry().with(filter()).with(theirs)));

    let (writer, _guard) = NonBlockingBuilder::default().lossy(true).finish(io::sink());
    let threaded = json_layer(&identity, Arc::new(SystemTime::now), writer);
    measure("ours, by a thread", &Dispatch::new(registry().with(threaded.with_filter(filter()))));
    let (writer, _guard) = NonBlockingBuilder::default().lossy(true).finish(io::sink());
    let theirs = fmt::layer().json().with_writer(writer);
    measure("tracing-subscriber, by a thread", &Dispatch::new(registry().with(filter()).with(theirs)));
    group.finish();
}

criterion_group!(benches, two_lines);
criterion_main!(benches);
