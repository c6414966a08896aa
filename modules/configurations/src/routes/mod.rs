mod flags;
mod mine;
mod system;
mod system_flags;
mod tenant;

use kit::{Operator, Reason, Result, Route, SystemTx, routes};

pub(crate) static ROUTES: &[Route] = routes![
    tenant::list,
    tenant::change_many,
    tenant::show_schema,
    tenant::show,
    tenant::change,
    tenant::reset,
    tenant::list_history,
    tenant::roll_back,
    mine::list_mine,
    mine::show_mine,
    mine::change_mine,
    mine::reset_mine,
    mine::list_my_history,
    mine::roll_back_mine,
    flags::list_verdicts,
    flags::follow,
    flags::show_verdict,
    flags::choose,
    flags::unchoose,
    system::list_system,
    system::change_many_of_system,
    system::show_system,
    system::change_system,
    system::reset_system,
    system::list_system_history,
    system::roll_back_system,
    system_flags::list_flags,
    system_flags::show_flag,
    system_flags::change_flag,
    system_flags::kill_flag,
    system_flags::remove_flag,
    system_flags::list_flag_history,
];

/// Where an entry of a setting's history stands.
fn place(version: &crate::service::SettingVersion) -> String {
    version.version.to_string()
}

/// A transaction across tenants in which the operator acts.
async fn begin<P>(operator: &Operator<P>) -> Result<SystemTx> {
    Ok(operator.begin_across(Reason::Configuration).await?.by(operator.user().id))
}
