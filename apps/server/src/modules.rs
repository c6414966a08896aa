//! The modules of the product, once.

use crate::system;
use kit::Module;

/// Every module, the lower ones first.
pub const ALL: &[Module] = &[
    system::module(),
    audit::module(),
    users::module(),
    tenants::module(),
    configurations::module(),
    security::module(),
    auth::module(),
    social::module(),
    passkeys::module(),
    organizations::module(),
    api_keys::module(),
    administration::module(),
    departments::module(),
    market_data::module(),
    exchanges::module(),
    strategies::module(),
    backtests::module(),
    stream::module(),
    orders::module(),
    portfolio::module(),
    risk::module(),
    bots::module(),
];
