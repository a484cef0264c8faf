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

/// Any constant will do: it is the name of the lock.
const LOCK: i64 = 0x7469_6469_6e67_7321;

/// Which migrations a database has had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Those it has.
    pub applied: Vec<String>,
    /// Those it lacks.
    pub missing: Vec<String>,
}

/// What a run did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// Names of the migrations that this run applied, in order.
    pub applied: Vec<String>,
}

/// A text that changes whenever a migration does: the name of a template database.
pub fn fingerprint() -> u64 {
    embedded::migrations::runner()
        .get_migrations()
        .iter()
        .fold(0, |all, migration| all.wrapping_mul(31).wrapping_add(migration.checksum()))
}

/// What no migration can do for itself, because it is about who runs them. A master user that is no superuser, as RDS
/// has it, may hand a table to a role, and work as one, only as a member of it: of the owner's for tables, of the
/// system's for the first invitation and an operator's shell. From 16 on it takes the system's role in so many words,
/// or sees no tenant; before, Postgres cannot say so of a single membership.
///
/// Where IAM can decide who logs in, it decides about an app that is made here: nobody has given it a password. One that
/// was there before keeps the way in that it has. RDS asks everybody who is a member of `rds_iam`, by whatever
/// detour, for a token: a master that were a member of the app would lose its password. From 16 on it is one all the
/// same, because who makes a role may hand it on; so it has a second way in ([`Password::or`](crate::Password::or)).
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
            -- Until there were two ways in it was granted here too. What somebody else granted only they take back.
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

/// Looks which migrations are there, and changes nothing.
pub async fn status(access: &Access) -> Result<Status, StoreError> {
    let Opened { mut client, driver } = Connector::new(access)?.open().await.map_err(unreachable)?;
    let look = async {
        let names = |found: &[Migration]| -> Vec<String> { found.iter().map(ToString::to_string).collect() };
        let applied = names(&history(&mut client).await?);
        drop(client);
        let known = names(embedded::migrations::runner().get_migrations());
        let missing = known.into_iter().filter(|name| !applied.contains(name)).collect();
        Ok(Status { applied, missing })
    };
    let (outcome, _) = futures_util::future::join(look, driver).await;
    outcome
}

/// Applies what is missing, alone.
pub async fn migrate(access: &Access) -> Result<Migrated, StoreError> {
    alone(access, |mut session| async move { session.migrate().await }).await
}

/// Does `work` while nobody else who asks for this is at work on the same database: whoever comes second waits. The lock
/// is the session's, and goes with it.
pub async fn alone<T, E, F>(access: &Access, work: impl FnOnce(Session) -> F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
    E: From<StoreError>,
{
    let Opened { client, driver } = Connector::new(access)?.open().await.map_err(unreachable)?;
    let driver = async move {
        if let Err(error) = driver.await {
            tracing::warn!(%error, "the migration's connection broke");
        }
    };
    let locked = async move {
        client.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})")).await.map_err(unreachable)?;
        work(Session { client }).await
    };
    let (outcome, ()) = futures_util::future::join(locked, driver).await;
    outcome
}

/// A connection to a database that is ours alone to migrate.
pub struct Session {
    client: Client,
}

impl Session {
    /// Applies what is missing. The user must be a superuser, or own the database and be allowed to make roles.
    ///
    /// Refuses a database whose applied migrations differ from ours. One that newer code has gone on with is left as it
    /// is: a deploy that is taken back runs the older code's migration, and the schema has only been expanded.
    pub async fn migrate(&mut self) -> Result<Migrated, StoreError> {
        let Self { client } = self;
        let runner = embedded::migrations::runner();
        if is_ahead(&history(client).await?, runner.get_migrations()) {
            tracing::warn!(
                "the database has had newer migrations than this code knows, and is left as it is"
            );
            return Ok(Migrated { applied: Vec::new() });
        }
        client.batch_execute(PREPARE).await.map_err(unreachable)?;
        let report = runner.run_async(client).await;
        let report = report.map_err(|error| StoreError::Unavailable(error.into()))?;
        let applied: Vec<String> = report.applied_migrations().iter().map(ToString::to_string).collect();
        for name in &applied {
            tracing::info!(name, "migration applied");
        }
        Ok(Migrated { applied })
    }
}

/// What a database has had, in order.
async fn history(client: &mut Client) -> Result<Vec<Migration>, StoreError> {
    let sql = "SELECT FROM pg_tables WHERE tablename = 'refinery_schema_history'";
    if client.query(sql, &[]).await.map_err(unreachable)?.is_empty() {
        return Ok(Vec::new());
    }
    let history = embedded::migrations::runner().get_applied_migrations_async(client).await;
    history.map_err(|error| StoreError::Unavailable(error.into()))
}

/// Whether newer code has gone on from where ours ends: all of ours is there as we know it, and the rest is newer.
fn is_ahead(history: &[Migration], ours: &[Migration]) -> bool {
    let newest = ours.iter().map(Migration::version).max();
    let (known, newer): (Vec<_>, Vec<_>) = history.iter().partition(|one| Some(one.version()) <= newest);
    !newer.is_empty() && known.len() == ours.len() && ours.iter().all(|one| known.contains(&one))
}

fn unreachable(error: tokio_postgres::Error) -> StoreError {
    StoreError::Unavailable(error.into())
}
