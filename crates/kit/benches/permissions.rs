//! What it costs to ask whether somebody holds a permission, of a set of realistic size, against a bare look-up in a
//! hash set. `cargo bench -p kit --bench permissions`

use criterion::{Criterion, criterion_group, criterion_main};
use kit::{ACTIONS, Permissions, RESOURCES, Share, Source, Tier};
use std::{collections::HashSet, hint::black_box};

/// So many permissions, by name.
fn names(count: usize) -> Vec<String> {
    let all = ACTIONS.iter().flat_map(|action| RESOURCES.map(|resource| format!("{resource}:{action}")));
    all.take(count).collect()
}

fn source(tier: Tier, name: &str, share: Share) -> Source {
    Source { tier, name: name.to_owned(), share }
}

/// A manager with a few grants, two roles of the company's own making, two departments and something revoked.
fn somebody() -> Permissions {
    let few = |count| Share::of(names(count));
    let sources = vec![
        source(Tier::Direct, "grant", few(3)),
        source(Tier::TenantRole, "role:manager", Share::Actions(&["read", "write", "execute", "delete"])),
        source(Tier::TenantRole, "role:night-shift", few(40)),
        source(Tier::TenantRole, "role:reviewers", few(60)),
        source(Tier::TenantRole, "department:Financial", few(4)),
        source(Tier::TenantRole, "department:Support", few(4)),
        source(Tier::GlobalRole, "role:user", Share::Actions(&[])),
    ];
    Permissions::new(sources, vec!["orders:delete".to_owned(), "bots:delete".to_owned()])
}

fn permissions(criterion: &mut Criterion) {
    let (held, bare): (_, HashSet<String>) = (somebody(), names(100).into_iter().collect());
    for (what, name) in [
        ("granted directly", "ai:read"),
        ("by the first role", "bots:execute"),
        ("by a further role", "audit:view_all"),
        ("revoked", "bots:delete"),
        ("by nothing", "users:approve"),
    ] {
        criterion.bench_function(&format!("hold, {what}"), |bencher| {
            bencher.iter(|| black_box(&held).hold(black_box(name)));
        });
        criterion.bench_function(&format!("verdict, {what}"), |bencher| {
            bencher.iter(|| black_box(black_box(&held).verdict(black_box(name))));
        });
        criterion.bench_function(&format!("a bare hash set, {what}"), |bencher| {
            bencher.iter(|| black_box(&bare).contains(black_box(name)));
        });
    }
}

criterion_group!(benches, permissions);
criterion_main!(benches);
