use crate::{
    ManageStrategies,
    draft::{Draft, faults},
    store,
};
use audit::Change;
use configurations::Setting;
use garde::Validate;
use kit::{Caller, Error, Fault, Level, Paging, Permission, Result, TenantTx, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

pub(crate) mod diff;
pub(crate) mod sharing;
pub(crate) mod transfer;

pub(crate) static MOST_STRATEGIES: Setting<i64> = Setting::integer(
    "strategies.most",
    [1, 1_000, 100_000],
    &[Level::System],
    "How many strategies a tenant may have.",
);
/// The most versions of a strategy.
pub(crate) const MOST_VERSIONS: i32 = 1_000;

/// Through whose eyes strategies are seen; nobody's where all of the tenant's are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Viewer(pub(crate) Option<Uuid>);

impl Viewer {
    /// The caller; whoever may manage strategies sees all of them.
    pub(crate) fn of<P>(caller: &Caller<P>) -> Self {
        let manages = caller.membership().permissions.hold(ManageStrategies::NAME);
        Self((!manages).then_some(caller.user().id))
    }
}

/// Who sees a strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, sqlx::Type)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "StrategyVisibility")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Visibility {
    /// Every member who may read strategies.
    Tenant,
    /// The owner, those it is shared with, and whoever may manage strategies.
    Private,
}

/// A strategy at one of its versions.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "StoredStrategy")]
pub struct Strategy {
    pub id: Uuid,
    /// What the document calls it.
    pub name: String,
    /// Counted from 1.
    pub version: i32,
    /// The strategy itself, every indicator with all of its parameters.
    pub document: Value,
    /// Whoever made it, if that user is still there.
    pub owner_id: Option<Uuid>,
    pub visibility: Visibility,
    /// When it was put away, if it was.
    pub archived_at: Option<Time>,
    /// When its first version was written.
    pub created_at: Time,
    /// When this version was written.
    pub updated_at: Time,
}

/// A strategy without its document.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "StrategySummary")]
pub(crate) struct Summary {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    /// The latest.
    pub(crate) version: i32,
    pub(crate) market: Market,
    pub(crate) owner_id: Option<Uuid>,
    pub(crate) visibility: Visibility,
    pub(crate) archived_at: Option<Time>,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
}

/// What a strategy trades.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "StrategyMarket")]
pub(crate) struct Market {
    pub(crate) exchange: String,
    /// Where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) symbol: Option<String>,
    /// Where these are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) symbols: Option<Vec<String>>,
    pub(crate) timeframe: String,
}

/// One version, without its document.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "StrategyVersion")]
pub(crate) struct Version {
    pub(crate) version: i32,
    pub(crate) name: String,
    /// Who wrote it.
    pub(crate) created_by: Option<Uuid>,
    pub(crate) created_at: Time,
}

/// Which strategies are asked for.
#[derive(Deserialize, JsonSchema, Validate)]
pub(crate) struct Search {
    /// Only those whose name holds this text.
    #[garde(length(max = 100))]
    pub(crate) q: Option<String>,
    /// Only those that were put away; without it, only those that were not.
    #[garde(skip)]
    pub(crate) archived: Option<bool>,
}

/// Whether a document keeps every rule.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "StrategyVerdict")]
pub(crate) struct Verdict {
    pub(crate) valid: bool,
    /// Every fault by its path; none when it is valid.
    pub(crate) errors: Vec<Fault>,
    /// What keeps the rules and is worth a second look; told of valid documents only.
    pub(crate) warnings: Vec<Fault>,
}

/// The strategy at this version, or at its latest, as the user of the transaction sees it; the
/// platform itself sees all.
///
/// # Errors
/// 404 when the user sees no such strategy, or the strategy has no such version.
pub async fn get(tx: &mut TenantTx, id: Uuid, version: Option<i32>) -> Result<Strategy> {
    let viewer = Viewer(tx.user());
    find(tx, viewer, id, version).await
}

pub(crate) async fn find(tx: &mut TenantTx, viewer: Viewer, id: Uuid, version: Option<i32>) -> Result<Strategy> {
    let what = if version.is_some() { "strategy version" } else { "strategy" };
    store::get(tx, viewer, id, version).await?.ok_or_else(|| Error::not_found(what))
}

/// The strategy, locked, if the viewer may change it: a private one is its owner's.
pub(crate) async fn changeable(tx: &mut TenantTx, viewer: Viewer, id: Uuid) -> Result<Strategy> {
    store::lock(tx, id).await?;
    let strategy = find(tx, viewer, id, None).await?;
    let others = strategy.visibility == Visibility::Private && viewer.0.is_some() && viewer.0 != strategy.owner_id;
    if others {
        return Err(Error::forbidden("STRATEGY_OF_ANOTHER", "This strategy is shared with you to be read and used."));
    }
    Ok(strategy)
}

pub(crate) async fn create(tx: &mut TenantTx, draft: &Draft) -> Result<Strategy> {
    let document = draft.document()?;
    let most = MOST_STRATEGIES.get(tx).await?;
    if store::count(tx).await? >= most {
        return Err(
            Error::conflict("STRATEGY_LIMIT", "There are too many strategies; delete one first.").with("limit", most)
        );
    }
    let id = tx.new_id();
    store::insert(tx, id, document.name()).await?;
    store::insert_version(tx, id, 1, &document.to_json()).await?;
    let strategy = find(tx, Viewer(None), id, None).await?;
    audit::record(tx, Change::new("strategy", id, "strategy.created").after(&strategy)).await?;
    Ok(strategy)
}

/// Writes a new version; the same document once more is the version that is there.
pub(crate) async fn replace(tx: &mut TenantTx, viewer: Viewer, id: Uuid, draft: &Draft) -> Result<Strategy> {
    let document = draft.document()?;
    let before = changeable(tx, viewer, id).await?;
    let json = document.to_json();
    if before.document == json {
        return Ok(before);
    }
    if before.version >= MOST_VERSIONS {
        return Err(Error::conflict("STRATEGY_VERSION_LIMIT", "The strategy has too many versions; begin a new one.")
            .with("limit", MOST_VERSIONS));
    }
    store::insert_version(tx, id, before.version + 1, &json).await?;
    store::update(tx, id, document.name(), before.version + 1).await?;
    let after = find(tx, viewer, id, None).await?;
    audit::record(tx, Change::new("strategy", id, "strategy.updated").before(&before).after(&after)).await?;
    Ok(after)
}

pub(crate) async fn delete(tx: &mut TenantTx, viewer: Viewer, id: Uuid) -> Result<()> {
    let before = changeable(tx, viewer, id).await?;
    store::delete(tx, id).await?;
    audit::record(tx, Change::new("strategy", id, "strategy.deleted").before(&before)).await
}

pub(crate) async fn list(
    tx: &mut TenantTx,
    viewer: Viewer,
    search: &Search,
    paging: &Paging,
) -> Result<(Vec<Summary>, i64)> {
    store::list(tx, viewer, search, paging).await
}

/// Puts a strategy away, or takes it out again.
pub(crate) async fn archive(tx: &mut TenantTx, viewer: Viewer, id: Uuid, archived: bool) -> Result<Strategy> {
    let before = changeable(tx, viewer, id).await?;
    if before.archived_at.is_some() == archived {
        return Ok(before);
    }
    store::archive(tx, id, archived).await?;
    let after = find(tx, viewer, id, None).await?;
    let action = if archived { "strategy.archived" } else { "strategy.restored" };
    audit::record(tx, Change::new("strategy", id, action).before(&before).after(&after)).await?;
    Ok(after)
}

pub(crate) async fn versions(
    tx: &mut TenantTx,
    viewer: Viewer,
    id: Uuid,
    paging: &Paging,
) -> Result<(Vec<Version>, i64)> {
    // versions are numbered without a hole, so the latest number is their count
    let latest = find(tx, viewer, id, None).await?.version;
    Ok((store::versions(tx, id, paging).await?, i64::from(latest)))
}

pub(crate) fn validate(draft: &Draft) -> Verdict {
    match draft.document() {
        Ok(document) => Verdict { valid: true, errors: Vec::new(), warnings: faults(document.warnings()) },
        Err(error) => Verdict { valid: false, errors: error.input_faults().to_vec(), warnings: Vec::new() },
    }
}
