//! The words of every closed set are those that the database's constraints allow.

use std::collections::BTreeSet;

use domain::access::email::{EmailKind, EmailState, LinkPurpose};
use domain::billing::{AdjustmentState, EntryKind, RefundReason};
use domain::holds::HoldReason;
use domain::messages::DispatchState;
use domain::{Category, Role, TenantState};
use tokio_postgres::{Client, NoTls};

/// The quoted words in the constraint of one column alone.
async fn allowed(client: &Client, table: &str, column: &str) -> BTreeSet<String> {
    let sql = "SELECT pg_get_constraintdef(k.oid)
                 FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND k.conkey = ARRAY[a.attnum]
                WHERE k.contype = 'c' AND k.conrelid = $1::text::regclass AND a.attname = $2::text";
    let rows = client.query(sql, &[&table, &column]).await.unwrap();
    assert_eq!(rows.len(), 1, "{table}.{column} must have one constraint on it alone");
    let definition: String = rows[0].get(0);
    definition.split('\'').skip(1).step_by(2).map(str::to_owned).collect()
}

fn words<T: Copy>(all: &[T], word: impl Fn(T) -> &'static str) -> BTreeSet<String> {
    all.iter().map(|value| word(*value).to_owned()).collect()
}

#[tokio::test]
async fn the_database_allows_exactly_the_words_of_each_enum() {
    let db = testkit::database().await;
    let (client, connection) = tokio_postgres::connect(db.url(), NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    let categories = words(&Category::ALL, Category::as_str);
    // Meta prices free-form messages in a category that no template has.
    let mut with_service = categories.clone();
    with_service.insert("SERVICE".to_owned());
    // That one is over follows from the time.
    let mut adjustments = words(&AdjustmentState::ALL, AdjustmentState::as_str);
    adjustments.remove("EXPIRED");
    for (table, column, words) in [
        ("adjustments", "state", adjustments),
        ("messages", "dispatch_state", words(&DispatchState::ALL, DispatchState::as_str)),
        ("messages", "category", with_service.clone()),
        ("templates", "category", categories),
        ("rate_cards", "category", with_service),
        ("ledger", "kind", words(&EntryKind::ALL, EntryKind::as_str)),
        ("refund_promises", "reason", words(&RefundReason::ALL, RefundReason::as_str)),
        ("emails", "kind", words(&EmailKind::ALL, EmailKind::as_str)),
        ("emails", "state", words(&EmailState::ALL, EmailState::as_str)),
        ("links", "purpose", words(&LinkPurpose::ALL, LinkPurpose::as_str)),
        ("holds", "reason", words(&HoldReason::ALL, HoldReason::as_str)),
        ("users", "role", words(&Role::ALL, Role::as_str)),
        ("tenants", "state", words(&TenantState::ALL, TenantState::as_str)),
    ] {
        assert!(!words.is_empty());
        assert_eq!(allowed(&client, table, column).await, words, "{table}.{column}");
    }
    drop(client);
    driver.await.unwrap().unwrap();
}
