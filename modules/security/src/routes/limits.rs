use crate::{
    ManageSecurity, ReadSecurity,
    service::limits::{self, Limits},
};
use garde::Validate;
use kit::{Json, NoContent, Operator, Path, Query, Result, delete, get};
use schemars::JsonSchema;
use serde::Deserialize;

/// Whose limits are meant.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// `user:` and an id, or `address:` and an IP address; of IPv6 any address of the /64.
    #[garde(length(max = 64))]
    subject: String,
}

/// Shows how often somebody has called and how far their limits have shrunk.
#[get("/api/v1/security/limits")]
pub(crate) async fn show_limits(caller: Operator<ReadSecurity>, Query(asked): Query<Asked>) -> Result<Json<Limits>> {
    Ok(Json(limits::show(caller.app(), asked.subject.parse()?).await?))
}

/// Lets somebody begin anew: nothing is counted against them and their limits are whole again.
#[delete("/api/v1/security/limits/{subject}")]
pub(crate) async fn lift_limits(caller: Operator<ManageSecurity>, Path(subject): Path<String>) -> Result<NoContent> {
    let mut tx = caller.begin().await?;
    limits::lift(&mut tx, caller.app(), subject.parse()?).await?;
    tx.commit().await?;
    Ok(NoContent)
}
