use crate::service::roles::Role;
use kit::{Result, SystemTx, TenantTx, Time};

struct Row {
    name: String,
    description: Option<String>,
    permissions: Vec<String>,
    created_at: Time,
    updated_at: Time,
}

impl From<Row> for Role {
    fn from(row: Row) -> Self {
        let Row { name, description, permissions, created_at, updated_at } = row;
        let (created_at, updated_at) = (Some(created_at), Some(updated_at));
        Self { name, system: false, description, permissions, created_at, updated_at }
    }
}

/// The statements upon the roles of one place: its kind of transaction, its table, the key and which rows are its own.
macro_rules! roles {
    ($tx:ty, $table:tt, $key:tt, $own:tt: $list:ident, $put:ident, $delete:ident) => {
        pub(crate) async fn $list(tx: &mut $tx) -> Result<Vec<Role>> {
            let roles = sqlx::query_as!(
                Row,
                "select name, description, permissions, created_at, updated_at from "
                    + $table
                    + " where "
                    + $own
                    + " order by name"
            );
            Ok(roles.fetch_all(tx.conn()).await?.into_iter().map(Role::from).collect())
        }

        pub(crate) async fn $put(tx: &mut $tx, role: &Role) -> Result<()> {
            tx.takes_away();
            let now = tx.now();
            sqlx::query!(
                "insert into "
                    + $table
                    + " (name, description, permissions, created_at, updated_at) values ($1, $2, $3, $4, $4)
                        on conflict ("
                    + $key
                    + ") do update set description = excluded.description, permissions = excluded.permissions,
                         updated_at = excluded.updated_at",
                role.name,
                role.description,
                &role.permissions,
                now.utc()
            )
            .execute(tx.conn())
            .await?;
            Ok(())
        }

        pub(crate) async fn $delete(tx: &mut $tx, role: &str) -> Result<()> {
            tx.takes_away();
            sqlx::query!("delete from " + $table + " where " + $own + " and name = $1", role)
                .execute(tx.conn())
                .await?;
            Ok(())
        }
    };
}

roles!(TenantTx, "tenant_roles", "tenant_id, name", "tenant_id = current_tenant()":
    of_tenant, put_in_tenant, delete_from_tenant);
roles!(SystemTx, "platform_roles", "name", "true": of_platform, put_on_platform, delete_from_platform);
