use crate::{
    profile::{Profile, ProfileInput, ProfilePatch},
    service,
};
use kit::{Json, Result, Route, SignedIn, get, patch, put, routes};

pub(crate) static ROUTES: &[Route] = routes![show_profile, replace_profile, change_profile];

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
