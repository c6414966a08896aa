use audit::Change;
use kit::{App, EVERYTHING, LimitSettings, Result, Subject, UserTx};
use schemars::JsonSchema;
use serde::Serialize;

/// How often somebody may call at present.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Limits {
    /// Who, as limits know them.
    subject: String,
    /// Everything together first, then the operations that are counted apart. What is not here is whole.
    limits: Vec<Standing>,
}

/// How somebody stands with one limit.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "LimitStanding")]
struct Standing {
    /// The path that is counted apart; `null` for everything together.
    operation: Option<String>,
    /// How many requests a minute anyone may send.
    usual: u32,
    /// How many this caller may: less after violations.
    limit: i64,
    /// How many may follow at once.
    remaining: i64,
    /// In how many seconds all of the limit is there again.
    reset_seconds: i64,
    /// In how many seconds the next request is admitted; 0 at once.
    retry_seconds: i64,
}

/// How often the subject has called.
pub(crate) async fn show(app: &App, subject: Subject) -> Result<Limits> {
    let Some(settings) = app.settings().limits else {
        return Ok(Limits { subject: subject.to_string(), limits: vec![] });
    };
    let mut known = app.limits().states(subject).await?;
    known.sort_by(|(one, _), (other, _)| (one != EVERYTHING, one).cmp(&(other != EVERYTHING, other)));
    let now = app.clock().now();
    let standing = |(bucket, state): (String, kit::LimitState)| {
        let LimitSettings { per_minute, auth_per_minute } = settings;
        let (operation, usual) =
            if bucket == EVERYTHING { (None, per_minute) } else { (Some(bucket), auth_per_minute) };
        let verdict = state.verdict(usual, now);
        let (reset_seconds, retry_seconds) = (verdict.reset_seconds(), verdict.retry_seconds());
        Standing { operation, usual, limit: verdict.limit, remaining: verdict.remaining, reset_seconds, retry_seconds }
    };
    Ok(Limits { subject: subject.to_string(), limits: known.into_iter().map(standing).collect() })
}

/// Lets the subject begin anew.
pub(crate) async fn lift(tx: &mut UserTx, app: &App, subject: Subject) -> Result<()> {
    let before = show(app, subject).await?;
    audit::record(tx, Change::new("rate-limit", subject, "rate-limit.lifted").before(before)).await?;
    app.limits().forget(subject).await
}
