//! Runs the roles of a process until it is stopped.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use cluster::Fetch;
use domain::problem::Kind;
use domain::{Clock, Problem};
use http_kit::ProblemResponse;
use http_server::{Limits, Share};
use sandbox::{Options, Running};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::database::{self, Database};
use crate::error::LocalError;
use crate::home::Home;
use crate::machine::Machine;
use crate::poll::{self, ProcessRole, Rules};
use crate::say::say;
use crate::settings::Settings;
use crate::{api, demo, keys};

/// How long running work may take at the end: longer than a claim.
const CLOSING: Duration = Duration::from_secs(20);

#[derive(Clone, Debug)]
pub struct Serve {
    pub roles: Vec<ProcessRole>,
    /// Whether Postgres may be fetched.
    pub fetch: Fetch,
}

/// Serves until Ctrl-C or SIGTERM.
pub async fn serve(settings: Settings, options: Serve) -> Result<(), LocalError> {
    let home = Home::open(&settings.home)?;
    let database = database::open(&settings, &home, options.fetch).await?;
    say(format!("Database: {}", database.origin));
    let machine = Machine::assemble(&settings, &home, database.store.clone(), Clock::System)?;
    let is_http = options.roles.contains(&ProcessRole::Http);
    let sandbox = if is_http && settings.meta_url.is_none() {
        Some(start_sandbox(&settings, &home).await?)
    } else {
        None
    };
    let (stop, stopping) = watch::channel(false);
    let mut tasks = JoinSet::new();
    if is_http {
        demo::ensure_owner(&machine, &settings, &home).await?;
        listen(&machine, &settings, &mut tasks, stopping.clone()).await?;
    }
    let rules = Rules {
        visibility: settings.visibility,
        receives_max: settings.receives_max,
        sweep_every: settings.sweep_every,
    };
    tasks.spawn(keys::keep_reading(machine.keys.clone(), stopping.clone()));
    for role in &options.roles {
        tasks.spawn(poll::run(machine.clone(), *role, rules, stopping.clone()));
    }
    if is_http {
        demo::welcome(&machine, &settings, &home).await?;
    }
    let outcome = tokio::select! {
        () = stopped() => Ok(()),
        error = database.keep_running() => Err(error),
    };
    say("Stopping.");
    close(&machine, stop, tasks, sandbox, database).await;
    outcome
}

/// The sandbox alone or beside the API.
pub async fn start_sandbox(settings: &Settings, home: &Home) -> Result<Running, LocalError> {
    let secrets = home.secrets()?;
    let running = sandbox::start(Options {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, settings.sandbox_port())),
        app_id: settings.meta_app_id.clone(),
        app_secret: secrets.sandbox_app_secret,
        webhook_url: Some(format!("http://127.0.0.1:{}/webhook/meta", settings.port)),
        verify_token: secrets.sandbox_verify_token,
        journal: Some(home.join("sandbox.jsonl")),
    })
    .await?;
    say(format!("Meta: a sandbox on {}", running.base_url()));
    Ok(running)
}

async fn listen(
    machine: &Machine,
    settings: &Settings,
    tasks: &mut JoinSet<()>,
    stopping: watch::Receiver<bool>,
) -> Result<(), LocalError> {
    let port = settings.port;
    let listener = TcpListener::bind((settings.listen, port))
        .await
        .map_err(|source| LocalError::Listen { port, source })?;
    let router = api::router(machine);
    let limits = Limits::within(Share::Half);
    tasks.spawn(http_server::serve(listener, router, busy, limits, stopping));
    Ok(())
}

/// The answer when each connection has a request.
fn busy() -> Response {
    ProblemResponse::from(Problem::new(Kind::Unavailable)).into_response()
}

/// Returns at Ctrl-C or SIGTERM.
pub async fn stopped() {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(signal) => signal,
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be handled");
            return tokio::signal::ctrl_c().await.unwrap_or_default();
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// Waits for running work, then stops the sandbox and the database.
async fn close(
    machine: &Machine,
    stop: watch::Sender<bool>,
    mut tasks: JoinSet<()>,
    sandbox: Option<Running>,
    database: Database,
) {
    machine.platform.is_closing.store(true, Ordering::Relaxed);
    stop.send_replace(true);
    let finished = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(CLOSING, finished).await.is_err() {
        tracing::warn!("some work did not finish in time; the next start continues it");
        tasks.abort_all();
    }
    if let Some(sandbox) = sandbox {
        sandbox.stop().await;
    }
    database.store.close();
    // Stopping Postgres blocks.
    if tokio::task::spawn_blocking(move || drop(database)).await.is_err() {
        tracing::warn!("the database was left running");
    }
}
