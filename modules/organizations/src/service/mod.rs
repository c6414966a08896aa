//! The rules, by what they are about.

mod answers;
mod closing;
mod invitations;
mod members;
mod organizations;

pub(crate) use answers::{accept, decline, list_received, read_received};
pub(crate) use closing::{Turn, tell_members, write_turn};
pub(crate) use invitations::{find_sent, invite, list_visible, take_back, write_mail};
pub(crate) use members::{change_role, list_members, member_of, page_of, remove, role_of};
pub(crate) use organizations::{choose, create, delete, enter, find, full, update};

pub(crate) mod rest {
    pub(crate) use super::{
        answers::{accept_any, decline_any, list_any, read_any},
        closing::{close, restore},
        invitations::{Filter, NewInvitation, cancel, list, resend, send},
    };
}
