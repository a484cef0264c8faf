//! Claims about the runbook, `docs/operations.md`: its SQL runs as the stated role and has the stated effect.

use serde_json::json;

use crate::test_system::TestSystem;

fn runbook() -> String {
    std::fs::read_to_string(testkit::workspace().join("docs/operations.md")).unwrap()
}

/// Every block of SQL, without its indentation.
fn blocks() -> Vec<String> {
    let (mut blocks, mut block) = (Vec::new(), None::<Vec<String>>);
    for line in runbook().lines().map(str::trim) {
        match (&mut block, line) {
            (None, "```sql") => block = Some(Vec::new()),
            (Some(lines), "```") => {
                blocks.push(lines.join("\n"));
                block = None;
            }
            (Some(lines), line) => lines.push(line.to_owned()),
            (None, _) => {}
        }
    }
    blocks
}

/// The block that holds these words.
fn block(words: &str) -> String {
    let found: Vec<String> = blocks().into_iter().filter(|block| block.contains(words)).collect();
    assert_eq!(found.len(), 1, "{words}");
    found[0].clone()
}

/// In a transaction as the system's role, as the runbook states for every block.
fn as_system(sql: &str) -> String {
    if sql.contains("BEGIN;") {
        sql.to_owned()
    } else {
        format!("BEGIN; SET LOCAL ROLE tidings_system; {sql}; COMMIT;")
    }
}

#[tokio::test]
async fn every_block_of_sql_runs_as_the_systems_role() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    for block in blocks() {
        // psql's own command.
        if block.starts_with("\\copy") {
            continue;
        }
        let sql = block
            .replace("recorded_at >= '…' AND recorded_at < '…'", "recorded_at < now()")
            .replace('…', &tenant.id);
        system.db.execute(&as_system(&sql)).await;
    }
    system.assert_clean().await;
}

#[tokio::test]
async fn an_adjustment_by_the_runbook_keeps_the_books_clean() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    let body = runbook().lines().find(|line| line.contains("\"correctsSeq\"")).unwrap().to_owned();
    let body = body.trim().trim_start_matches("-d '").trim_end_matches('\'').replacen('…', &tenant.id, 1);
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    system.owner().await.post("/billing/adjustments", &body).await.unwrap().success().unwrap();
    assert_eq!(tenant.balance().await, "0.75");
    system.assert_clean().await;
}

#[tokio::test]
async fn after_a_restore_waiting_messages_are_cancelled_and_debited_ones_are_refunded() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    let waiting = tenant.send("+15550000001").await;
    system.db.execute(&as_system(&block("withdrawn after a restore"))).await;
    assert_eq!(tenant.message(&waiting).await["status"], "CANCELLED");
    // Throttled, so that it is debited and waits for another attempt.
    system.order("faults", &json!({ "kind": "refuse", "code": 130_429, "times": 1 })).await;
    let reserved = tenant.send("+15550000001").await;
    system.work_once().await;
    system.db.execute(&as_system(&block("withdrawn after a restore"))).await;
    system.recover().await;
    let shown = tenant.message(&reserved).await;
    assert_eq!((&shown["status"], &shown["refund"]), (&json!("FAILED"), &json!("0.012")));
    assert_eq!((tenant.balance().await.as_str(), system.acceptances().await.len()), ("1.00", 0));
    system.assert_clean().await;
}
