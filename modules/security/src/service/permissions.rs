use kit::Catalogue;
use schemars::JsonSchema;
use serde::Serialize;

/// What may be done with one thing of the product.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PermissionResource")]
pub(crate) struct Resource {
    /// The thing, such as `bots`.
    resource: String,
    permissions: Vec<Grantable>,
}

/// A permission that can be granted.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "GrantablePermission")]
struct Grantable {
    /// `resource:action`.
    name: String,
    action: String,
    /// What its holder may do, in the words of the operations; nothing yet, where there are none.
    opens: Vec<String>,
}

/// Every permission that can be granted, by what it is about.
pub(crate) fn all(catalogue: &Catalogue) -> Vec<Resource> {
    let mut all: Vec<Resource> = vec![];
    for permitted in catalogue.iter() {
        let (resource, action) = permitted.name.split_once(':').unwrap_or_default();
        if all.last().is_none_or(|last| last.resource != resource) {
            all.push(Resource { resource: resource.to_owned(), permissions: vec![] });
        }
        let (name, action, opens) = (permitted.name.clone(), action.to_owned(), permitted.opens.clone());
        if let Some(last) = all.last_mut() {
            last.permissions.push(Grantable { name, action, opens });
        }
    }
    all
}
