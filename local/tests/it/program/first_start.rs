//! What the first start says.

use serde_json::Value;
use tidings::client::text;

use super::Program;

#[tokio::test]
async fn without_a_terminal_no_password_is_printed_but_the_file_that_has_them() {
    let program = Program::new().await;
    let mut command = program.command(env!("CARGO_BIN_EXE_tidings"));
    command.env_remove("TIDINGS_ADMIN_PASSWORD").stdout(program.file("out")).stderr(program.file("log"));
    let _serving = command.spawn().unwrap();
    program.wait_until_said("out", "Tidings listens").await;
    let (out, log) = (program.written("out"), program.written("log"));
    let secrets: Value = serde_json::from_str(&program.written(".tidings/secrets.json")).unwrap();
    for password in ["adminPassword", "demoPassword"] {
        let password = text(&secrets, password).unwrap();
        assert!(!out.contains(password) && !log.contains(password), "{password} is printed");
    }
    assert_eq!(out.matches("secrets.json").count(), 1, "{out}");
}

#[tokio::test]
async fn on_a_terminal_nothing_of_the_log_stands_before_the_banner() {
    let program = Program::new().await;
    // `script` runs a program on a terminal of its own and copies what is shown.
    let mut command = program.command("script");
    command.args(["--quiet", "--return", "--flush", "--command", env!("CARGO_BIN_EXE_tidings"), "/dev/null"]);
    command
        .env("RUST_LOG", "info")
        .env("TERM", "xterm")
        .stdout(program.file("out"))
        .stderr(program.file("log"));
    let _serving = command.spawn().expect("script, of util-linux, is on every Linux and BSD");
    program.wait_until_said("out", "Tidings listens").await;
    let out = program.written("out");
    let (before, _after) = out.split_once("Tidings listens").unwrap();
    for level in ["INFO", "WARN", "ERROR", "migration applied"] {
        assert!(!before.contains(level), "{before}");
    }
    for said in ["Meta: a sandbox", "Database: PostgreSQL", "First start.", "Three commands to try"] {
        assert!(before.contains(said), "{said}: {before}");
    }
}
