use crate::{
    ManageAudit, ReadAudit, Verdict, parse_head,
    service::{self, compliance, compliance::Report, export, retention},
    verify,
    view::{Asked, Entry, Filter, Period, Retention},
};
use axum::response::{IntoResponse, Response};
use kit::{
    Answer, Caller, CallerInAnyState, Content, Cursor, Download, Feed, Format, Json, Operation, Operator, Path, Query,
    Reason, Result, Route, Wanted, get, put, routes,
};
use uuid::Uuid;

pub(crate) static ROUTES: &[Route] = routes![
    list,
    show,
    export_trail,
    verify_trail,
    show_retention,
    set_retention,
    report_compliance,
    list_platform,
    verify_platform,
];

/// Lists the tenant's audit entries, the newest first.
#[get("/api/v1/audit")]
async fn list(
    caller: Caller<ReadAudit>,
    Query(filter): Query<Filter>,
    Query(cursor): Query<Cursor>,
) -> Result<Feed<Entry>> {
    let mut tx = caller.begin().await?;
    let entries = service::list(&mut tx, &filter, &cursor).await?;
    Ok(Feed::new(entries, cursor.limit(), |entry| entry.id.to_string()))
}

/// Shows one of the tenant's audit entries.
#[get("/api/v1/audit/{id}")]
async fn show(caller: Caller<ReadAudit>, Path(id): Path<Uuid>) -> Result<Json<Entry>> {
    let mut tx = caller.begin().await?;
    Ok(Json(service::show(&mut tx, id).await?))
}

/// Sends the tenant's audit entries as a file, the newest first.
///
/// It is CSV where `format` or the header `Accept` asks for that, else a JSON object a line. That somebody has asked for
/// it is in the trail as well. A tenant that is closed or suspended can still be taken along.
#[get("/api/v1/audit/export")]
async fn export_trail(
    caller: CallerInAnyState<ReadAudit>,
    Query(filter): Query<Filter>,
    Wanted(format): Wanted,
) -> Result<Download> {
    let mut tx = caller.begin().await?;
    export::note(&mut tx, &filter, format).await?;
    tx.commit().await?;
    Ok(Download::new(format.media_type(), export::file(format), export::parts(caller, filter, format)))
}

/// Checks that the tenant's trail is whole and unchanged.
///
/// Every entry carries a signature, and every second the new ones are sealed: each seal vouches for its entries and for
/// the seal before it. What somebody without the platform's key has changed, removed, added or moved is found.
#[get("/api/v1/audit/verify")]
async fn verify_trail(caller: Caller<ReadAudit>, Query(asked): Query<Asked>) -> Result<Json<Verdict>> {
    let head = asked.head.as_deref().map(parse_head).transpose()?;
    let mut tx = caller.begin().await?;
    let tenant = Some(tx.tenant());
    Ok(Json(verify(&mut tx, tenant, head.as_deref(), |_| ()).await?))
}

/// Tells how long the tenant keeps its audit trail.
#[get("/api/v1/audit/retention")]
async fn show_retention(caller: Caller<ManageAudit>) -> Result<Json<Retention>> {
    let mut tx = caller.begin().await?;
    Ok(Json(retention::show(&mut tx).await?))
}

/// Sets how long the tenant keeps its audit trail.
///
/// Older entries are removed, whole seals at a time; the seals stay as the proof of what was there.
#[put("/api/v1/audit/retention")]
async fn set_retention(caller: Caller<ManageAudit>, Json(new): Json<Retention>) -> Result<Json<Retention>> {
    let mut tx = caller.begin().await?;
    retention::set(&mut tx, &new).await?;
    tx.commit().await?;
    Ok(Json(new))
}

/// Reports what touched the personal data of the tenant's members.
///
/// These are archives of their data that they had made or fetched, wishes to be forgotten and what came of them, and
/// what they agreed to. What a member did outside the tenant counts while they were its member.
#[get("/api/v1/audit/compliance")]
async fn report_compliance(
    caller: Caller<ManageAudit>,
    Query(period): Query<Period>,
    Wanted(format): Wanted,
) -> Result<ReportFile> {
    let mut tx = caller.begin().await?;
    compliance::note(&mut tx, &period).await?;
    tx.commit().await?;
    let mut tx = caller.begin_across(Reason::Audit).await?;
    let report = compliance::report(&mut tx, caller.membership().tenant, &period).await?;
    Ok(ReportFile { report, format })
}

/// Lists the platform's own audit entries, and those of users outside any tenant, the newest first.
#[get("/api/v1/audit/platform")]
async fn list_platform(
    operator: Operator<ReadAudit>,
    Query(filter): Query<Filter>,
    Query(cursor): Query<Cursor>,
) -> Result<Feed<Entry>> {
    let mut tx = operator.begin_across(Reason::Audit).await?;
    let entries = service::list(&mut tx, &filter, &cursor).await?;
    Ok(Feed::new(entries, cursor.limit(), |entry| entry.id.to_string()))
}

/// Checks that the platform's own trail is whole and unchanged, and that it still knows the head of every tenant's.
///
/// `botcriptofy audit verify` checks the trails of all tenants as well.
#[get("/api/v1/audit/platform/verify")]
async fn verify_platform(operator: Operator<ReadAudit>, Query(asked): Query<Asked>) -> Result<Json<Verdict>> {
    let head = asked.head.as_deref().map(parse_head).transpose()?;
    let mut tx = operator.begin_across(Reason::Audit).await?;
    Ok(Json(verify(&mut tx, None, head.as_deref(), |_| ()).await?))
}

/// A report as JSON, or as CSV.
struct ReportFile {
    report: Report,
    format: Format,
}

impl IntoResponse for ReportFile {
    fn into_response(self) -> Response {
        match self.format {
            Format::Csv => Content::new(self.format.media_type(), self.report.csv()).into_response(),
            Format::Json => Json(self.report).into_response(),
        }
    }
}

impl Answer for ReportFile {
    fn describe(operation: &mut Operation) {
        <Json<Report> as Answer>::describe(operation);
    }
}
