//! Ministack, an emulator of AWS in Python, started when it is installed.
//!
//! `TIDINGS_MINISTACK` names its virtual environment, or an executable in that one's `bin`; without it
//! `target/tools/ministack` is used. Without either, [`Ministack::shared`] prints so and returns `None`, and a test skips
//! its AWS half.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use crate::workspace;

/// How long it may take to answer: half a second, and more on a machine that is busy.
const START_MAX: Duration = Duration::from_mins(1);

/// A running ministack. It ends when this is dropped, or with this process.
#[derive(Debug)]
pub struct Ministack {
    endpoint: String,
    home: PathBuf,
    process: Child,
}

impl Ministack {
    /// One for all tests of this process that run at the same time; the last to drop it ends it.
    ///
    /// # Panics
    /// When it is installed and does not start.
    pub fn shared() -> Option<Arc<Self>> {
        static RUNNING: Mutex<Weak<Ministack>> = Mutex::new(Weak::new());
        let mut running = RUNNING.lock().expect("starting it does not panic");
        if let Some(ministack) = running.upgrade() {
            return Some(ministack);
        }
        let started = Arc::new(Self::start(&installed()?));
        *running = Arc::downgrade(&started);
        Some(started)
    }

    /// Starts one with this Python, on a free port of 127.0.0.1, and waits until it answers.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(python: &Path) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let home = std::env::temp_dir().join(format!("tidings-ministack-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&home).expect("a temporary folder can be made");
        let port = free_port();
        let endpoint = format!("http://127.0.0.1:{port}");
        let log = home.join("log");
        let process = command(python, &home, port, &endpoint)
            .stdin(Stdio::piped())
            .stdout(File::create(&log).expect("the log can be made"))
            .stderr(File::options().append(true).open(&log).expect("the log is there"))
            .spawn()
            .expect("ministack's Python runs");
        let mut ministack = Self { endpoint, home, process };
        ministack.wait_until_it_answers(port);
        ministack
    }

    /// Where every AWS service answers, such as `http://127.0.0.1:40123`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// A new access key. Ministack takes twelve digits as an account, so tests do not share resources.
    pub fn new_account() -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        format!("1{:011}", NUMBER.fetch_add(1, Ordering::Relaxed))
    }

    /// What it wrote, for a test that failed.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.home.join("log")).unwrap_or_default()
    }

    fn wait_until_it_answers(&mut self, port: u16) {
        let until = Instant::now() + START_MAX;
        while !is_healthy(port) {
            let ended = self.process.try_wait().expect("its process can be asked about");
            assert!(ended.is_none(), "ministack ended at once:\n{}", self.log());
            assert!(Instant::now() < until, "ministack does not answer:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Ministack {
    fn drop(&mut self) {
        // It ends with its input, and so does every function that it runs.
        drop(self.process.stdin.take());
        if self.process.wait().is_err() || std::fs::remove_dir_all(&self.home).is_err() {
            tracing::warn!(home = %self.home.display(), "ministack left something behind");
        }
    }
}

/// Ministack's Python, when it is installed; otherwise prints that it is not.
///
/// # Panics
/// When `TIDINGS_MINISTACK` names something that is not there.
pub fn installed() -> Option<PathBuf> {
    let named = std::env::var_os("TIDINGS_MINISTACK").map(PathBuf::from);
    let place = named.clone().unwrap_or_else(|| workspace().join("target/tools/ministack"));
    let bin = if place.is_file() { place.parent()?.to_path_buf() } else { place.join("bin") };
    let python = bin.join("python");
    if python.is_file() {
        return Some(python);
    }
    assert!(named.is_none(), "TIDINGS_MINISTACK: there is no {}", python.display());
    let mut stderr = std::io::stderr();
    writeln!(stderr, "SKIPPED: the AWS half of a test, because {} has no ministack", place.display()).ok();
    None
}

fn command(python: &Path, home: &Path, port: u16, endpoint: &str) -> Command {
    let mut command = Command::new(python);
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("ministack.py"))
        .current_dir(home)
        .env("GATEWAY_PORT", port.to_string())
        // Without it, it listens on every interface.
        .env("BIND_HOST", "127.0.0.1")
        .env("MINISTACK_HOST", "localhost")
        // Its IoT listener, on every interface.
        .env("IOT_MTLS_ENABLED", "0")
        // Functions that it runs inherit this and call it.
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("TMPDIR", home)
        .env("STATE_DIR", home.join("state"))
        .env("S3_DATA_DIR", home.join("s3"));
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
}

/// A free port. Another process may take it before it is used; then the start fails with an error.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("127.0.0.1 has a free port");
    listener.local_addr().expect("it is bound").port()
}

fn is_healthy(port: u16) -> bool {
    let ask = || -> std::io::Result<String> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream
            .write_all(b"GET /_ministack/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}
