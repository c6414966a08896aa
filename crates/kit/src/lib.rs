//! What every module stands on: errors, inputs and answers, who calls, the database behind its
//! locks, time and identifiers, jobs, and the API document. It knows no module.

mod answer;
mod any_state;
mod app;
mod caller;
mod catalogue;
mod clock;
mod columns;
mod db;
mod declaration;
mod error;
mod events;
mod formats;
mod http;
mod identity;
mod input;
mod jobs;
mod limits;
mod mask;
mod memory;
mod module;
mod networks;
mod openapi;
mod permissions;
mod recognised;
mod rotation;
mod socket;
mod stay;
mod time;
mod topic;
mod vault;
mod watch;

pub use answer::{Accepted, Answer, Content, Created, Download, Feed, Json, NoContent, Page};
pub use any_state::CallerInAnyState;
pub use app::{App, AppParts, Mode, Settings};
pub use axum::extract::ws;
pub use axum::response::sse::Event;
pub use axum::routing;
pub use caller::{API_KEY, AnyMember, Caller, Guard, Operator, Presence, Public, SignedIn};
pub use catalogue::{Catalogue, Permitted, RESOURCES};
pub use chrono;
pub use clock::{Clock, Ids};
pub use columns::Columns;
pub use db::{Actor, Db, DbSettings, Reason, Scope, SystemTx, TenantTx, Tx, UserTx, kind};
pub use declaration::{Declaration, Level, Preset, Values};
pub use error::{Error, Fault, OnConstraint, Result, nearest};
pub use events::Events;
pub use formats::{Format, Wanted};
pub use http::{CORRELATION_ID, Health, Origin, RequestInfo, serve_with};
pub use identity::{Credential, Identify, Identity, Membership, TenantHint, TenantState, User};
pub use input::{Cursor, Input, Paging, Path, Query, Upload, read_json};
pub use jobs::{
    Job, JobContext, JobFailure, JobKind, JobState, Progress, Worker, cancel as cancel_job, enqueue as enqueue_job,
    enqueue_at as enqueue_job_at, enqueue_limited as enqueue_limited_job, follow as follow_job,
};
pub use kit_macros::{delete, get, patch, post, put};
pub use limits::{
    Charge, EVERYTHING, LimitSettings, Limiter, Limits, Local as LocalLimits, Rate, State as LimitState, Subject,
    Verdict,
};
pub use mask::mask;
pub use memory::{Mark, Memory, Remembered, Signal, Signals};
pub use module::{Module, Service};
pub use networks::{allows, network};
pub use openapi::{Api, Operation, Route};
pub use permissions::{ACTIONS, Permission, Permissions, Share, Source, Tier, Verdict as PermissionVerdict};
pub use recognised::Recognised;
pub use rotation::{
    Resealing, Sealed, Share as SealedShare, begin_rotation, finish_rotation, is_rotated, refuse_replaced,
};
pub use socket::{Socket, Upgrade};
pub use stay::Stay;
pub use time::Time;
pub use topic::Topic;
pub use vault::{KeyId, Vault};
pub use watch::{Seen, Watch};

/// The routes of a module, by the names of its handlers.
#[macro_export]
macro_rules! routes {
    ($($handler:path),* $(,)?) => { &[$(<$handler>::ROUTE),*] };
}
