//! The owner's list of tenants, whatever the planner knows; and what becomes of every table when a tenant is erased.

use tokio_postgres::NoTls;

const TENANTS: u32 = 20_000;
/// Pages that one page of the list may read, of the thousands that there are.
const PAGES_MAX: u64 = 2_500;

/// Every table of tenants, and what becomes of its rows when their tenant is erased.
const ERASED: &[(&str, &str)] = &[
    ("adjustments", "kept: the books"),
    ("api_keys", "deleted"),
    ("attempts", "kept: late statuses are found by them"),
    ("audit_log", "kept: names nobody but by id"),
    ("batches", "deleted"),
    ("claims", "none is left after a month"),
    ("contact_addresses", "deleted"),
    ("contacts", "emptied"),
    ("due", "cancelled"),
    ("email_changes", "deleted with their users"),
    ("emails", "deleted with their users"),
    ("held_messages", "cancelled"),
    ("holds", "deleted but for the tenant's own"),
    ("idempotency_keys", "deleted"),
    ("invites", "deleted"),
    ("ledger", "kept: the books"),
    ("ledger_seals", "kept: the books"),
    ("links", "deleted with their users"),
    ("messages", "emptied"),
    ("outbox", "deleted"),
    ("parked_updates", "deleted"),
    ("phone_numbers", "disconnected"),
    ("recovery_codes", "deleted with their users"),
    ("refresh_tokens", "deleted with their sessions"),
    ("refund_promises", "kept: they are paid"),
    ("request_rates", "deleted"),
    ("second_factors", "deleted with their users"),
    ("sender_leases", "kept: names nobody"),
    ("sessions", "deleted"),
    ("statuses", "kept: evidence of the books"),
    ("suppressions", "kept: hashes"),
    ("templates", "emptied"),
    ("tenant_erasures", "kept: what was erased and when"),
    ("tenant_states", "kept: why it was closed"),
    ("tenants", "emptied"),
    ("unknowns", "kept: money that is not settled"),
    ("usage", "counted down"),
    ("users", "deleted"),
    ("wallets", "kept: the books"),
    ("wamids", "kept: late statuses are found by them"),
    ("whatsapp_accounts", "disconnected, without their tokens"),
    ("write_offs", "kept: the books"),
];

#[tokio::test]
async fn it_is_decided_for_every_table_what_becomes_of_an_erased_tenants_rows() {
    let db = testkit::database().await;
    let (client, connection) = tokio_postgres::connect(db.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    let sql = "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
                WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND NOT a.attisdropped ORDER BY 1";
    let tables: Vec<String> = client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    let decided: Vec<&str> = ERASED.iter().map(|(table, _)| *table).collect();
    assert_eq!(
        tables,
        decided,
        "say in {} what becomes of its rows, and do it in privacy/tenant.rs",
        file!()
    );
}

async fn pages(client: &tokio_postgres::Client, sql: &str, values: &str) -> (u64, String) {
    client
        .batch_execute(&format!(
            "BEGIN; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; PREPARE tried AS {sql}"
        ))
        .await
        .unwrap();
    let explain = format!("EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) EXECUTE tried ({values})");
    let rows = client.simple_query(&explain).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    client.batch_execute("ROLLBACK; DEALLOCATE tried").await.unwrap();
    let lines: Vec<String> = rows
        .iter()
        .filter_map(|row| match row {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        })
        .collect();
    let first = lines.iter().find(|line| line.contains("Buffers: shared")).cloned().unwrap_or_default();
    let counts = first.split_whitespace().filter_map(|word| word.split_once('='));
    let pages = counts.filter(|(kind, _)| ["hit", "read"].contains(kind));
    (pages.filter_map(|(_, count)| count.parse::<u64>().ok()).sum(), lines.join("\n"))
}

#[tokio::test]
async fn a_page_of_tenants_is_read_by_index_with_and_without_statistics() {
    let db = testkit::database().await;
    let (client, connection) = tokio_postgres::connect(db.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
        .batch_execute(&format!(
            "ALTER TABLE tenants SET (autovacuum_enabled = off);
             INSERT INTO tenants (tenant_id, slug, name, plan_id, status, created_at)
             SELECT ('0190163d-8694-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'slug-' || n, 'Name ' || n,
                    '00000000-0000-7000-8000-000000000001', 'ACTIVE', now() FROM generate_series(1, {TENANTS}) n;
             INSERT INTO wallets (tenant_id, balance, seq) SELECT tenant_id, 0, 0 FROM tenants;
             INSERT INTO users (tenant_id, user_id, email, name, role, created_at)
             SELECT tenant_id, gen_random_uuid(), slug || '@tenant.test', 'Ann', 'OWNER', now() FROM tenants;
             INSERT INTO usage (tenant_id, quantity, period, used) SELECT tenant_id, 'USERS', 'epoch', 1 FROM tenants;
             UPDATE tenants SET state = 'GRACE' WHERE slug LIKE 'slug-77%'"
        ))
        .await
        .unwrap();
    let named = |name: &str| {
        let signed = format!("-- {name}\n");
        store::statements().into_iter().find(|sql| sql.starts_with(&signed)).unwrap()
    };
    let start = "'ffffffff-ffff-ffff-ffff-ffffffffffff'";
    for when in ["without", "with"] {
        for (name, filter) in [
            ("list::list", "NULL, NULL, 50, now(), '2026-11-01', '1970-01-01'"),
            ("list::list", "'GRACE', NULL, 50, now(), '2026-11-01', '1970-01-01'"),
            ("list::search", "NULL, NULL, 50, now(), '2026-11-01', '1970-01-01', 'slug-123'"),
            ("list::search", "NULL, NULL, 50, now(), '2026-11-01', '1970-01-01', 'name 123'"),
        ] {
            let (pages, plan) = pages(&client, named(name), &format!("{start}, {filter}")).await;
            assert!(pages <= PAGES_MAX, "{name} {filter} {when} statistics: {pages} pages\n{plan}");
            let whole = ["tenants", "users", "usage", "wallets"].map(|table| format!("Seq Scan on {table}"));
            let is_whole = whole.iter().any(|whole| plan.contains(whole));
            assert!(!is_whole, "{name} {filter} {when} statistics:\n{plan}");
        }
        client.batch_execute("ANALYZE tenants, users, usage, wallets, plans, plan_terms").await.unwrap();
    }
}
