//! Where rights are given: in a tenant, or on the whole platform. The rules are the same; what differs is said here.

use crate::{actor::Rank, service::roles::Role, store};
use kit::{Error, Permissions, Result, Share, Tier, Tx, kind};
use std::future::Future;
use tenants::Kind;
use users::Role as PlatformRole;
use uuid::Uuid;

/// A role that nobody makes or changes.
pub(crate) struct SystemRole {
    pub(crate) name: &'static str,
    pub(crate) share: Share,
}

/// Where rights are given; a transaction is at one place.
pub(crate) trait Place: Sized + Send + Sync + 'static {
    /// The tier of what its roles give.
    const TIER: Tier;
    /// What somebody is called who is not there.
    const NOBODY: &'static str;

    /// Keeps the rights of the place as they are until the transaction ends, and those of these users.
    fn lock(tx: &mut Tx<Self>, users: &[Uuid]) -> impl Future<Output = Result<()>> + Send;

    /// What a user may do there at this moment, if they are there.
    fn rank(tx: &mut Tx<Self>, user: Uuid) -> impl Future<Output = Result<Option<Rank>>> + Send;

    /// The roles that every such place has.
    fn system_roles(tx: &mut Tx<Self>) -> impl Future<Output = Result<Vec<SystemRole>>> + Send;

    /// The roles of the place's own making, by name.
    fn own_roles(tx: &mut Tx<Self>) -> impl Future<Output = Result<Vec<Role>>> + Send;

    /// Writes a role, whether it is new or not.
    fn put_role(tx: &mut Tx<Self>, role: &Role) -> impl Future<Output = Result<()>> + Send;

    /// Gives those another role who have this one as their first, and are left without one otherwise.
    fn vacate(tx: &mut Tx<Self>, role: &str, by: Option<&str>) -> impl Future<Output = Result<()>> + Send;

    fn delete_role(tx: &mut Tx<Self>, role: &str) -> impl Future<Output = Result<()>> + Send;
}

impl Place for kind::Tenant {
    const TIER: Tier = Tier::TenantRole;
    const NOBODY: &'static str = "member";

    async fn lock(tx: &mut Tx<Self>, _: &[Uuid]) -> Result<()> {
        tenants::lock(tx).await.map(drop)
    }

    async fn rank(tx: &mut Tx<Self>, user: Uuid) -> Result<Option<Rank>> {
        let membership = tenants::membership(tx, user).await?;
        Ok(membership.map(|it| {
            let top = Kind::parse(&it.kind).is_some_and(|kind| kind.founder() == it.role);
            Rank { role: it.role, top, permissions: it.permissions }
        }))
    }

    async fn system_roles(tx: &mut Tx<Self>) -> Result<Vec<SystemRole>> {
        let kind = tenants::kind(tx).await?;
        Ok(kind.roles().map(|name| SystemRole { name, share: kind.share(name, None) }).collect())
    }

    async fn own_roles(tx: &mut Tx<Self>) -> Result<Vec<Role>> {
        store::roles::of_tenant(tx).await
    }

    async fn put_role(tx: &mut Tx<Self>, role: &Role) -> Result<()> {
        store::roles::put_in_tenant(tx, role).await
    }

    async fn vacate(tx: &mut Tx<Self>, role: &str, by: Option<&str>) -> Result<()> {
        tenants::replace_role(tx, role, by).await.map(drop)
    }

    async fn delete_role(tx: &mut Tx<Self>, role: &str) -> Result<()> {
        store::roles::delete_from_tenant(tx, role).await
    }
}

impl Place for kind::System {
    const TIER: Tier = Tier::GlobalRole;
    const NOBODY: &'static str = "user";

    async fn lock(tx: &mut Tx<Self>, users: &[Uuid]) -> Result<()> {
        store::one_at_a_time(tx).await?;
        // whoever changes their first role locks them too
        users::lock_all(tx, users).await.map(drop)
    }

    async fn rank(tx: &mut Tx<Self>, user: Uuid) -> Result<Option<Rank>> {
        let Some(user) = users::find(tx, user).await? else { return Ok(None) };
        let held = tenants::platform_rights(tx, user.id).await?;
        let permissions = if user.is_banned(tx.now()) { Permissions::default() } else { held };
        let top = PlatformRole::of(&user) == PlatformRole::SuperAdmin;
        Ok(Some(Rank { role: user.role, top, permissions }))
    }

    async fn system_roles(_: &mut Tx<Self>) -> Result<Vec<SystemRole>> {
        let roles = PlatformRole::ALL.into_iter();
        Ok(roles.map(|role| SystemRole { name: role.as_str(), share: role.share() }).collect())
    }

    async fn own_roles(tx: &mut Tx<Self>) -> Result<Vec<Role>> {
        store::roles::of_platform(tx).await
    }

    async fn put_role(tx: &mut Tx<Self>, role: &Role) -> Result<()> {
        store::roles::put_on_platform(tx, role).await
    }

    async fn vacate(_: &mut Tx<Self>, _: &str, _: Option<&str>) -> Result<()> {
        // nobody has a role of the platform's own making as their first
        Ok(())
    }

    async fn delete_role(tx: &mut Tx<Self>, role: &str) -> Result<()> {
        store::roles::delete_from_platform(tx, role).await
    }
}

/// Somebody's rank, who is to be there.
///
/// # Errors
/// 404 for who is not.
pub(crate) async fn rank<K: Place>(tx: &mut Tx<K>, user: Uuid) -> Result<Rank> {
    K::rank(tx, user).await?.ok_or_else(|| Error::not_found(K::NOBODY))
}
