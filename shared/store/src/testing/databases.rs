//! What tests do to a database as a whole.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use crate::kernel::databases::{on, quoted, run};
use crate::kernel::error::StoreError;

/// Ends every connection to the database of the URL but its own, whatever is under way on it; tells how many.
pub async fn disconnect_others(url: &str) -> Result<usize, StoreError> {
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let thrown_out = on(url, |client| async move { client.query(sql, &[]).await }).await;
    thrown_out.map(|rows| rows.len())
}

/// Runs SQL as whoever `url` names: for tests, which break a database on purpose.
pub async fn execute(url: &str, sql: &str) -> Result<(), StoreError> {
    run(url, sql).await
}

/// How many rows each table of a database holds, and a hash of them: for tests that claim that nothing changed.
pub async fn contents(url: &str) -> Result<BTreeMap<String, (i64, String)>, StoreError> {
    on(url, read_contents).await
}

async fn read_contents(client: Client) -> Result<BTreeMap<String, (i64, String)>, tokio_postgres::Error> {
    let mut contents = BTreeMap::new();
    for row in client.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", &[]).await? {
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
