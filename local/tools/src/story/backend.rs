//! What is behind the API that the story uses: database, sandbox, queues.

use domain::Clock;
use futures_util::future::BoxFuture;
use one_machine::OneMachine;
use serde_json::Value;
use store::Store;
use tidings::error::LocalError;

/// Counts the messages on all queues.
type QueueDepth<'a> = Box<dyn Fn() -> BoxFuture<'a, Result<u64, LocalError>> + Send + Sync + 'a>;

pub(crate) struct Backend<'a> {
    pub store: &'a Store,
    pub sandbox_url: String,
    pub queue_depth: QueueDepth<'a>,
}

impl<'a> Backend<'a> {
    /// Of an instance whose queues are in the same database.
    pub fn one_machine(store: &'a Store, sandbox_url: String) -> Self {
        let queue_depth: QueueDepth<'a> = Box::new(move || {
            Box::pin(async move {
                let (waiting, _dead) = OneMachine::new(store.clone(), Clock::System).depths().await?;
                Ok(u64::try_from(waiting).unwrap_or(0))
            })
        });
        Self { store, sandbox_url, queue_depth }
    }

    /// No webhook on its way from the sandbox, and nothing on any queue.
    pub async fn is_quiet(&self) -> Result<bool, LocalError> {
        let http = reqwest::Client::builder().timeout(std::time::Duration::from_secs(5)).build()?;
        let webhooks: Value =
            http.get(format!("{}/sandbox/webhooks", self.sandbox_url)).send().await?.json().await?;
        let is_delivered = webhooks.get("pending").and_then(Value::as_u64) == Some(0);
        Ok(is_delivered && (self.queue_depth)().await? == 0)
    }
}
