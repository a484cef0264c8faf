//! Migrating a database that has applied migrations.

use std::error::Error;

use store::migrate::{migrate, status};
use testkit::TestDb;

#[tokio::test]
async fn a_second_migration_changes_nothing_and_two_at_once_migrate_once() {
    let db = testkit::database().await;
    let access = db.url().into();
    let (first, second) = tokio::join!(migrate(&access), migrate(&access));
    assert!(first.unwrap().applied.is_empty());
    assert!(second.unwrap().applied.is_empty());
}

/// As newer code leaves it when its deploy is rolled back.
async fn migrated_by_newer_code() -> TestDb {
    let db = testkit::database().await;
    let row = "(9000, 'newer', '2026-11-01T12:00:00Z', '1')";
    db.execute(&format!("INSERT INTO refinery_schema_history VALUES {row}")).await;
    db
}

#[tokio::test]
async fn a_database_that_newer_code_has_migrated_is_left_as_it_is() {
    let db = migrated_by_newer_code().await;
    let access = db.url().into();
    let before = db.contents().await;
    assert!(migrate(&access).await.unwrap().applied.is_empty());
    assert_eq!(db.contents().await, before);
    let status = status(&access).await.unwrap();
    assert!(status.missing.is_empty() && status.applied.contains(&"V9000__newer".to_owned()), "{status:?}");
}

#[tokio::test]
async fn a_history_that_differs_from_ours_is_refused_even_with_newer_migrations() {
    for (change, why) in [
        ("UPDATE refinery_schema_history SET checksum = '1' WHERE version = 3", "is different than"),
        ("UPDATE refinery_schema_history SET name = 'other' WHERE version = 3", "is different than"),
        ("DELETE FROM refinery_schema_history WHERE version = 3", "is missing from"),
        (
            "INSERT INTO refinery_schema_history SELECT 0, name, applied_on, '1' FROM refinery_schema_history
           WHERE version = 1",
            "is missing from",
        ),
    ] {
        let db = migrated_by_newer_code().await;
        db.execute(change).await;
        let refused = migrate(&db.url().into()).await.unwrap_err();
        let refused = refused.source().unwrap().to_string();
        assert!(refused.contains(why), "{change}: {refused}");
    }
}
