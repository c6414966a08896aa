use crate::{
    draft::Draft,
    service::{Market, Strategy, Viewer, create, find, replace},
    store, templates,
};
use garde::Validate;
use kit::{Error, Fault, Result, TenantTx};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// The largest file, in bytes.
pub(crate) const MAX_FILE: usize = 4 << 20;
/// The most strategies of a file.
const MOST: usize = 500;

/// What becomes of a document whose name is taken.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "StrategyConflict")]
pub(crate) enum OnConflict {
    /// The file is refused.
    #[default]
    Refuse,
    /// It gets a number behind its name.
    Rename,
    /// It becomes the next version of the strategy of that name.
    Version,
}

/// How a file is taken in.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manner {
    /// What becomes of a document whose name is taken.
    #[garde(skip)]
    #[serde(default)]
    pub(crate) on_conflict: OnConflict,
}

/// What was taken in.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ImportedStrategies")]
pub(crate) struct Imported {
    /// In the order of the file.
    pub(crate) strategies: Vec<Strategy>,
}

/// What a copy is called, and what it trades.
#[derive(Default, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "StrategyCopy")]
pub(crate) struct Copy {
    /// Another name; the original's with a number behind it where it is left out.
    #[garde(length(min = 1, max = 100))]
    pub(crate) name: Option<String>,
    /// Another market; the original's where it is left out.
    #[garde(skip)]
    pub(crate) market: Option<Market>,
}

/// Takes in all strategies of a file, or none.
///
/// # Errors
/// Every fault with its place in the file, such as `[2].entry`.
pub(crate) async fn import(tx: &mut TenantTx, viewer: Viewer, file: &[u8], manner: &Manner) -> Result<Imported> {
    let documents = read(file)?;
    let faults: Vec<Fault> = documents.iter().enumerate().flat_map(|(index, draft)| faults(index, draft)).collect();
    if !faults.is_empty() {
        return Err(Error::faults(faults.into_iter().take(100).collect()));
    }
    let mut strategies = Vec::with_capacity(documents.len());
    for (index, draft) in documents.into_iter().enumerate() {
        strategies.push(take_in(tx, viewer, index, draft, manner.on_conflict).await?);
    }
    Ok(Imported { strategies })
}

fn faults(index: usize, draft: &Draft) -> Vec<Fault> {
    let found = draft.document().err().map(|error| error.input_faults().to_vec()).unwrap_or_default();
    found.into_iter().map(|fault| Fault::new(at(index, &fault.path), fault.code, fault.message)).collect()
}

fn at(index: usize, path: &str) -> String {
    if path.is_empty() { format!("[{index}]") } else { format!("[{index}].{path}") }
}

async fn take_in(
    tx: &mut TenantTx,
    viewer: Viewer,
    index: usize,
    draft: Draft,
    on_conflict: OnConflict,
) -> Result<Strategy> {
    let name = draft.document()?.name().to_owned();
    match (store::named(tx, &name).await?, on_conflict) {
        (None, _) => create(tx, &draft).await,
        (Some(_), OnConflict::Rename) => {
            let name = free_name(tx, &name).await?;
            create(tx, &renamed(draft, &name)).await
        }
        (Some(id), OnConflict::Version) => replace(tx, viewer, id, &draft).await,
        (Some(_), OnConflict::Refuse) => {
            Err(Error::invalid(&at(index, "name"), "STRATEGY_NAME_TAKEN", format!("`{name}` is taken already.")))
        }
    }
}

/// A document, a list of documents, or one on each line.
fn read(file: &[u8]) -> Result<Vec<Draft>> {
    let text =
        std::str::from_utf8(file).map_err(|_| Error::bad_request("INVALID_JSON", "The file is not text in UTF-8."))?;
    let documents = match serde_json::from_str(text) {
        Ok(Value::Array(documents)) => documents,
        Ok(document) => vec![document],
        Err(_) => lines(text)?,
    };
    if documents.is_empty() || documents.len() > MOST {
        let message = format!("A file holds 1 to {MOST} strategies, not {}.", documents.len());
        return Err(Error::invalid("", "WRONG_LENGTH", message));
    }
    Ok(documents.into_iter().map(Draft).collect())
}

fn lines(text: &str) -> Result<Vec<Value>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let read = |(number, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| {
            let message = format!("Line {}, column {} is not JSON.", number + 1, error.column());
            Error::bad_request("INVALID_JSON", message)
        })
    };
    lines.map(read).collect()
}

/// The documents, one on each line.
pub(crate) async fn export(tx: &mut TenantTx, viewer: Viewer) -> Result<String> {
    let documents = store::documents(tx, viewer, i64::MAX).await?;
    Ok(documents.iter().map(|document| format!("{document}\n")).collect())
}

/// Makes a strategy of the caller's from one that the caller sees.
pub(crate) async fn copy(tx: &mut TenantTx, viewer: Viewer, id: Uuid, copy: Copy) -> Result<Strategy> {
    let original = find(tx, viewer, id, None).await?;
    make(tx, original.document, copy).await
}

/// Makes a strategy of the caller's from a template.
pub(crate) async fn from_template(tx: &mut TenantTx, id: &str, copy: Copy) -> Result<Strategy> {
    let template = templates::all()?.into_iter().find(|template| template.id == id);
    let template = template.ok_or_else(|| Error::not_found("strategy template"))?;
    make(tx, template.document, copy).await
}

async fn make(tx: &mut TenantTx, mut document: Value, copy: Copy) -> Result<Strategy> {
    let name = match copy.name {
        Some(name) => name,
        None => free_name(tx, document["name"].as_str().unwrap_or_default()).await?,
    };
    if let Some(market) = copy.market {
        document["market"] = json!(market);
    }
    create(tx, &renamed(Draft(document), &name)).await
}

fn renamed(mut draft: Draft, name: &str) -> Draft {
    draft.0["name"] = json!(name);
    draft
}

/// The name itself, or with the first number behind it that makes it free.
async fn free_name(tx: &mut TenantTx, name: &str) -> Result<String> {
    let stem: String = name.chars().take(90).collect();
    let mut free = name.to_owned();
    for number in 2..1_000 {
        if store::named(tx, &free).await?.is_none() {
            return Ok(free);
        }
        free = format!("{} {number}", stem.trim_end());
    }
    Err(Error::conflict("STRATEGY_NAME_TAKEN", "Too many strategies have this name; choose another."))
}
