//! What keeps a server busy without ever being served.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::Plan;

/// Hang-ups come from so many addresses: from one alone they would be throttled.
const SOURCES: u64 = 200;
/// How long a connection that was refused waits before it comes again.
const PAUSE: Duration = Duration::from_millis(500);

/// It goes on until it is dropped.
pub(super) struct Crowd {
    _tasks: JoinSet<()>,
}

impl Crowd {
    /// Connections that begin a request and never end it, opened again whenever they are closed; and logins whose client
    /// does not wait for the answer.
    pub(super) fn gather(url: &str, plan: Plan) -> Option<Self> {
        let address: SocketAddr = url.trim_start_matches("http://").parse().ok()?;
        let mut tasks = JoinSet::new();
        for _ in 0..plan.half_open {
            tasks.spawn(stay_half_open(address));
        }
        tasks.spawn(hang_up_often(address, plan.hang_ups));
        Some(Self { _tasks: tasks })
    }
}

async fn stay_half_open(address: SocketAddr) {
    loop {
        if let Ok(mut stream) = TcpStream::connect(address).await
            && stream.write_all(b"GET /contacts HTTP/1.1\r\nhost: tidings\r\n").await.is_ok()
        {
            let mut answer = [0; 512];
            while matches!(stream.read(&mut answer).await, Ok(1..)) {}
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn hang_up_often(address: SocketAddr, per_second: u64) {
    let mut ticks = interval(Duration::from_secs(1) / u32::try_from(per_second.max(1)).unwrap_or(u32::MAX));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for number in 0.. {
        ticks.tick().await;
        // A refused connection is one hang-up less, which the next makes up for.
        if hang_up(address, number).await.is_err() {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn hang_up(address: SocketAddr, number: u64) -> std::io::Result<()> {
    let body = json!({ "email": format!("{number}@crowd.test"), "password": "a guess" }).to_string();
    let length = body.len();
    let request = format!(
        "POST /auth/login HTTP/1.1\r\nhost: tidings\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    let socket = TcpSocket::new_v4()?;
    let last = u8::try_from(number % SOURCES).unwrap_or_default().saturating_add(1);
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 1, last), 0)))?;
    socket.connect(address).await?.write_all(request.as_bytes()).await
}
