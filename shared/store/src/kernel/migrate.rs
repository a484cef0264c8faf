//! Brings a database to the present schema.
//!
//! The migrations are embedded, forward only, and run under an advisory lock, so two starts at once run them once.

use refinery::Migration;
use serde::Serialize;
use tokio_postgres::Client;

use crate::kernel::connect::{Access, Connector, Opened};
use crate::kernel::error::StoreError;

mod embedded {
    refinery::embed_migrations!("../../migrations");
}

/// The advisory lock's number: any constant, the same in all versions.
const LOCK: i64 = 0x7469_6469_6e67_7321;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    pub applied: Vec<String>,
    pub missing: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// Names of the migrations that this run applied, in order.
    pub applied: Vec<String>,
}

/// A number that changes with every change of a migration: part of the name of a template database.
pub fn fingerprint() -> u64 {
    embedded::migrations::runner()
        .get_migrations()
        .iter()
        .fold(0, |all, migration| all.wrapping_mul(31).wrapping_add(migration.checksum()))
}

/// What a migration cannot do, because it concerns the user who runs the migrations. A master user that is not a
/// superuser, as on RDS, may give a table to a role, and act as a role, only as its member: of `tidings_owner` for tables,
/// of `tidings_system` for the first invitation and an operator's shell. From Postgres 16 on the master does not inherit
/// `tidings_system`, so it sees tenants only after `SET ROLE`; older versions have no such option per membership.
///
/// Where IAM can decide who logs in, it does so for an app role that is created here, since that has no password. An
/// existing app role keeps its login. RDS asks every direct or indirect member of `rds_iam` for a token, so a master that
/// is a member of the app role could not use its password. From 16 on it is a member anyway, because the creator of a role
/// may grant it; so the master has a second way to log in ([`Password::or`](crate::Password::or)).
const PREPARE: &str = "-- migrate::prepare
DO $$
DECLARE
    role text;
    is_by_iam boolean := EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_iam');
    is_new boolean := NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tidings_app');
BEGIN
    FOREACH role IN ARRAY ARRAY['tidings_owner NOLOGIN', 'tidings_system NOLOGIN', 'tidings_app LOGIN NOINHERIT'] LOOP
        BEGIN
            EXECUTE 'CREATE ROLE ' || role;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('GRANT tidings_owner TO %I', current_user);
        EXECUTE format('GRANT tidings_system TO %I', current_user)
            || CASE WHEN current_setting('server_version_num')::int >= 160000 THEN ' WITH INHERIT FALSE' ELSE '' END;
        IF NOT is_by_iam THEN
            EXECUTE format('GRANT tidings_app TO %I', current_user);
        ELSE
            -- Earlier versions granted it here. Only the role that granted a membership can revoke it.
            BEGIN
                EXECUTE format('REVOKE tidings_app FROM %I', current_user);
            EXCEPTION WHEN insufficient_privilege OR dependent_objects_still_exist THEN
                NULL;
            END;
        END IF;
    END IF;
    IF is_by_iam AND is_new THEN
        GRANT rds_iam TO tidings_app;
    END IF;
END
$$";

/// Reads which migrations a database has, and changes nothing.
pub async fn status(access: &Access) -> Result<Status, StoreError> {
    let Opened { mut client, driver } = Connector::new(access)?.open().await.map_err(unreachable)?;
    let look = async {
        let names = |found: &[Migration]| -> Vec<String> { found.iter().map(ToString::to_string).collect() };
        let applied = names(&history(&mut client).await?);
        drop(client);
        let runner = embedded::migrations::runner();
        let mut known = runner.get_migrations().clone();
        // By number: the runner lists them as the file names sort, V10 before V2.
        known.sort_by_key(Migration::version);
        let known = names(&known);
        let missing = known.into_iter().filter(|name| !applied.contains(name)).collect();
        Ok(Status { applied, missing })
    };
    let (outcome, _) = futures_util::future::join(look, driver).await;
    outcome
}

/// Applies the missing migrations, one run at a time.
pub async fn migrate(access: &Access) -> Result<Migrated, StoreError> {
    alone(access, |mut session| async move { session.migrate().await }).await
}

/// Runs `work` while holding the database's migration lock; a second caller waits. The lock belongs to the session and
/// ends with it.
pub async fn alone<T, E, F>(access: &Access, work: impl FnOnce(Session) -> F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
    E: From<StoreError>,
{
    let Opened { client, driver } = Connector::new(access)?.open().await.map_err(unreachable)?;
    let driver = async move {
        if let Err(error) = driver.await {
            tracing::warn!(%error, "the migration's connection failed");
        }
    };
    let locked = async move {
        client.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})")).await.map_err(unreachable)?;
        work(Session { client }).await
    };
    let (outcome, ()) = futures_util::future::join(locked, driver).await;
    outcome
}

/// A connection that holds the database's migration lock.
pub struct Session {
    client: Client,
}

impl Session {
    /// Applies the missing migrations. The user must be a superuser, or own the database and be allowed to create roles.
    ///
    /// Refuses a database whose applied migrations differ from ours. A database that newer code has migrated is left as it
    /// is: a rollback of a deploy runs the older code's migration, and newer schemas only add to older ones.
    pub async fn migrate(&mut self) -> Result<Migrated, StoreError> {
        let Self { client } = self;
        let runner = embedded::migrations::runner();
        if is_ahead(&history(client).await?, runner.get_migrations()) {
            tracing::warn!("the database has newer migrations than this code knows and is left as it is");
            return Ok(Migrated { applied: Vec::new() });
        }
        client.batch_execute(PREPARE).await.map_err(unreachable)?;
        let report = runner.run_async(client).await;
        let report = report.map_err(|error| StoreError::Unavailable(error.into()))?;
        let applied: Vec<String> = report.applied_migrations().iter().map(ToString::to_string).collect();
        if !applied.is_empty() {
            tracing::info!(?applied, "Migrations were applied.");
        }
        Ok(Migrated { applied })
    }
}

/// The applied migrations, in order.
async fn history(client: &mut Client) -> Result<Vec<Migration>, StoreError> {
    let sql = "SELECT FROM pg_tables WHERE tablename = 'refinery_schema_history'";
    if client.query(sql, &[]).await.map_err(unreachable)?.is_empty() {
        return Ok(Vec::new());
    }
    let history = embedded::migrations::runner().get_applied_migrations_async(client).await;
    history.map_err(|error| StoreError::Unavailable(error.into()))
}

/// Whether newer code has migrated the database: it has all of our migrations unchanged, and others with higher versions.
fn is_ahead(history: &[Migration], ours: &[Migration]) -> bool {
    let newest = ours.iter().map(Migration::version).max();
    let (known, newer): (Vec<_>, Vec<_>) =
        history.iter().partition(|migration| Some(migration.version()) <= newest);
    !newer.is_empty() && known.len() == ours.len() && ours.iter().all(|migration| known.contains(&migration))
}

fn unreachable(error: tokio_postgres::Error) -> StoreError {
    StoreError::Unavailable(error.into())
}
