//! Imports of the same people at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::test_system::{Tenant, TestSystem};

const PEOPLE: usize = 5_000;
const IMPORTS: usize = 16;
/// What a reader of another tenant may wait at most, while a development build reads 80,000 rows on the same cores.
const READ_WITHIN: Duration = Duration::from_secs(5);

/// The people in another order for each import.
fn rows(import: usize) -> Value {
    let step = [1, 3, 7, 11, 13, 17, 19, 23][import % 8];
    let turned = |index: usize| if import < IMPORTS / 2 { index } else { PEOPLE - 1 - index };
    let row = |index: usize| {
        let person = turned(index * step % PEOPLE);
        json!({ "phone": format!("+1555{:07}", 2_000_000 + person), "name": format!("Person {person}") })
    };
    (0..PEOPLE).map(row).collect()
}

/// Reads until `is_over`; how long each read took.
async fn read(tenant: Tenant, is_over: Arc<AtomicBool>) -> Vec<Duration> {
    let mut taken = Vec::new();
    while !is_over.load(Ordering::SeqCst) {
        let since = Instant::now();
        tenant.client.get("/contacts?limit=50").await.unwrap().success().unwrap();
        taken.push(since.elapsed());
    }
    taken.sort_unstable();
    taken
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_imports_of_the_same_people_in_other_orders_all_succeed_and_hold_up_no_other_tenant() {
    let system = TestSystem::start().await;
    let (tenant, other) = (system.tenant("acme", "1.00").await, system.tenant("bear", "1.00").await);
    other.contact("+15550000001").await;
    let is_over = Arc::new(AtomicBool::new(false));
    let reading = tokio::spawn(read(other, Arc::clone(&is_over)));
    let since = Instant::now();
    let imports = (0..IMPORTS).map(|import| {
        let client = tenant.client.clone();
        tokio::spawn(
            async move { client.post("/contacts/import", &json!({ "contacts": rows(import) })).await },
        )
    });
    let mut imported = 0;
    for answer in join_all(imports).await {
        let counts = answer.unwrap().unwrap().success().unwrap();
        let count = |name: &str| counts[name].as_u64().unwrap();
        assert_eq!(count("imported") + count("skipped"), u64::try_from(PEOPLE).unwrap(), "{counts}");
        imported += count("imported");
    }
    let taken = since.elapsed();
    is_over.store(true, Ordering::SeqCst);
    let reads = reading.await.unwrap();
    assert_eq!(imported, u64::try_from(PEOPLE).unwrap(), "each person is imported once");
    let p99 = reads[reads.len() * 99 / 100];
    println!("{IMPORTS} imports of {PEOPLE}: {taken:?}; {} reads beside them, p99 {p99:?}", reads.len());
    assert!(p99 < READ_WITHIN, "{p99:?}");
}
