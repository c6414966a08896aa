//! What clients of the protocol say.

use crate::role::{self, Wanted, Words};
use auth::protocol::Form;
use garde::Validate;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use tenants::{is_metadata, is_slug};
use users::{given, is_web_address};

/// What a form and each part of one has: its fields by the protocol's names, its limits, its place in the document.
macro_rules! forms {
    ($($(#[$about:meta])* $form:ident as $name:literal { $($(#[$rule:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$about])*
        #[derive(Deserialize, JsonSchema, Validate)]
        #[serde(rename_all = "camelCase")]
        #[schemars(rename = $name)]
        pub(crate) struct $form {
            $($(#[$rule])* pub(crate) $field: $type,)*
        }

        impl Form for $form {}
    )*};
}

forms! {
    /// A company to be.
    Create as "OrganizationCreate" {
        #[garde(length(chars, min = 1, max = 200))]
        name: String,
        /// A part of a domain: small letters, digits and hyphens.
        #[garde(custom(is_slug))]
        slug: String,
        /// The address of a picture, by http or https.
        #[garde(inner(length(max = 2048), custom(is_web_address)))]
        logo: Option<String>,
        /// An object of at most 16 KiB.
        #[garde(inner(custom(is_metadata)))]
        metadata: Option<Map<String, Value>>,
        /// Whether the session stays with the organisation that is active in it.
        #[garde(skip)]
        #[serde(default)]
        keep_current_active_organization: Option<bool>,
    }

    /// A slug that somebody would like.
    Slug as "OrganizationSlug" {
        #[garde(custom(is_slug))]
        slug: String,
    }

    /// The organisation that the session is to be about.
    Choose as "OrganizationChoose" {
        /// `null`: none.
        #[serde(default, deserialize_with = "given")]
        #[garde(inner(inner(length(max = 64))))]
        organization_id: Option<Option<String>>,
        #[garde(inner(length(max = 64)))]
        organization_slug: Option<String>,
    }

    /// An organisation; the active one if none is named.
    Which as "OrganizationWhich" {
        #[garde(inner(length(max = 64)))]
        organization_id: Option<String>,
        #[garde(inner(length(max = 64)))]
        organization_slug: Option<String>,
    }

    /// An organisation, and how many of its members.
    Full as "OrganizationFull" {
        #[garde(inner(length(max = 64)))]
        organization_id: Option<String>,
        #[garde(inner(length(max = 64)))]
        organization_slug: Option<String>,
        /// 100 if not said.
        #[garde(inner(length(max = 20)))]
        members_limit: Option<String>,
    }

    /// What an organisation is to be.
    Update as "OrganizationUpdate" {
        #[garde(dive)]
        data: Data,
        #[garde(inner(length(max = 64)))]
        organization_id: Option<String>,
    }

    /// The part of an organisation that changes; what is left out stays.
    Data as "OrganizationData" {
        #[garde(inner(length(chars, min = 1, max = 200)))]
        name: Option<String>,
        #[garde(inner(custom(is_slug)))]
        slug: Option<String>,
        /// `null` takes it away.
        #[serde(default, deserialize_with = "given")]
        #[garde(inner(inner(length(max = 2048), custom(is_web_address))))]
        logo: Option<Option<String>>,
        #[garde(inner(custom(is_metadata)))]
        metadata: Option<Map<String, Value>>,
    }

    /// An organisation that ends, for all or for the user; the active one if none is named.
    Ends as "OrganizationEnds" {
        #[garde(inner(length(max = 64)))]
        organization_id: Option<String>,
    }

    /// Who is asked to join.
    Invite as "OrganizationInvite" {
        #[garde(length(max = 1000))]
        email: String,
        #[garde(custom(role::is_short))]
        role: Words,
        #[garde(inner(length(max = 64)))]
        organization_id: Option<String>,
        /// Whether an open invitation is sent again and holds anew.
        #[garde(skip)]
        resend: Option<bool>,
    }

    /// An invitation.
    ById as "OrganizationInvitationId" {
        #[garde(length(max = 64))]
        id: String,
    }

    /// An invitation that is answered or taken back.
    Answered as "OrganizationAnswer" {
        #[garde(length(max = 64))]
        invitation_id: String,
    }

    /// Which members are listed.
    List as "OrganizationListMembers" {
        #[garde(inner(length(max = 64)))]
        organization_id: Option<String>,
        #[garde(inner(length(max = 64)))]
        organization_slug: Option<String>,
        /// 100 if not said.
        #[garde(inner(length(max = 20)))]
        limit: Option<String>,
        #[garde(inner(length(max = 20)))]
        offset: Option<String>,
        /// `id`, `userId`, `role` or `createdAt`.
        #[garde(inner(length(max = 32)))]
        sort_by: Option<String>,
        /// `asc` or `desc`.
        #[garde(inner(length(max = 8)))]
        sort_direction: Option<String>,
        /// As in `sortBy`.
        #[garde(inner(length(max = 32)))]
        filter_field: Option<String>,
        /// Several for `in` and `not_in`, each by itself or with commas between them.
        #[garde(inner(custom(role::is_short)))]
        filter_value: Option<Words>,
        /// `eq` if not said; `ne`, `lt`, `lte`, `gt`, `gte`, `in`, `not_in`, `contains`, `starts_with` or `ends_with`.
        #[garde(inner(length(max = 16)))]
        filter_operator: Option<String>,
    }

    /// Whose role is asked for; the user's own if nobody's is said.
    OfMember as "OrganizationOfMember" {
        #[garde(inner(length(max = 64)))]
        user_id: Option<String>,
        #[garde(inner(length(max = 64)))]
        organization_id: Option<String>,
        #[garde(inner(length(max = 64)))]
        organization_slug: Option<String>,
    }

    /// The role that a member is to have.
    NewRole as "OrganizationNewRole" {
        #[garde(length(max = 64))]
        member_id: String,
        #[garde(custom(role::is_short))]
        role: Words,
        #[garde(inner(length(max = 64)))]
        organization_id: Option<String>,
    }

    /// Who is to go.
    Remove as "OrganizationRemove" {
        #[garde(length(max = 254))]
        member_id_or_email: String,
        #[garde(inner(length(max = 64)))]
        organization_id: Option<String>,
    }

    /// What the user would like to do.
    Ask as "OrganizationAsk" {
        /// Actions by resource, such as `{"organization": ["delete"]}`.
        #[garde(inner(custom(is_few)))]
        permissions: Option<Wanted>,
        /// The same, by the name that older clients give it.
        #[garde(inner(custom(is_few)))]
        permission: Option<Wanted>,
        #[garde(inner(length(max = 64)))]
        organization_id: Option<String>,
    }
}

fn is_few(wanted: &Wanted, _: &()) -> garde::Result {
    let few = wanted.len() <= 32 && wanted.values().all(|actions| actions.len() <= 32);
    if few { Ok(()) } else { Err(garde::Error::new("too many permissions")) }
}
