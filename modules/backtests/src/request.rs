use crate::service;
use garde::Validate;
use kit::{Error, Fault, Result, TenantTx};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::{borrow::Cow, collections::BTreeMap};
use trading::{
    backtest::{BacktestConfig, BacktestFile, Checks, Filters, MonteCarlo, Objective, Search, WalkForward},
    money::Instrument,
    strategy::Document,
};
use uuid::Uuid;

/// What is asked to be tried: a back-test file, whose strategy may be a stored one.
#[derive(Clone, Debug, Deserialize, Validate)]
#[serde(transparent)]
#[garde(allow_unvalidated)]
pub(crate) struct Request(Value);

/// A back-test file, whose strategy may be a stored one.
#[derive(JsonSchema)]
#[schemars(rename = "BacktestRequest", rename_all = "camelCase")]
#[expect(dead_code, reason = "the document's view of a request, whose faults are told one by one")]
struct Shape {
    /// What is tried; this or `strategyId`.
    strategy: Option<Document>,
    /// A stored strategy to try.
    strategy_id: Option<Uuid>,
    /// Which version of it; the latest if not said.
    strategy_version: Option<i32>,
    #[schemars(flatten)]
    config: BacktestConfig,
    /// Values to try, by their paths in the strategy such as `indicators.fast.period`; every
    /// combination is run, at most 10,000.
    #[schemars(default)]
    sweep: BTreeMap<String, Vec<Value>>,
    /// The figure by which the combinations of a sweep are ordered, the best first.
    objective: Option<Objective>,
    /// A search instead of a sweep.
    search: Option<Search>,
    /// Values chosen on a stretch of the past and traded on the next.
    walk_forward: Option<WalkForward>,
    /// What might have come of the same trades with other luck.
    monte_carlo: Option<MonteCarlo>,
    /// Whether the figures can be trusted.
    checks: Option<Checks>,
}

impl JsonSchema for Request {
    fn schema_name() -> Cow<'static, str> {
        Shape::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Shape::json_schema(generator)
    }
}

/// A stored strategy and its version.
pub(crate) type Source = Option<(Uuid, i32)>;

impl Request {
    /// The file with its strategy and the filters of its exchange in it, and where the strategy was taken from.
    ///
    /// # Errors
    /// 422 with the faults by path, 404 for a strategy that the tenant does not have.
    pub(crate) async fn resolve(self, tx: &mut TenantTx) -> Result<(BacktestFile, Source)> {
        let Value::Object(mut map) = self.0 else {
            return Err(Error::invalid("", "INVALID", "A back-test file is an object."));
        };
        let source = match stored(&mut map)? {
            Some((id, version)) => {
                let strategy = strategies::get(tx, id, version).await?;
                map.insert("strategy".to_owned(), strategy.document);
                Some((id, strategy.version))
            }
            None => None,
        };
        let mut file =
            BacktestFile::parse(&Value::Object(map)).map_err(|found| Error::faults(strategies::faults(found)))?;
        if file.config.filters == Filters::Exchange {
            file.config.filters = Filters::Given(known_filters(tx, &file).await?);
        }
        Ok((file, source))
    }
}

/// The filters of the exchange as they are now, which the file keeps: run once more, it meets the same.
async fn known_filters(tx: &mut TenantTx, file: &BacktestFile) -> Result<Vec<Instrument>> {
    let mut known = vec![];
    for market in service::markets(file)? {
        let filters = market_data::instrument(tx, &market.exchange, &market.symbol).await?;
        known.extend(filters.note.is_none().then_some(filters.instrument));
    }
    Ok(known)
}

/// Takes `strategyId` and `strategyVersion` out of the request.
fn stored(map: &mut Map<String, Value>) -> Result<Option<(Uuid, Option<i32>)>> {
    let (id, version) = (map.remove("strategyId"), map.remove("strategyVersion"));
    let mut faults = vec![];
    if id.is_some() && map.contains_key("strategy") {
        faults.push(Fault::new("strategyId", "CONFLICT", "Give `strategy` or `strategyId`, not both."));
    }
    if version.is_some() && id.is_none() {
        faults.push(Fault::new(
            "strategyVersion",
            "CONFLICT",
            "Only a stored strategy has versions: give `strategyId` too.",
        ));
    }
    let id = id.map(serde_json::from_value::<Uuid>).transpose().unwrap_or_else(|_| {
        faults.push(Fault::new("strategyId", "INVALID_TYPE", "An id of a strategy is expected."));
        None
    });
    let version = version.map(serde_json::from_value::<i32>).transpose().unwrap_or_else(|_| {
        faults.push(Fault::new("strategyVersion", "INVALID_TYPE", "A whole number from 1 is expected."));
        None
    });
    if faults.is_empty() { Ok(id.map(|id| (id, version))) } else { Err(Error::faults(faults)) }
}
