//! What users do with their own accounts.

mod deletion;
mod email;
mod erasure;
mod password;
mod profile;
mod reset;

pub(crate) use deletion::{AskDeletion, Deletion, OpenDeletion, delete, delete_by_link, write_deletion};
pub(crate) use email::{
    AskEmailChange, EmailChange, ask_email_change, follow_email_change, write_address_check, write_email_change,
};
pub(crate) use erasure::{AskErasure, Erasure, ask_erasure, erase, withdraw_erasure};
pub(crate) use password::{ChangePassword, VerifyPassword, change_password};
pub(crate) use profile::{Account, UpdateUser, list_accounts, update_user};
pub(crate) use reset::{AskReset, OpenReset, ResetPassword, ask_reset, open_reset, reset_password, write_reset};
