//! An emulator of AWS on loopback, and a client for its JSON, because this program links no SDK.

use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::deploy_check::program::Program;
use crate::deploy_check::site::{REGION, Site};
use crate::deploy_check::tools::Tool;
use tidings::error::LocalError;

/// The emulator accepts any key.
const KEY: &str = "test";
const START_LIMIT: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(50);
const CALL_LIMIT: Duration = Duration::from_secs(30);

/// A running emulator.
#[derive(Debug)]
pub(crate) struct Cloud {
    program: Program,
    pub port: u16,
    http: reqwest::Client,
}

impl Cloud {
    /// Starts it with a clean environment, so that a function gets only the variables of the template.
    pub async fn start(site: &Site, name: &str) -> Result<Self, LocalError> {
        let (folder, port) = (site.folder(name)?, free_port()?);
        let url = format!("http://127.0.0.1:{port}");
        let mut command = Command::new(Tool::Ministack.program(site, "python"));
        command
            .arg(site.script("cloud.py"))
            .current_dir(&folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &folder)
            .env("TMPDIR", &folder)
            .env("STATE_DIR", folder.join("state"))
            .env("S3_DATA_DIR", folder.join("s3"))
            .env("PYTHONUNBUFFERED", "1")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("MINISTACK_HOST", "localhost")
            .env("MINISTACK_REGION", REGION)
            .env("IOT_MTLS_ENABLED", "0")
            .envs(keys())
            .env("AWS_ENDPOINT_URL", &url);
        let program = Program::start(&site.logs(), name, command)?;
        let http = reqwest::Client::builder().timeout(CALL_LIMIT).build()?;
        let mut cloud = Self { program, port, http };
        cloud.wait_until_healthy().await?;
        Ok(cloud)
    }

    async fn wait_until_healthy(&mut self) -> Result<(), LocalError> {
        let since = Instant::now();
        while since.elapsed() < START_LIMIT {
            self.program.check()?;
            let answer = self.http.get(format!("{}/_ministack/health", self.url())).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Err(LocalError::Call("the emulator of the cloud did not become healthy".to_owned()))
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// One call of a service with AWS's JSON protocol, such as `AmazonSQS.SendMessage`.
    pub async fn call(&self, target: &str, body: &Value) -> Result<Value, LocalError> {
        let service = match target.split('.').next().unwrap_or_default() {
            "AmazonSQS" => "sqs",
            "secretsmanager" => "secretsmanager",
            "AWSEvents" => "events",
            _ => "logs",
        };
        let request = self
            .http
            .post(self.url())
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.0")
            .header("authorization", authorization(service))
            .body(body.to_string());
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            return Err(LocalError::Call(format!("{target} was answered with {status}: {text}")));
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// The name of the function whose name has this part.
    pub async fn function(&self, part: &str) -> Result<String, LocalError> {
        let listed = self.lambda(Method::GET, "functions/?MaxItems=100", &Value::Null).await?;
        let functions = listed.get("Functions").and_then(Value::as_array).into_iter().flatten();
        let mut names = functions.filter_map(|function| function.get("FunctionName")?.as_str());
        let name = names.find(|name| name.contains(part)).map(str::to_owned);
        name.ok_or_else(|| LocalError::Call(format!("no function is called {part}")))
    }

    /// One call of Lambda, which has paths instead of targets.
    pub async fn lambda(&self, method: Method, path: &str, body: &Value) -> Result<Value, LocalError> {
        let url = format!("{}/2015-03-31/{path}", self.url());
        let request = self.http.request(method, url).header("authorization", authorization("lambda"));
        let request = if body.is_null() { request } else { request.json(body) };
        Ok(request.send().await?.error_for_status()?.json().await?)
    }

    /// Invokes a function, perhaps one of its versions (`name:3`), and returns what it answers; an error of the function is
    /// one here.
    pub async fn invoke(&self, function: &str, payload: &Value) -> Result<Value, LocalError> {
        let request = self
            .http
            .post(format!("{}/2015-03-31/functions/{function}/invocations", self.url()))
            .header("authorization", authorization("lambda"))
            .json(payload);
        let answer = request.send().await?.error_for_status()?;
        let is_error = answer.headers().contains_key("x-amz-function-error");
        let answer: Value = answer.json().await?;
        if is_error {
            return Err(LocalError::Call(format!("{function} failed: {answer}")));
        }
        Ok(answer)
    }

    /// `GET` of EventBridge Scheduler, which has paths instead of targets.
    pub async fn schedules(&self, group: &str) -> Result<Vec<String>, LocalError> {
        let request = self
            .http
            .get(format!("{}/schedules?ScheduleGroup={group}&MaxResults=100", self.url()))
            .header("authorization", authorization("scheduler"));
        let answer: Value = request.send().await?.error_for_status()?.json().await?;
        let schedules = answer.get("Schedules").and_then(Value::as_array).cloned().unwrap_or_default();
        let name = |schedule: &Value| schedule.get("Name").and_then(Value::as_str).map(str::to_owned);
        Ok(schedules.iter().filter_map(name).collect())
    }

    /// `POST` of EventBridge Scheduler: makes a group.
    pub async fn make_schedule_group(&self, name: &str) -> Result<(), LocalError> {
        let request = self
            .http
            .post(format!("{}/schedule-groups/{name}", self.url()))
            .header("authorization", authorization("scheduler"))
            .json(&json!({ "ClientToken": name }));
        request.send().await?.error_for_status()?;
        Ok(())
    }

    /// How many messages are on a queue, seen or unseen.
    pub async fn depth(&self, queue_url: &str) -> Result<u64, LocalError> {
        let asked = json!({ "QueueUrl": queue_url, "AttributeNames": ["All"] });
        let answer = self.call("AmazonSQS.GetQueueAttributes", &asked).await?;
        let count = |name: &str| {
            let value = answer.pointer(&format!("/Attributes/{name}")).and_then(Value::as_str);
            value.and_then(|value| value.parse::<u64>().ok()).unwrap_or(0)
        };
        Ok(count("ApproximateNumberOfMessages")
            + count("ApproximateNumberOfMessagesNotVisible")
            + count("ApproximateNumberOfMessagesDelayed"))
    }

    /// Ends it with every function that it runs.
    pub async fn stop(self) {
        self.program.stop().await;
    }
}

/// Credentials, as variables.
pub(crate) fn keys() -> [(&'static str, &'static str); 4] {
    [
        ("AWS_ACCESS_KEY_ID", KEY),
        ("AWS_SECRET_ACCESS_KEY", KEY),
        ("AWS_DEFAULT_REGION", REGION),
        ("AWS_REGION", REGION),
    ]
}

/// The emulator takes the service from it and does not check the signature.
fn authorization(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={KEY}/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=00"
    )
}

/// A free port, from below those that the system gives to outgoing connections (Linux: 32768 and up), so
/// that no connection takes it before its program does.
pub(crate) fn free_port() -> Result<u16, LocalError> {
    const TRIES: usize = 100;
    let some = std::iter::repeat_with(|| rand::random_range(20_000..32_000_u16)).take(TRIES);
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let mut free = some.filter(is_free);
    free.next().ok_or_else(|| LocalError::Call("no port is free".to_owned()))
}
