//! The trail as a file, made while it is sent.

use crate::{
    Change, ReadAudit, record,
    store::entries as store,
    view::{Bounds, Entry, Filter},
};
use bytes::Bytes;
use futures::{Stream, stream::try_unfold};
use kit::{CallerInAnyState, Format, Result, TenantTx};
use std::sync::Arc;

/// How many entries are read at once.
const ENTRIES: i64 = 500;

/// Records that the trail is exported.
pub(crate) async fn note(tx: &mut TenantTx, filter: &Filter, format: Format) -> Result<()> {
    let change = Change::new("audit", tx.tenant(), "audit.exported");
    let about = serde_json::json!({ "format": format.name(), "filter": filter });
    record(tx, change.after(about)).await
}

/// The entries, the newest first, in parts. No connection is held while somebody reads slowly.
pub(crate) fn parts(
    caller: CallerInAnyState<ReadAudit>,
    filter: Filter,
    format: Format,
) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
    let begin = Some((Bounds::between(filter.from, filter.to), head(format).to_owned()));
    let source = Arc::new((caller, filter));
    try_unfold(begin, move |rest| {
        let source = source.clone();
        async move {
            let Some((bounds, mut text)) = rest else { return Ok(None) };
            let (caller, filter) = source.as_ref();
            let entries = store::list(&mut caller.begin().await?, filter, bounds, ENTRIES).await?;
            entries.iter().for_each(|entry| write(format, entry, &mut text));
            let last = entries.last().filter(|_| i64::try_from(entries.len()) == Ok(ENTRIES));
            let next = last.map(|last| (Bounds { before: last.id, ..bounds }, String::new()));
            Ok(Some((Bytes::from(text), next)))
        }
    })
}

/// What the file is called.
pub(crate) fn file(format: Format) -> &'static str {
    match format {
        Format::Csv => "audit.csv",
        Format::Json => "audit.ndjson",
    }
}

fn head(format: Format) -> &'static str {
    match format {
        Format::Csv => {
            "id,at,actorId,impersonatorId,apiKeyId,action,resource,resourceId,before,after,ip,userAgent,correlationId\r\n"
        }
        Format::Json => "",
    }
}

fn write(format: Format, entry: &Entry, text: &mut String) {
    match format {
        Format::Csv => text.push_str(&row(entry)),
        Format::Json => {
            // an entry is made of texts and trees, which always serialise
            text.push_str(&serde_json::to_string(entry).unwrap_or_default());
            text.push('\n');
        }
    }
}

fn row(entry: &Entry) -> String {
    let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let tree = |tree: &Option<serde_json::Value>| tree.as_ref().map(ToString::to_string).unwrap_or_default();
    let cells = [
        entry.id.to_string(),
        entry.at.to_string(),
        id(entry.actor_id),
        id(entry.impersonator_id),
        id(entry.api_key_id),
        entry.action.clone(),
        entry.resource.clone(),
        entry.resource_id.clone().unwrap_or_default(),
        tree(&entry.before),
        tree(&entry.after),
        entry.ip.clone().unwrap_or_default(),
        entry.user_agent.clone().unwrap_or_default(),
        entry.correlation_id.clone(),
    ];
    format!("{}\r\n", cells.map(|text| cell(&text)).join(","))
}

/// A cell that a spreadsheet reads as text, never as a formula.
pub(crate) fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn a_cell_is_never_a_formula_and_never_two_cells() {
        for (text, safe) in [
            ("plain", "plain"),
            ("=1+1", "'=1+1"),
            ("-2", "'-2"),
            ("@cmd", "'@cmd"),
            ("+cmd|'/C calc'!A0", "'+cmd|'/C calc'!A0"),
            ("=\"a\",b", "\"'=\"\"a\"\",b\""),
            ("two\nlines", "\"two\nlines\""),
        ] {
            assert_eq!(cell(text), safe);
        }
    }
}
