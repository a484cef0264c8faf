//! What strangers can do to the program, and what it writes down about them.

use std::net::{Ipv4Addr, SocketAddr};

use futures_util::future::join_all;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;

use super::*;

/// What hashing may take: two hashes at once, and as much again.
const GROWTH_MAX_MIB: u64 = 64;

/// A line of `/proc/<pid>/status`, in MiB.
fn mebibytes(serving: &Child, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", serving.id().unwrap())).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1_024
}

/// Tries to log in from this address and hangs up at once.
async fn hang_up(port: u16, from: Ipv4Addr, number: usize) {
    let body = json!({ "email": format!("{number}@strangers.test"), "password": "a guess" }).to_string();
    let request = format!(
        "POST /auth/login HTTP/1.1\r\nhost: tidings\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((from, 0))).unwrap();
    let mut stream = socket.connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn strangers_who_hang_up_do_not_make_the_program_grow() {
    let program = Program::new().await;
    let serving = program.spawn(&[]);
    let anonymous = program.wait_until_healthy().await;
    anonymous.login(ADMIN.0, ADMIN.1).await.unwrap();
    let before = mebibytes(&serving, "VmRSS");
    for round in 0..20 {
        // Each from sources of its own, so that the throttle refuses none.
        let tries = (0..20_u8).map(|from| {
            hang_up(program.port, Ipv4Addr::new(127, 0, 1, from + 1), round * 20 + usize::from(from))
        });
        join_all(tries).await;
    }
    // Waits its turn behind those.
    until("the owner can log in", async || anonymous.login(ADMIN.0, ADMIN.1).await.ok()).await;
    let most = mebibytes(&serving, "VmHWM");
    assert!(most <= before + GROWTH_MAX_MIB, "{before} MiB before 400 hang-ups, {most} MiB at most");
}

#[tokio::test]
async fn each_security_event_is_one_line_of_the_log_without_an_e_mail_or_a_password() {
    let program = Program::new().await;
    let log = program.home.join("log");
    let mut command = program.command(env!("CARGO_BIN_EXE_tidings"));
    command.stderr(std::fs::File::create(&log).unwrap()).env_remove("RUST_LOG");
    let _serving = command.spawn().unwrap();
    let anonymous = program.wait_until_healthy().await;
    let (tenant, _) = set_up(&anonymous, "+15550000001").await;
    for email in [["ann@acme.test"; 12].as_slice(), &["nobody@acme.test"]].concat() {
        assert!(anonymous.login(email, "a-wrong-guess").await.is_err());
    }
    anonymous.with_token("not-a-token").get("/contacts").await.unwrap();
    tenant.post("/plans", &json!({})).await.unwrap();
    let link = json!({ "secret": "0".repeat(64), "password": "another-password" });
    anonymous.post("/auth/set-password", &link).await.unwrap();

    let log = std::fs::read_to_string(&log).unwrap();
    let lines = |event: &str| log.lines().filter(|line| line.contains(&format!("event=\"{event}\""))).count();
    for (event, count) in
        [("super_admin_set", 1), ("token_refused", 1), ("permission_denied", 1), ("link_refused", 1)]
    {
        assert_eq!(lines(event), count, "{event}:\n{log}");
    }
    // After each wait one more is checked.
    for (event, least) in
        [("login_failed", 6), ("login_throttled", 1), ("login_succeeded", 1), ("tenant_created", 1)]
    {
        assert!(lines(event) >= least, "{event}:\n{log}");
    }
    let denied = log.lines().find(|line| line.contains("permission_denied")).unwrap();
    assert!(denied.contains("tenant=") && denied.contains("user="), "{denied}");
    for secret in
        ["ann@acme.test", "nobody@acme.test", "a-wrong-guess", "another-password", "not-a-token", ADMIN.1]
    {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}
