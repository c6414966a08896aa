//! What is answered under `/api/v1/security`.

mod limits;

use kit::{Route, routes};

pub(crate) static ROUTES: &[Route] = routes![limits::show_limits, limits::lift_limits];
