//! `tidings ops`, beside a running program.

use std::process::Stdio;

use serde_json::{Value, json};

use super::{ADMIN, Program};

/// What a command prints, and whether it succeeds.
async fn ops(program: &Program, words: &[&str]) -> (bool, String, String) {
    let mut command = program.command(env!("CARGO_BIN_EXE_tidings"));
    command.arg("ops").args(words).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = command.output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn operators_commands_are_answered_beside_a_running_program_as_tables_and_as_json() {
    let program = Program::new().await;
    let _serving = program.spawn(&[]);
    let client = program.wait_until_healthy().await;
    let owner = client.login(ADMIN.0, ADMIN.1).await.unwrap();
    let tenant = json!({
        "tenantName": "Acme", "slug": "acme", "adminEmail": "ann@acme.test", "adminName": "Ann", "plan": "Starter",
    });
    owner.post("/admin/create-tenant", &tenant).await.unwrap().success().unwrap();

    let (is_fine, table, _) = ops(&program, &["tenant", "acme"]).await;
    assert!(is_fine && table.contains("Starter") && table.contains("open refunds"), "{table}");
    let (is_fine, answer, _) = ops(&program, &["audit", "--json"]).await;
    assert!(is_fine, "{answer}");
    assert_eq!(serde_json::from_str::<Value>(&answer).unwrap()["isClean"], true);
    for word in ["pause", "resume"] {
        let words = [word, "acme", "--by", "ada", "--reason", "a test", "--json"];
        let (is_fine, answer, _) = ops(&program, &words).await;
        let held: Value = serde_json::from_str(&answer).unwrap();
        assert!(is_fine && held["isChanged"] == true && held["isPaused"] == (word == "pause"), "{answer}");
    }
    let (is_fine, _, error) = ops(&program, &["why", "wamid.none"]).await;
    assert!(!is_fine && error.contains("wamid.none"), "{error}");
    let (is_fine, _, error) = ops(&program, &["pause", "acme", "--reason", "a test"]).await;
    assert!(!is_fine && error.contains("--by"), "{error}");
}
