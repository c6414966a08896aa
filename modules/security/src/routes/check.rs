use crate::{
    ReadSecurity,
    service::{
        check::{self, Checked, Question},
        permissions::{self, Resource},
    },
};
use kit::{AnyMember, Caller, Json, Result, get, post};

/// Lists every permission that can be granted, by what it is about, with what it opens.
#[get("/api/v1/security/permissions")]
pub(crate) async fn list_permissions(caller: Caller<ReadSecurity>) -> Result<Json<Vec<Resource>>> {
    Ok(Json(permissions::all(caller.app().catalogue())))
}

/// Says whether the caller, or another member, may do something, and why.
#[post("/api/v1/security/check-permission")]
pub(crate) async fn check_permission(caller: AnyMember, Json(question): Json<Question>) -> Result<Json<Checked>> {
    let held = check::held(&caller, &question).await?;
    Ok(Json(check::answer(caller.app().catalogue(), &held, question)?))
}
