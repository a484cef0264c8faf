//! What `/healthz` says.

use std::time::Duration;

use super::raw_api::{Answer, RawApi};
use crate::test_system::TestSystem;

/// Asks until the answer has that status.
async fn becomes(api: &RawApi, status: u16) -> Answer {
    for _ in 0..300 {
        let answer = api.get("/healthz").may_fail().send().await;
        if answer.status == status {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("/healthz did not become {status}")
}

/// A limit of temporary files refuses, like a full disk, what makes a file grow: class 53 of Postgres's errors.
async fn limit_files(system: &TestSystem, kilobytes: i32) {
    let sql = "EXECUTE format('ALTER DATABASE %I SET temp_file_limit =";
    system.db.execute(&format!("DO $$ BEGIN {sql} {kilobytes}', current_database()); END $$")).await;
    system.db.disconnect_others().await;
}

#[tokio::test]
async fn a_database_that_takes_no_writes_is_not_healthy_until_it_does() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let before = system.db.contents().await;
    becomes(&api, 200).await;
    limit_files(&system, 1).await;
    let answer = becomes(&api, 503).await;
    assert_eq!(answer.problem(), Some("unavailable"));
    limit_files(&system, -1).await;
    becomes(&api, 200).await;
    assert_eq!(system.db.contents().await, before, "the check leaves nothing behind");
}

#[tokio::test]
async fn a_database_that_is_read_only_is_not_healthy() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    becomes(&api, 200).await;
    let sql =
        "EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database())";
    system.db.execute(&format!("DO $$ BEGIN {sql}; END $$")).await;
    system.db.disconnect_others().await;
    becomes(&api, 503).await;
    system.leaves_unaudited("its database is read-only");
}
