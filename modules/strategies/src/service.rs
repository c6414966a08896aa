use crate::{draft::Draft, store};
use audit::Change;
use configurations::Setting;
use garde::Validate;
use kit::{Error, Fault, Level, Paging, Result, TenantTx, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

pub(crate) static MOST_STRATEGIES: Setting<i64> = Setting::integer(
    "strategies.most",
    [1, 1_000, 100_000],
    &[Level::System],
    "How many strategies a tenant may have.",
);
/// The most versions of a strategy.
const MOST_VERSIONS: i32 = 1_000;

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
}

/// Whether a document keeps every rule.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "StrategyVerdict")]
pub(crate) struct Verdict {
    pub(crate) valid: bool,
    /// Every fault by its path; none when it is valid.
    pub(crate) errors: Vec<Fault>,
}

/// The strategy at this version, or at its latest.
///
/// # Errors
/// 404 when the tenant has no such strategy, or the strategy no such version.
pub async fn get(tx: &mut TenantTx, id: Uuid, version: Option<i32>) -> Result<Strategy> {
    let what = if version.is_some() { "strategy version" } else { "strategy" };
    store::get(tx, id, version).await?.ok_or_else(|| Error::not_found(what))
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
    let strategy = get(tx, id, None).await?;
    audit::record(tx, Change::new("strategy", id, "strategy.created").after(&strategy)).await?;
    Ok(strategy)
}

/// Writes a new version; the same document once more is the version that is there.
pub(crate) async fn replace(tx: &mut TenantTx, id: Uuid, draft: &Draft) -> Result<Strategy> {
    let document = draft.document()?;
    store::lock(tx, id).await?;
    let before = get(tx, id, None).await?;
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
    let after = get(tx, id, None).await?;
    audit::record(tx, Change::new("strategy", id, "strategy.updated").before(&before).after(&after)).await?;
    Ok(after)
}

pub(crate) async fn delete(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    let before = get(tx, id, None).await?;
    store::delete(tx, id).await?;
    audit::record(tx, Change::new("strategy", id, "strategy.deleted").before(&before)).await
}

pub(crate) async fn list(tx: &mut TenantTx, search: &Search, paging: &Paging) -> Result<(Vec<Summary>, i64)> {
    let q = search.q.as_deref().map(str::trim).filter(|q| !q.is_empty());
    store::list(tx, q, paging).await
}

pub(crate) async fn versions(tx: &mut TenantTx, id: Uuid, paging: &Paging) -> Result<(Vec<Version>, i64)> {
    // versions are numbered without a hole, so the latest number is their count
    let latest = get(tx, id, None).await?.version;
    Ok((store::versions(tx, id, paging).await?, i64::from(latest)))
}

pub(crate) fn validate(draft: &Draft) -> Verdict {
    let errors = draft.document().err().map(|error| error.input_faults().to_vec()).unwrap_or_default();
    Verdict { valid: errors.is_empty(), errors }
}
