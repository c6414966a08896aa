use crate::{App, Declaration, JobKind, Route, Sealed, Topic, Watch};
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

/// A module as the server sees it.
#[derive(Clone, Copy)]
pub struct Module {
    /// Its name, as its folder is called.
    pub name: &'static str,
    /// What it answers.
    pub routes: &'static [Route],
    /// What it does later.
    pub jobs: &'static [JobKind],
    /// What it does all the time.
    pub services: &'static [Service],
    /// What people may set of it while it runs.
    pub settings: &'static [&'static Declaration],
    /// What of its tables is sealed.
    pub sealed: &'static [&'static Sealed],
    /// What it tells live.
    pub topics: &'static [&'static Topic],
    /// What it does with every request.
    pub watch: Option<Watch>,
}

impl Module {
    /// One that does nothing, to be filled: `Module { name: "audit", routes: routes::ROUTES, ..Module::EMPTY }`.
    pub const EMPTY: Self =
        Self { name: "", routes: &[], jobs: &[], services: &[], settings: &[], sealed: &[], topics: &[], watch: None };
}

/// Something that runs as long as the server: it returns soon after the token is cancelled.
#[derive(Clone, Copy)]
pub struct Service {
    /// For the log.
    pub name: &'static str,
    /// Runs it.
    pub run: fn(App, CancellationToken) -> BoxFuture<'static, ()>,
}
