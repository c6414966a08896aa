//! The rules.

mod read;
mod view;
mod write;

pub(crate) use read::{Filter, find, history, list, place, schema, show};
pub(crate) use view::{SettingSchema, SettingVersion, SettingView};
pub(crate) use write::{Change, Changes, Rollback, change, change_many, reset, roll_back};

use kit::{Level, Tx, kind};
use uuid::Uuid;

/// Whose settings a transaction writes.
pub(crate) trait Owner: kind::Kind + Sized {
    const LEVEL: Level;

    fn id(tx: &Tx<Self>) -> Uuid;
}

impl Owner for kind::Tenant {
    const LEVEL: Level = Level::Tenant;

    fn id(tx: &Tx<Self>) -> Uuid {
        tx.tenant()
    }
}

impl Owner for kind::Personal {
    const LEVEL: Level = Level::User;

    fn id(tx: &Tx<Self>) -> Uuid {
        tx.user().unwrap_or_default()
    }
}

impl Owner for kind::System {
    const LEVEL: Level = Level::System;

    fn id(_: &Tx<Self>) -> Uuid {
        Uuid::nil()
    }
}
