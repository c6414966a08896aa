use crate::{
    avatar::{Address, Known, Picture, PictureBody},
    consent::{Consent, ConsentInput},
    export::Export,
    preferences::{Preferences, PreferencesInput},
    profile::{Profile, ProfileInput, ProfilePatch},
    service,
};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use kit::{
    Accepted, Content, Created, Json, NoContent, Page, Paging, Path, Public, Result, Route, SignedIn, delete, get,
    patch, post, put, routes,
};
use uuid::Uuid;

pub(crate) static ROUTES: &[Route] = routes![
    show_profile,
    replace_profile,
    change_profile,
    show_preferences,
    replace_preferences,
    show_avatar,
    show_avatar_by_address,
    replace_avatar,
    remove_avatar,
    list_consents,
    record_consent,
    ask_export,
    list_exports,
    fetch_export,
];

/// Shows the caller's profile.
#[get("/api/user/profile")]
async fn show_profile(caller: SignedIn) -> Result<Json<Profile>> {
    Ok(Json(Profile::from(caller.user())))
}

/// Replaces the caller's profile.
#[put("/api/user/profile")]
async fn replace_profile(caller: SignedIn, Json(profile): Json<ProfileInput>) -> Result<Json<Profile>> {
    let mut tx = caller.begin().await?;
    let profile = service::change(&mut tx, caller.user().id, |_| profile).await?;
    tx.commit().await?;
    Ok(Json(profile))
}

/// Changes a part of the caller's profile; what is left out stays.
#[patch("/api/user/profile")]
async fn change_profile(caller: SignedIn, Json(patch): Json<ProfilePatch>) -> Result<Json<Profile>> {
    let mut tx = caller.begin().await?;
    let profile = service::change(&mut tx, caller.user().id, |user| patch.of(user)).await?;
    tx.commit().await?;
    Ok(Json(profile))
}

/// Shows how the caller likes to see the platform and to be told by it.
#[get("/api/user/preferences")]
async fn show_preferences(caller: SignedIn) -> Result<Json<Preferences>> {
    let mut tx = caller.begin().await?;
    service::preferences(&mut tx, caller.user()).await.map(Json)
}

/// Replaces the caller's preferences.
#[put("/api/user/preferences")]
async fn replace_preferences(caller: SignedIn, Json(input): Json<PreferencesInput>) -> Result<Json<Preferences>> {
    let mut tx = caller.begin().await?;
    let preferences = service::prefer(&mut tx, caller.user().id, input).await?;
    tx.commit().await?;
    Ok(Json(preferences))
}

/// Shows the caller's picture.
#[get("/api/user/avatar")]
async fn show_avatar(caller: SignedIn, known: Known) -> Result<Picture> {
    let kept = service::own_avatar(&mut caller.begin().await?).await?;
    Ok(Picture::own(kept, &known))
}

/// Shows a user's picture to whoever knows its address.
#[get("/api/user/avatar/{id}")]
async fn show_avatar_by_address(anyone: Public, Path(id): Path<Uuid>, known: Known) -> Result<Picture> {
    let kept = service::avatar(anyone.app(), anyone.request().origin.clone(), id).await?;
    Ok(Picture::by_address(kept, &known))
}

/// Makes a picture that of the caller: PNG, JPEG, WebP or GIF, at most 1 MiB and 4096 pixels to a side.
#[put("/api/user/avatar")]
async fn replace_avatar(caller: SignedIn, body: PictureBody) -> Result<Json<Address>> {
    service::replace_avatar(&caller, body).await.map(Json)
}

/// Removes the caller's picture.
#[delete("/api/user/avatar")]
async fn remove_avatar(caller: SignedIn) -> Result<NoContent> {
    let mut tx = caller.begin().await?;
    service::remove_avatar(&mut tx, caller.user()).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Lists what the caller agreed to and took back, the newest first.
#[get("/api/user/consents")]
async fn list_consents(caller: SignedIn, paging: Paging) -> Result<Page<Consent>> {
    let (consents, total) = service::consents(&mut caller.begin().await?, &paging).await?;
    Ok(Page::new(consents, &paging, total))
}

/// Records what the caller agrees to or takes back; nobody does it for them.
#[post("/api/user/consents")]
async fn record_consent(caller: SignedIn, Json(input): Json<ConsentInput>) -> Result<Created<Consent>> {
    caller.own()?;
    let mut tx = caller.begin().await?;
    let consent = service::consent(&mut tx, input).await?;
    tx.commit().await?;
    Ok(Created(consent))
}

/// Asks for an archive of all that the platform knows of the caller, which takes the place of an older one.
#[post("/api/user/export")]
async fn ask_export(caller: SignedIn) -> Result<Accepted<Export>> {
    caller.own()?;
    let mut tx = caller.begin().await?;
    let export = service::ask_export(&mut tx, caller.user().id).await?;
    tx.commit().await?;
    Ok(Accepted(export))
}

/// Lists the caller's archives that can be fetched or are being made.
#[get("/api/user/export")]
async fn list_exports(caller: SignedIn, paging: Paging) -> Result<Page<Export>> {
    let (exports, total) = service::exports(&mut caller.begin().await?, &paging).await?;
    Ok(Page::new(exports, &paging, total))
}

/// Fetches an archive: a ZIP with a JSON file for each kind of thing. It can be fetched for seven days.
#[get("/api/user/export/{id}")]
async fn fetch_export(caller: SignedIn, Path(id): Path<Uuid>) -> Result<Content> {
    caller.own()?;
    let mut tx = caller.begin().await?;
    let content = service::fetch_export(&mut tx, id).await?;
    tx.commit().await?;
    let archive = Content::new("application/zip", content).header(CACHE_CONTROL, "no-store");
    Ok(archive.header(CONTENT_DISPOSITION, "attachment; filename=\"personal-data.zip\""))
}
