//! Clients that open connections and send no request.

use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{Command, Program};

/// Few enough that clients without a request would use all of them up.
const DESCRIPTORS: &str = "256";
const HALF_OPEN: usize = 400;

async fn half_open(port: u16) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    stream
}

#[tokio::test]
async fn clients_without_a_request_keep_nobody_out_and_do_not_delay_the_stop() {
    let program = Program::new().await;
    let limited = format!("ulimit -n {DESCRIPTORS}; exec {}", env!("CARGO_BIN_EXE_tidings"));
    let mut serving =
        program.command("bash").args(["-c", &limited]).stderr(program.file("log")).spawn().unwrap();
    let client = program.wait_until_healthy().await;
    let mut silent = Vec::new();
    for _ in 0..HALF_OPEN {
        silent.push(half_open(program.port).await);
    }
    for _ in 0..20 {
        assert!(client.get("/healthz").await.unwrap().status.is_success());
    }
    // The line comes with the next look at the connections.
    let said = || program.written("log").matches("too many connections").count();
    let since = Instant::now();
    while said() == 0 && since.elapsed() < Duration::from_secs(10) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(said(), 1, "one line for all of them: {}", program.written("log"));

    let since = Instant::now();
    let id = serving.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    serving.wait().await.unwrap();
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
}
