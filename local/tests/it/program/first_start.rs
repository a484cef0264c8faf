//! What the first start says.

use serde_json::Value;
use tidings::client::text;

use super::{LOOK_EVERY, LOOKS_MAX, Program};

#[tokio::test]
async fn without_a_terminal_no_password_is_printed_and_the_log_names_their_file() {
    let program = Program::new().await;
    let mut command = program.command(env!("CARGO_BIN_EXE_tidings"));
    command.env_remove("TIDINGS_ADMIN_PASSWORD").stdout(program.file("out")).stderr(program.file("log"));
    let _serving = command.spawn().unwrap();
    for _ in 0..LOOKS_MAX {
        if program.written("out").contains("Tidings listens") {
            break;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let (out, log) = (program.written("out"), program.written("log"));
    assert!(out.contains("Tidings listens"), "{out} {log}");
    let secrets: Value = serde_json::from_str(&program.written(".tidings/secrets.json")).unwrap();
    for password in ["adminPassword", "demoPassword"] {
        let password = text(&secrets, password).unwrap();
        assert!(!out.contains(password) && !log.contains(password), "{password} is printed");
    }
    assert_eq!(log.matches("secrets.json").count(), 1, "{log}");
}
