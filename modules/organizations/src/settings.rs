//! What tenants and the platform set of invitations.

use configurations::Setting;
use kit::Level;

pub(crate) static VALID_HOURS: Setting<i64> = Setting::integer(
    "invitations.valid-hours",
    [1, 48, 720],
    &[Level::System, Level::Tenant],
    "For how many hours an invitation holds that is sent from now on.",
);
pub(crate) static MOST_OPEN: Setting<i64> = Setting::integer(
    "invitations.most-open",
    [1, 100, 1_000],
    &[Level::System],
    "How many invitations of a tenant may be open at once.",
);
