//! One bootstrap under AWS's Runtime Interface Emulator.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::process::Command;

use crate::deploy_check::aws::{free_port, keys};
use crate::deploy_check::emulator::stamps::{START, Seen, Stamps};
use crate::deploy_check::program::Program;
use crate::deploy_check::site::Site;
use crate::deploy_check::tools::runtime_emulator;
use tidings::error::LocalError;

/// Dispatch's; this check waits less.
const TIMEOUT_SECONDS: &str = "300";
const CALL_LIMIT: Duration = Duration::from_secs(30);
const START_LIMIT: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// A running function. One call at a time: two at once end the emulator.
#[derive(Debug)]
pub(crate) struct Lambda {
    program: Program,
    url: String,
    stamps: Stamps,
    http: reqwest::Client,
}

impl Lambda {
    /// Starts the emulator; the bootstrap starts with the first event.
    pub async fn start(
        site: &Site,
        name: &str,
        bootstrap: &Path,
        environment: &[(&'static str, String)],
    ) -> Result<Self, LocalError> {
        let (port, runtime_api) = (free_port()?, free_port()?);
        let stamps = Stamps::listen(runtime_api).await?;
        let mut command = Command::new(runtime_emulator(site)?);
        command
            .args(["--log-level", "error"])
            .args(["--runtime-interface-emulator-address", &format!("127.0.0.1:{port}")])
            .args(["--runtime-api-address", &format!("127.0.0.1:{runtime_api}")])
            .args(["/bin/bash", "-c", START])
            .arg(bootstrap)
            .current_dir(&site.work)
            .env_clear()
            .envs(keys())
            .envs(environment.iter().map(|(name, value)| (*name, value.as_str())))
            .env("STAMPS_PORT", stamps.port.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_TIMEOUT", TIMEOUT_SECONDS);
        let program = Program::start(&site.logs(), &format!("rie-{name}"), command)?;
        let http = reqwest::Client::builder().timeout(CALL_LIMIT).build()?;
        let url = format!("http://127.0.0.1:{port}/2015-03-31/functions/function/invocations");
        let mut lambda = Self { program, url, stamps, http };
        lambda
            .wait_until(START_LIMIT, "listen", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok())
            .await?;
        Ok(lambda)
    }

    pub async fn call(&mut self, event: &Value) -> Result<Value, LocalError> {
        let answer = self.http.post(&self.url).body(event.to_string()).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        self.program.check()?;
        if !status.is_success() {
            let end = self.program.tail();
            return Err(LocalError::Call(format!("the emulator answered {status}{text}; it wrote:\n{end}")));
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Waits until it has answered and asks for more work; returns what was seen until then, and its memory in MiB.
    pub async fn at_rest(&mut self) -> Result<(Seen, Option<f64>), LocalError> {
        let since = Instant::now();
        loop {
            let seen = self.stamps.seen();
            if seen.questions > 1 {
                let memory = seen.pid.and_then(memory_mib);
                return Ok((seen, memory));
            }
            if since.elapsed() > START_LIMIT {
                return Err(LocalError::Call("it never asked for more work".to_owned()));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn wait_until(
        &mut self,
        limit: Duration,
        what: &str,
        is_so: impl Fn() -> bool,
    ) -> Result<(), LocalError> {
        let since = Instant::now();
        while !is_so() {
            self.program.check()?;
            if since.elapsed() > limit {
                return Err(LocalError::Call(format!("the emulator did not {what}")));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    pub async fn stop(self) {
        self.program.stop().await;
    }
}

/// The resident memory of a process.
fn memory_mib(pid: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u32 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(f64::from(kibibytes) / 1024.0)
}
