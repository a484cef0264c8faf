//! What every test needs: a sandbox, a receiver of its webhooks, and a caller.

pub(crate) mod body;
pub(crate) mod caller;
pub(crate) mod receiver;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use sandbox::{Options, Running, SandboxError, start};
use serde_json::Value;

pub(crate) use caller::{Account, Caller, Reply};
pub(crate) use receiver::{Receiver, Status};

pub(crate) const APP_ID: &str = "1000000000000001";
pub(crate) const APP_SECRET: &str = "a secret of the app";
pub(crate) const VERIFY_TOKEN: &str = "a token of the handshake";
/// Longer than anything a test waits for, also on a busy machine.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// A sandbox with a receiver and one account that can send.
pub(crate) struct TestSandbox {
    pub(crate) running: Running,
    pub(crate) caller: Caller,
    pub(crate) receiver: Receiver,
    pub(crate) account: Account,
}

impl TestSandbox {
    /// The statuses of a message are due at once and share a POST, so that tests can assert their order. The 24-hour
    /// window is off, so that any recipient can be sent a text.
    pub(crate) async fn start() -> Self {
        let receiver = Receiver::start().await;
        let running = start_sandbox(options(Some(receiver.url()), None)).await;
        let caller = Caller::new(&running.base_url());
        let account = caller.connect("a code").await;
        caller.order("auto", r#"{"delayMs":0}"#).await.expect_status(200);
        caller.order("limits", r#"{"window":"off"}"#).await.expect_status(200);
        Self { running, caller, receiver, account }
    }

    /// An order that must succeed.
    pub(crate) async fn order(&self, path: &str, order: &Value) -> Value {
        self.caller.order(path, &order.to_string()).await.expect_status(200)
    }

    /// A Graph GET with the account's token.
    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.caller.get(&self.account.token, path).await
    }

    /// A Graph POST with the account's token.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.caller.post(&self.account.token, path, body).await
    }

    /// Sends a message with any body.
    pub(crate) async fn message(&self, body: &Value) -> Reply {
        self.caller.message(&self.account, body).await
    }

    /// Waits for the only change of a field.
    pub(crate) async fn change(&self, field: &str) -> Value {
        self.receiver.wait_until(field, |receiver| !receiver.changes(field).is_empty()).await;
        let mut changes = self.receiver.changes(field);
        assert_eq!(changes.len(), 1, "{field} is reported once: {changes:#?}");
        changes.remove(0)
    }

    /// Sends a text with opaque data.
    pub(crate) async fn send(&self, to: &str, opaque: &str) -> Reply {
        self.caller.send(&self.account, to, opaque).await
    }
}

/// Options with a free port.
pub(crate) fn options(webhook_url: Option<String>, journal: Option<PathBuf>) -> Options {
    Options {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        app_id: APP_ID.to_owned(),
        app_secret: APP_SECRET.to_owned(),
        webhook_url,
        verify_token: VERIFY_TOKEN.to_owned(),
        journal,
    }
}

pub(crate) async fn start_sandbox(options: Options) -> Running {
    start(options).await.expect("the sandbox starts")
}

pub(crate) async fn start_error(options: Options) -> SandboxError {
    start(options).await.expect_err("the sandbox does not start")
}
