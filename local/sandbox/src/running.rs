//! A sandbox from start to stop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::error::SandboxError;
use crate::journal::{self, Journal};
use crate::sandbox::{App, Environment, Sandbox};
use crate::state::State;
use crate::{clock, delivery, graph, orders, server};

/// How long a receiver may take to answer a webhook.
const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(10);

/// How a sandbox is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The app's id, `client_id` of the token exchange.
    pub app_id: String,
    /// The app's secret: `client_secret`, key of the webhook signature and of `appsecret_proof`.
    pub app_secret: String,
    /// The app's callback; without it no webhooks are sent.
    pub webhook_url: Option<String>,
    /// `hub.verify_token` of the handshake.
    pub verify_token: String,
    /// File that preserves accounts, templates, acceptances and undelivered updates across a kill.
    pub journal: Option<PathBuf>,
}

/// A running sandbox. Dropping it stops it as well, without waiting.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    stopped: watch::Receiver<bool>,
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Replaces `https://graph.facebook.com`: without a version and without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops it and waits until the journal is written and closed.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        self.stopped().await;
    }

    /// Waits until it has stopped.
    pub async fn stopped(&mut self) {
        // An error means that the task has ended.
        self.stopped.wait_for(|stopped| *stopped).await.ok();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// Starts a sandbox. When this returns, it listens and has restored the content of its journal.
pub async fn start(options: Options) -> Result<Running, SandboxError> {
    let Options { listen, app_id, app_secret, webhook_url, verify_token, journal } = options;
    let mut state = State::default();
    let (stop, stopping) = watch::channel(false);
    let (journal, writer) = match journal {
        None => (Journal::none(), None),
        Some(path) => {
            let file = journal::open(&path, |record| state.apply(record)).await?;
            let (journal, writer) = Journal::start(path, file);
            (journal, Some(writer))
        }
    };
    let refused = |source| SandboxError::Listen { address: listen, source };
    let listener = TcpListener::bind(listen).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let base_url = format!("http://{address}");
    let app = App { id: app_id, secret: app_secret, webhook_url, verify_token, base_url };
    let environment = Environment { now_ms: clock::now_ms, nonce: uuid::Uuid::new_v4().to_string() };
    let sandbox = Arc::new(Sandbox::new(app, journal, client()?, state, environment));
    let (done, stopped) = watch::channel(false);
    let work = run(sandbox, listener, stopping, writer);
    let task: JoinHandle<()> = tokio::spawn(async move {
        work.await;
        done.send_replace(true);
    });
    // `stop` ends the task; its handle is not needed.
    drop(task);
    Ok(Running { address, stop, stopped })
}

/// The client for webhooks follows no redirects and uses no proxy.
fn client() -> Result<reqwest::Client, SandboxError> {
    let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    Ok(builder.timeout(WEBHOOK_TIMEOUT).build()?)
}

/// Serves and delivers until the sandbox is stopped, then closes the journal.
async fn run(
    sandbox: Arc<Sandbox>,
    listener: TcpListener,
    stopping: watch::Receiver<bool>,
    writer: Option<std::thread::JoinHandle<()>>,
) {
    let router = graph::router(Arc::clone(&sandbox)).merge(orders::router(Arc::clone(&sandbox)));
    tokio::join!(
        server::run(listener, router, stopping.clone()),
        delivery::run(Arc::clone(&sandbox), stopping),
    );
    sandbox.journal.close();
    let Some(writer) = writer else { return };
    let joined = tokio::task::spawn_blocking(move || writer.join());
    if !matches!(joined.await, Ok(Ok(()))) {
        tracing::error!("the writer of the journal did not end properly");
    }
}
