//! The migrations of the database, embedded. A crate of its own, so that a new migration rebuilds no module.

use sqlx::{
    ConnectOptions, PgConnection,
    migrate::{Migrate, MigrateError, Migrator},
    postgres::PgConnectOptions,
};

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

/// Brings the database to the state that this program expects; several may try at once.
/// Answers the names of the migrations that were applied.
///
/// # Errors
/// When the database cannot be reached, or was made by a newer program.
pub async fn migrate(options: &PgConnectOptions) -> Result<Vec<String>, MigrateError> {
    let mut connection = options.connect().await?;
    let pending = lacking(&mut connection).await?;
    MIGRATIONS.run(&mut connection).await?;
    Ok(pending)
}

/// The names of the migrations that the database still lacks.
///
/// # Errors
/// When the database cannot be reached.
pub async fn pending(options: &PgConnectOptions) -> Result<Vec<String>, MigrateError> {
    lacking(&mut options.connect().await?).await
}

async fn lacking(connection: &mut PgConnection) -> Result<Vec<String>, MigrateError> {
    connection.ensure_migrations_table(&MIGRATIONS.table_name).await?;
    let applied = connection.list_applied_migrations(&MIGRATIONS.table_name).await?;
    let lacking = MIGRATIONS.iter().filter(|it| applied.iter().all(|applied| applied.version != it.version));
    Ok(lacking.map(|it| format!("{:04}_{}", it.version, it.description.replace(' ', "_"))).collect())
}

/// A name for the state that the migrations lead to: another one when any of them changes.
pub fn fingerprint() -> String {
    let bytes = MIGRATIONS.iter().flat_map(|it| it.checksum.iter());
    // FNV-1a
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3));
    format!("{hash:016x}")
}
