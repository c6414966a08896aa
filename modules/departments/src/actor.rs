use crate::{Department, ManageDepartments};
use kit::{Error, Permission, Permissions, Result, TenantTx};
use uuid::Uuid;

/// Whoever gives or takes rights, in a company that nobody else changes meanwhile.
pub(crate) struct Actor {
    user: Uuid,
    /// What they may do at this moment, whatever the request was let in by.
    rights: Permissions,
}

impl Actor {
    /// Locks the company.
    ///
    /// # Errors
    /// 403 `SESSION_REQUIRED` for a key: it may hold less than its user, by whom is judged here; 404 for who is no
    /// member any more.
    pub(crate) async fn of(tx: &mut TenantTx) -> Result<Self> {
        if tx.actor().api_key.is_some() {
            return Err(Error::session_required());
        }
        tenants::lock(tx).await?;
        let user = tx.user().ok_or_else(|| Error::not_found("tenant"))?;
        Ok(Self { user, rights: tenants::rights(tx, user).await? })
    }

    /// # Errors
    /// 403 without `departments:manage`.
    pub(crate) fn refuse_unless_they_manage(&self) -> Result<()> {
        let manages = self.rights.hold(ManageDepartments::NAME);
        if manages { Ok(()) } else { Err(Error::lacks(ManageDepartments::NAME)) }
    }

    /// # Errors
    /// 403 without `departments:manage`, but for the department's head.
    pub(crate) fn refuse_unless_they_lead(&self, department: &Department) -> Result<()> {
        if department.head_id == Some(self.user) { Ok(()) } else { self.refuse_unless_they_manage() }
    }

    /// # Errors
    /// 403 `PERMISSION_NOT_HELD`, with those that they would give and do not hold.
    pub(crate) fn refuse_to_give<'a>(&self, permissions: impl IntoIterator<Item = &'a String>) -> Result<()> {
        let lacking: Vec<_> = permissions.into_iter().filter(|name| !self.rights.hold(name)).cloned().collect();
        if lacking.is_empty() {
            return Ok(());
        }
        let message = format!("Nobody gives what they do not hold: {}.", lacking.join(", "));
        Err(Error::forbidden("PERMISSION_NOT_HELD", message).with("permissions", lacking))
    }
}
