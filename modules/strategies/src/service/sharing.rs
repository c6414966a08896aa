use crate::{
    service::{Viewer, Visibility, changeable, find},
    store,
};
use audit::Change;
use garde::Validate;
use kit::{Result, TenantTx};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Who sees a strategy.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "StrategySharing")]
pub(crate) struct Sharing {
    #[garde(skip)]
    pub(crate) visibility: Visibility,
    /// Members who see it and use it while it is private.
    #[serde(default)]
    #[garde(length(max = 100))]
    pub(crate) members: Vec<Uuid>,
    /// Roles whose members do.
    #[serde(default)]
    #[garde(length(max = 20), inner(length(min = 1, max = 64)))]
    pub(crate) roles: Vec<String>,
}

pub(crate) async fn sharing(tx: &mut TenantTx, viewer: Viewer, id: Uuid) -> Result<Sharing> {
    let visibility = find(tx, viewer, id, None).await?.visibility;
    let (members, roles) = store::shares(tx, id).await?;
    Ok(Sharing { visibility, members, roles })
}

/// Says anew who sees the strategy.
pub(crate) async fn share(tx: &mut TenantTx, viewer: Viewer, id: Uuid, sharing: Sharing) -> Result<Sharing> {
    changeable(tx, viewer, id).await?;
    let before = self::sharing(tx, viewer, id).await?;
    let Sharing { visibility, mut members, mut roles } = sharing;
    members.sort_unstable();
    members.dedup();
    roles.sort_unstable();
    roles.dedup();
    store::share(tx, id, visibility, &members, &roles).await?;
    let after = Sharing { visibility, members, roles };
    audit::record(tx, Change::new("strategy", id, "strategy.shared").before(&before).after(&after)).await?;
    Ok(after)
}
