//! A forwarder between a bootstrap and the runtime API of the emulator, which notes the time of each call.
//!
//! AWS's emulator does not say when it started the bootstrap, and begins to answer before the bootstrap runs. So it starts
//! a line of shell, which opens a connection to this forwarder, sends its process id and becomes the bootstrap. From then on the bootstrap's calls pass through here: the first question for work ends its init, the first
//! answer ends its first invocation. The hop costs less than a tenth of a millisecond, and counts against the bootstrap.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use tidings::error::LocalError;

/// What the emulator starts, with the bootstrap's path as its first argument.
pub(crate) const START: &str = r#"exec 3<>"/dev/tcp/127.0.0.1/$STAMPS_PORT"; echo "exec $$" >&3; exec 3>&-; export AWS_LAMBDA_RUNTIME_API="127.0.0.1:$STAMPS_PORT"; exec "$0""#;
const HEAD: usize = 64 * 1024;

/// What has been seen of one bootstrap.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub pid: Option<u32>,
    pub started: Option<Instant>,
    /// When it asked for work for the first time.
    pub asked: Option<Instant>,
    /// When it answered for the first time.
    pub answered: Option<Instant>,
    pub questions: u32,
}

/// The forwarder; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Stamps {
    pub port: u16,
    seen: Arc<Mutex<Seen>>,
    task: AbortHandle,
}

impl Stamps {
    /// Listens, and forwards to the runtime API at a port of this machine.
    pub async fn listen(runtime_api: u16) -> Result<Self, LocalError> {
        let failed = LocalError::FreePort;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let theirs = Arc::clone(&seen);
        let to = SocketAddr::from((Ipv4Addr::LOCALHOST, runtime_api));
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((connection, _)) = listener.accept().await {
                connections.spawn(forward(connection, to, Arc::clone(&theirs), Instant::now()));
            }
        });
        Ok(Self { port, seen, task: task.abort_handle() })
    }

    pub fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Stamps {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An error on either side closes both.
async fn forward(mut from: TcpStream, to: SocketAddr, seen: Arc<Mutex<Seen>>, accepted: Instant) {
    let mut head = vec![0; HEAD];
    let Ok(length) = from.read(&mut head).await else { return };
    let first = head.get(..length).unwrap_or_default();
    if let Some(pid) = started(first) {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        (seen.pid, seen.started) = (Some(pid), Some(accepted));
        return;
    }
    let Ok(mut runtime) = TcpStream::connect(to).await else { return };
    if runtime.set_nodelay(true).and_then(|()| from.set_nodelay(true)).is_err() {
        return;
    }
    note(&seen, first);
    if runtime.write_all(first).await.is_err() {
        return;
    }
    let (mut from_read, mut from_write) = from.split();
    let (mut runtime_read, mut runtime_write) = runtime.split();
    let requests = async {
        while let Ok(length @ 1..) = from_read.read(&mut head).await {
            let chunk = head.get(..length).unwrap_or_default();
            note(&seen, chunk);
            if runtime_write.write_all(chunk).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = requests => {}
        _ = tokio::io::copy(&mut runtime_read, &mut from_write) => {}
    }
}

fn started(line: &[u8]) -> Option<u32> {
    std::str::from_utf8(line).ok()?.strip_prefix("exec ")?.trim().parse().ok()
}

/// The client sends one request at a time, so a request begins with a chunk or not in it at all.
fn note(seen: &Mutex<Seen>, chunk: &[u8]) {
    let now = Instant::now();
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    if chunk.starts_with(b"GET /2018-06-01/runtime/invocation/next") {
        seen.questions += 1;
        seen.asked.get_or_insert(now);
    } else if chunk.starts_with(b"POST /2018-06-01/runtime/invocation/") {
        seen.answered.get_or_insert(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_question_and_the_first_answer_are_the_ones_that_are_stamped() {
        let seen = Mutex::new(Seen::default());
        note(&seen, b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n");
        let first = seen.lock().unwrap().asked;
        note(&seen, b"POST /2018-06-01/runtime/invocation/1/response HTTP/1.1\r\n\r\n{}");
        note(&seen, b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n");
        let seen = seen.into_inner().unwrap();
        assert!(seen.asked == first && seen.answered >= first && seen.questions == 2);
        assert_eq!(started(b"exec 4711\n"), Some(4711));
        assert_eq!(started(b"GET /2018-06-01/runtime"), None);
    }
}
