//! What each role may do, exactly: a table here for every table there. A tenant's transaction has no right that no statement
//! needs.

use std::collections::BTreeMap;

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

use crate::fixtures::{noon, world};
use domain::Money;

/// Of each table: what `tidings_app` may, and what `tidings_system` may. `U(…)` is an update of these columns only.
const ALLOWED: [(&str, &str, &str); 57] = [
    ("adjustments", "", "SIU"),
    ("api_keys", "SIU", "SIUD"),
    ("attempts", "SI", "SI"),
    ("audit_log", "SI", "SI"),
    ("batches", "SID", "SID"),
    ("claims", "SID", "SID"),
    ("contact_addresses", "SIUD", "SIUD"),
    ("contacts", "SIU", "SIU"),
    ("dead_letters", "", "SIUD"),
    ("due", "SID", "SID"),
    ("email_changes", "", "SIUD"),
    ("email_requests", "", "SIUD"),
    ("emails", "I", "SIUD"),
    ("held_messages", "SID", "SID"),
    ("holds", "SIUD", "SIUD"),
    ("idempotency_keys", "SIUD", "SIUD"),
    ("invitations", "", "SIUD"),
    ("invites", "SIUD", "SIUD"),
    ("kept_updates", "I", "SID"),
    ("ledger", "SI", "SI"),
    ("ledger_seals", "SI", "SI"),
    ("links", "", "SIUD"),
    ("login_failures", "", "SIUD"),
    ("messages", "SIU", "SIU"),
    ("outbox", "SIUD", "SIUD"),
    ("parked_updates", "SIUD", "SIUD"),
    ("phone_numbers", "SIU", "SIU"),
    ("plan_terms", "S", "SI"),
    ("plans", "S", "SI U(archived_at)"),
    ("queue_messages", "", "SIUD"),
    ("queue_turns", "", "SIU"),
    ("rate_card_headers", "S", "SI"),
    ("rate_cards", "S", "SI"),
    ("recovery_codes", "", "SID"),
    ("refresh_tokens", "I", "SIU"),
    ("refinery_schema_history", "", ""),
    ("refund_promises", "SID", "SID"),
    ("request_rates", "SIU", "SIUD"),
    ("right_logins", "", "SIUD"),
    ("second_factors", "", "SIUD"),
    ("sender_leases", "SIU", "SIU"),
    ("sessions", "SIU", "SIUD"),
    ("statuses", "SI", "SI"),
    ("suppressions", "SI", "SI"),
    ("templates", "SIU", "SIU"),
    ("tenant_erasures", "", "SIU"),
    ("tenant_states", "", "SI"),
    ("tenants", "SI", "SIU"),
    ("unknowns", "SID", "SID"),
    ("usage", "SIU", "SIU"),
    ("users", "SI", "SIUD"),
    ("wake_ups", "", "SIUD"),
    (
        "wallets",
        "SI U(balance, low_next, low_thresholds, recorded_until, reserved, seq)",
        "SI U(balance, low_next, low_thresholds, recorded_until, reserved, seq)",
    ),
    ("wamids", "SI", "SI"),
    ("whatsapp_accounts", "SIU", "SIU"),
    ("write_offs", "SI", "SI"),
    ("wrong_logins", "", "SIUD"),
];

const GRANTED: &str = "
SELECT c.relname::text,
       concat(CASE WHEN has_table_privilege(r.role, c.oid, 'SELECT') THEN 'S' END,
              CASE WHEN has_table_privilege(r.role, c.oid, 'INSERT') THEN 'I' END,
              CASE WHEN has_table_privilege(r.role, c.oid, 'UPDATE') THEN 'U' END,
              CASE WHEN has_table_privilege(r.role, c.oid, 'DELETE') THEN 'D' END,
              CASE WHEN has_table_privilege(r.role, c.oid, 'TRUNCATE') THEN ' TRUNCATE' END,
              CASE WHEN has_table_privilege(r.role, c.oid, 'REFERENCES') THEN ' REFERENCES' END,
              CASE WHEN has_table_privilege(r.role, c.oid, 'TRIGGER') THEN ' TRIGGER' END,
              (SELECT ' U(' || string_agg(a.attname, ', ' ORDER BY a.attname) || ')' FROM pg_attribute a
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                  AND NOT has_table_privilege(r.role, c.oid, 'UPDATE')
                  AND has_column_privilege(r.role, c.oid, a.attnum, 'UPDATE')))
  FROM pg_class c CROSS JOIN (SELECT $1::text AS role) AS r
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relnamespace = 'public'::regnamespace";

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

#[tokio::test]
async fn each_role_has_exactly_the_privileges_in_this_table() {
    let db = testkit::database().await;
    let client = connect(db.url()).await;
    for (role, column) in [("tidings_app", 0), ("tidings_system", 1)] {
        let rows = client.query(GRANTED, &[&role]).await.unwrap();
        let granted: BTreeMap<String, String> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        let allowed: BTreeMap<String, String> = ALLOWED
            .into_iter()
            .map(|(table, app, system)| (table.to_owned(), [app, system][column].to_owned()))
            .collect();
        assert_eq!(granted, allowed, "{role}");
    }
}

#[tokio::test]
async fn no_role_has_more_than_its_own_privileges_and_none_is_a_superuser() {
    let db = testkit::database().await;
    let client = connect(db.url()).await;
    let rows = client
        .query(
            "SELECT rolname::text FROM pg_roles
              WHERE rolname LIKE 'tidings\\_%' AND (rolsuper OR rolcreatedb OR rolcreaterole OR rolbypassrls OR rolreplication)",
            &[],
        )
        .await
        .unwrap();
    let mighty: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(mighty, Vec::<String>::new());
    // The app inherits nothing from the system's role: it has to enter it.
    let inherits = "SELECT rolinherit FROM pg_roles WHERE rolname = 'tidings_app'";
    assert!(!client.query_one(inherits, &[]).await.unwrap().get::<_, bool>(0));
}

/// The text of a refusal, or an empty one.
async fn refusal(client: &Client, sql: &str) -> Option<SqlState> {
    let error = client.batch_execute(sql).await.err()?;
    error.code().cloned()
}

#[tokio::test]
async fn a_tenants_transaction_can_change_no_plan_no_price_no_role_and_read_no_foreign_row_of_a_queue() {
    let db = testkit::database().await;
    let world = world(&db.store, 1, Money::from_micros(5)).await;
    let client = connect(db.url()).await;
    let tenant = world.tenant;
    client
        .batch_execute(&format!("SET ROLE tidings_app; SELECT set_config('app.tenant', '{tenant}', false)"))
        .await
        .unwrap();
    for sql in [
        "UPDATE plans SET margin_bps = 0",
        "DELETE FROM plans",
        "INSERT INTO plan_terms SELECT * FROM plan_terms",
        "INSERT INTO rate_cards SELECT market, category, now(), 0, card_id FROM rate_cards",
        "INSERT INTO rate_card_headers SELECT gen_random_uuid(), 'Free', '', now(), now(), 'Eve'",
        "UPDATE tenants SET margin_bps = 0",
        "UPDATE users SET role = 'OWNER'",
        "DELETE FROM users",
        "SELECT secret_sealed FROM second_factors",
        "SELECT * FROM recovery_codes",
        "UPDATE tenants SET status = 'ACTIVE'",
        "UPDATE wallets SET tenant_id = gen_random_uuid()",
        "SELECT * FROM adjustments",
        "SELECT * FROM queue_messages",
        "SELECT * FROM dead_letters",
        "SELECT * FROM kept_updates",
        "SELECT * FROM wake_ups",
        "SELECT * FROM right_logins",
        "DELETE FROM wrong_logins",
        "SELECT * FROM emails",
        "SELECT * FROM links",
        "UPDATE users SET email_proven_at = now()",
        "DELETE FROM email_requests",
    ] {
        assert_eq!(refusal(&client, sql).await, Some(SqlState::INSUFFICIENT_PRIVILEGE), "{sql}");
    }
}

#[tokio::test]
async fn a_super_admin_belongs_to_the_platforms_tenant_and_to_no_other() {
    let db = testkit::database().await;
    let world = world(&db.store, 0, Money::ZERO).await;
    let client = connect(db.url()).await;
    let add = |tenant: &str, email: &str| {
        format!(
            "INSERT INTO users (tenant_id, user_id, email, name, role, created_at)
             VALUES ('{tenant}', gen_random_uuid(), '{email}', 'Eve', 'SUPER_ADMIN', '{}')",
            noon()
        )
    };
    let tenant = world.tenant.to_string();
    assert_eq!(refusal(&client, &add(&tenant, "eve@a.test")).await, Some(SqlState::FOREIGN_KEY_VIOLATION));
    // In the platform's tenant, and not by changing the role afterwards elsewhere.
    let platform = "00000000-0000-7000-8000-0000000000f1";
    let create = format!(
        "INSERT INTO tenants (tenant_id, slug, name, plan_id, status, created_at)
         SELECT '{platform}', 'platform', 'Platform', plan_id, 'ACTIVE', now() FROM plans LIMIT 1"
    );
    assert_eq!(refusal(&client, &create).await, None);
    assert_eq!(refusal(&client, &add(platform, "eve@platform.test")).await, None);
    let owner = add(&tenant, "owner@a.test").replace("SUPER_ADMIN", "OWNER");
    assert_eq!(refusal(&client, &owner).await, None);
    let promote = "UPDATE users SET role = 'SUPER_ADMIN' WHERE email = 'owner@a.test'";
    assert_eq!(refusal(&client, promote).await, Some(SqlState::FOREIGN_KEY_VIOLATION));
}
