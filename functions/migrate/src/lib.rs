//! Brings the database to the present schema: at deploy time, on invoke, and as a command.

use store::StoreError;
use store::migrate::{Migrated, migrate};

/// Applies what is missing, as the user of `url`, who must own the database.
pub async fn run(url: &str) -> Result<Migrated, StoreError> {
    let migrated = migrate(url).await?;
    for name in &migrated.applied {
        tracing::info!(name, "migration applied");
    }
    Ok(migrated)
}
