//! What stands behind the API that is played against, where it can be asked: the books, Meta, the queues.

use domain::Clock;
use futures_util::future::BoxFuture;
use serde_json::Value;
use store::Store;

use tidings::error::LocalError;

/// How many messages are on queues, asked now.
type Waiting<'a> = Box<dyn Fn() -> BoxFuture<'a, Result<u64, LocalError>> + Send + Sync + 'a>;

/// An instance's other doors.
pub(crate) struct Behind<'a> {
    /// Its database.
    pub store: &'a Store,
    /// Where its sandbox is.
    pub sandbox_url: String,
    /// Its queues.
    pub waiting: Waiting<'a>,
}

impl<'a> Behind<'a> {
    /// Of an instance whose queues are on the same database.
    pub fn one_machine(store: &'a Store, sandbox_url: String) -> Self {
        let waiting: Waiting<'a> = Box::new(move || {
            Box::pin(async move {
                let queues = one_machine::OneMachine::new(store.clone(), Clock::System);
                let (waiting, _dead) = queues.depths().await?;
                Ok(u64::try_from(waiting).unwrap_or(0))
            })
        });
        Self { store, sandbox_url, waiting }
    }

    /// No update on its way from the sandbox, and nothing on any queue.
    pub async fn is_quiet(&self) -> Result<bool, LocalError> {
        let http = reqwest::Client::builder().timeout(std::time::Duration::from_secs(5)).build()?;
        let webhooks: Value =
            http.get(format!("{}/sandbox/webhooks", self.sandbox_url)).send().await?.json().await?;
        let is_told = webhooks.get("pending").and_then(Value::as_u64) == Some(0);
        Ok(is_told && (self.waiting)().await? == 0)
    }
}
