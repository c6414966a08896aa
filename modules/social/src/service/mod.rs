//! The rules, by verb.

mod arrive;
mod depart;
mod link;
mod setback;
mod show;
mod tokens;
mod unlink;

pub(crate) use arrive::{Return, arrive};
pub(crate) use depart::{Ask, JOURNEYS, depart};
pub(crate) use link::link_shown;
pub(crate) use setback::Setback;
pub(crate) use show::sign_in_shown;
pub(crate) use tokens::{AccessToken, AccountInfo, Fresh, account_info, get_access_token, refresh_token};
pub(crate) use unlink::{Chosen, unlink};
