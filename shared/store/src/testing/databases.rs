//! What tests do with a database as a whole.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use crate::kernel::databases::{on, quoted, run};
use crate::kernel::error::StoreError;

/// Ends every other connection to the database, also those in a transaction; returns how many.
pub async fn disconnect_others(url: &str) -> Result<usize, StoreError> {
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let ended = on(url, |client| async move { client.query(sql, &[]).await }).await;
    ended.map(|rows| rows.len())
}

/// Runs SQL as the user in `url`: for tests that damage a database on purpose.
pub async fn execute(url: &str, sql: &str) -> Result<(), StoreError> {
    run(url, sql).await
}

/// Who is logged in on a store's connection, whether as a superuser, and one setting of it.
pub async fn session(store: &crate::Store, setting: &str) -> Result<(String, bool, String), StoreError> {
    const SESSION: &str = "SELECT session_user::text, rolsuper, current_setting($1)
          FROM pg_roles WHERE rolname = session_user";
    let row = store.connection().await?.query_one(SESSION, &[&setting]).await;
    let row = row.map_err(|error| StoreError::from_statement(SESSION, error))?;
    Ok((row.get(0), row.get(1), row.get(2)))
}

/// The number of rows in each table of a database, and a hash of them: for tests that check that nothing changed.
pub async fn contents(url: &str) -> Result<BTreeMap<String, (i64, String)>, StoreError> {
    on(url, read_contents).await
}

async fn read_contents(client: Client) -> Result<BTreeMap<String, (i64, String)>, tokio_postgres::Error> {
    let mut contents = BTreeMap::new();
    // Each request of a caller is counted, also one that changes nothing.
    let sql = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'request_rates'";
    for row in client.query(sql, &[]).await? {
        let table: String = row.get("tablename");
        let sql = format!(
            "SELECT count(*) AS rows, md5(coalesce(string_agg(t::text, E'\n' ORDER BY t::text), '')) AS hash FROM {} t",
            quoted(&table)
        );
        let row = client.query_one(&sql, &[]).await?;
        contents.insert(table, (row.get("rows"), row.get("hash")));
    }
    Ok(contents)
}
