//! Members of companies, in the words of the protocol.

use crate::{
    error::{self, instead},
    form::List,
    role::{self, Words},
    view::{ColleagueView, MemberView, MembersView},
};
use auth::protocol::invalid;
use kit::{Error, Permission, Result, TenantTx};
use tenants::{Member, Place, ReadMembers};
use uuid::Uuid;

/// How many members an answer shows if not said.
pub(super) const USUAL: u64 = 100;

/// A number of a query, which is a text on the wire.
pub(crate) fn number(text: Option<&str>, field: &str) -> Result<Option<u64>> {
    match text.filter(|text| !text.is_empty()).map(str::parse) {
        None => Ok(None),
        Some(Ok(number)) => Ok(Some(number)),
        Some(Err(_)) => Err(invalid("query", field, "Invalid input: expected number")),
    }
}

/// Every member, for whoever may know them.
///
/// # Errors
/// 403 for who may not.
pub(crate) async fn list_members(tx: &mut TenantTx, place: &Place) -> Result<Vec<ColleagueView>> {
    if !place.permissions.hold(ReadMembers::NAME) {
        return Err(Error::lacks(ReadMembers::NAME));
    }
    let members = tenants::all_members(tx).await?.into_iter();
    Ok(members.map(|member| ColleagueView::new(member, place.tenant.id)).collect())
}

/// The part of them that is asked for.
///
/// # Errors
/// 400 for a field, an operator or a number that is none.
pub(crate) fn page_of(mut members: Vec<ColleagueView>, form: &List) -> Result<MembersView> {
    if let Some(field) = &form.filter_field {
        check(field, "filterField")?;
        let holds = comparison(form.filter_operator.as_deref().unwrap_or("eq"))?;
        let values: Vec<&str> = form.filter_value.iter().flat_map(Words::each).collect();
        members.retain(|it| holds(&text(&it.member, field), &values));
    }
    if let Some(field) = &form.sort_by {
        check(field, "sortBy")?;
        members.sort_by_key(|it| text(&it.member, field));
    }
    match form.sort_direction.as_deref() {
        None | Some("asc") => {}
        Some("desc") => members.reverse(),
        Some(_) => return Err(invalid("query", "sortDirection", "Invalid option: expected one of \"asc\"|\"desc\"")),
    }
    let place = |number: Option<u64>, usual| usize::try_from(number.unwrap_or(usual)).unwrap_or(usize::MAX);
    let (limit, offset) = (number(form.limit.as_deref(), "limit")?, number(form.offset.as_deref(), "offset")?);
    let total = members.len();
    let members = members.into_iter().skip(place(offset, 0)).take(place(limit.filter(|&it| it > 0), USUAL)).collect();
    Ok(MembersView { members, total })
}

fn check(field: &str, place: &str) -> Result<()> {
    let known = ["id", "userId", "role", "createdAt"].contains(&field);
    if known { Ok(()) } else { Err(invalid("query", place, "Invalid input: unknown field")) }
}

fn text(member: &MemberView, field: &str) -> String {
    match field {
        "userId" => member.user_id.to_string(),
        "role" => member.role.clone(),
        "createdAt" => member.created_at.to_string(),
        _ => member.id.to_string(),
    }
}

/// How an operator of the protocol compares a field's text with values; all but two look at the first.
fn comparison(operator: &str) -> Result<fn(&str, &[&str]) -> bool> {
    Ok(match operator {
        "eq" => |text, values| values.first() == Some(&text),
        "ne" => |text, values| values.first() != Some(&text),
        "lt" => |text, values| values.first().is_some_and(|&value| text < value),
        "lte" => |text, values| values.first().is_some_and(|&value| text <= value),
        "gt" => |text, values| values.first().is_some_and(|&value| text > value),
        "gte" => |text, values| values.first().is_some_and(|&value| text >= value),
        "in" => |text, values| values.contains(&text),
        "not_in" => |text, values| !values.contains(&text),
        "contains" => |text, values| values.first().is_some_and(|value| text.contains(value)),
        "starts_with" => |text, values| values.first().is_some_and(|value| text.starts_with(value)),
        "ends_with" => |text, values| values.first().is_some_and(|value| text.ends_with(value)),
        _ => return Err(invalid("query", "filterOperator", "Invalid option")),
    })
}

/// A member, by the id of the membership or by the user's address.
///
/// # Errors
/// 400 for who is none.
pub(crate) async fn member_of(tx: &mut TenantTx, id_or_email: &str) -> Result<Member> {
    let (id, email) = (Uuid::parse_str(id_or_email).ok(), id_or_email.to_lowercase());
    let mut members = tenants::all_members(tx).await?.into_iter();
    let found = members.find(|member| Some(member.id) == id || member.email == email);
    found.ok_or_else(error::member_not_found)
}

/// Gives a member another role.
pub(crate) async fn change_role(tx: &mut TenantTx, place: &Place, member: &Member, to: &str) -> Result<MemberView> {
    if !role::may(place, "member", "update") {
        return Err(error::may_not_update_member());
    }
    let changed = tenants::change_role(tx, member.user_id, to).await;
    let changed = changed.map_err(|refused| match refused.code() {
        "VALIDATION_ERROR" => error::role_not_found(to),
        _ => refused,
    });
    let changed = instead(
        changed,
        &[
            ("FORBIDDEN", error::may_not_update_member),
            ("ROLE_ABOVE_YOUR_OWN", error::may_not_update_member),
            ("LAST_OWNER", error::needs_an_owner),
            ("MEMBER_NOT_FOUND", error::member_not_found),
            ("TENANT_NOT_FOUND", error::member_not_found),
        ],
    );
    changed.map(|changed| MemberView::new(&changed, place.tenant.id))
}

/// Takes a member out of the company. Of an owner only another owner may; that comes before what the caller may do at
/// all.
pub(crate) async fn remove(tx: &mut TenantTx, place: &Place, member: &Member) -> Result<MemberView> {
    let above: fn() -> Error = match member.role == place.tenant.kind.founder() {
        true => error::only_owner_cannot_leave,
        false => error::may_not_delete_member,
    };
    if !role::may(place, "member", "delete") {
        return Err(above());
    }
    let removed = instead(
        tenants::remove_member(tx, member.user_id).await,
        &[
            ("FORBIDDEN", error::may_not_delete_member),
            ("ROLE_ABOVE_YOUR_OWN", above),
            ("LAST_OWNER", error::only_owner_cannot_leave),
            ("MEMBER_NOT_FOUND", error::member_not_found),
            ("TENANT_NOT_FOUND", error::member_not_found),
        ],
    );
    removed.map(|removed| MemberView::new(&removed, place.tenant.id))
}

/// The role of a member, by the user's id; the caller's own if nobody's is asked for.
///
/// # Errors
/// 403 for who is no member, or may not know the others.
pub(crate) async fn role_of(tx: &mut TenantTx, place: &Place, user: Option<&str>) -> Result<String> {
    let Some(user) = user.filter(|user| !user.is_empty()) else { return Ok(role::shown(&place.role).to_owned()) };
    let members = list_members(tx, place).await?;
    let user = Uuid::parse_str(user).map_err(|_| error::you_are_no_member())?;
    let found = members.into_iter().find(|it| it.member.user_id == user);
    found.map(|it| it.member.role).ok_or_else(error::you_are_no_member)
}
