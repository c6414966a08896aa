use crate::{
    guard::Administrator,
    service::{self, Limits},
};
use garde::Validate;
use kit::{Json, NoContent, Path, Query, Result, Route, delete, get, routes};
use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) static ROUTES: &[Route] = routes![show_limits, lift_limits];

/// Whose limits are meant.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// `user:` and an id, or `address:` and an IP address; of IPv6 any address of the /64.
    #[garde(length(max = 64))]
    subject: String,
}

/// Shows how often somebody has called and how far their limits have shrunk.
#[get("/api/v1/security/limits")]
async fn show_limits(caller: Administrator, Query(asked): Query<Asked>) -> Result<Json<Limits>> {
    Ok(Json(service::show(caller.app(), asked.subject.parse()?).await?))
}

/// Lets somebody begin anew: nothing is counted against them and their limits are whole again.
#[delete("/api/v1/security/limits/{subject}")]
async fn lift_limits(caller: Administrator, Path(subject): Path<String>) -> Result<NoContent> {
    let mut tx = caller.begin().await?;
    service::lift(&mut tx, caller.app(), subject.parse()?).await?;
    tx.commit().await?;
    Ok(NoContent)
}
