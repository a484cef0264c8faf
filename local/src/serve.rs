//! Runs the roles of a process until it is stopped.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::Clock;
use domain::access::email::EmailProof;
use http_server::{Limits, Share};
use runtime::held;
use sandbox::{Options, Running, SandboxError};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::database::{self, Database};
use crate::error::LocalError;
use crate::home::Home;
use crate::machine::Machine;
use crate::poll::{self, ProcessRole, Rules};
use crate::say::{is_read_by_a_person, say};
use crate::settings::Settings;
use crate::{api, demo, keys};

/// How long running work may take at the end: longer than a claim.
const CLOSING: Duration = Duration::from_secs(20);

/// Serves until Ctrl-C or SIGTERM.
pub async fn serve(settings: Settings, roles: &[ProcessRole]) -> Result<(), LocalError> {
    if is_read_by_a_person() {
        held::hold();
    }
    let outcome = start(settings, roles).await;
    held::release();
    let serving = outcome?;
    let outcome = tokio::select! {
        () = stopped() => Ok(()),
        error = serving.database.keep_running() => Err(error),
    };
    say("Stopping.");
    serving.close().await;
    outcome
}

/// Everything that a serving process runs.
struct Serving {
    machine: Machine,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    sandbox: Option<Running>,
    database: Database,
}

/// The ports come first: whoever starts a second time learns it before anything is made.
async fn start(settings: Settings, roles: &[ProcessRole]) -> Result<Serving, LocalError> {
    let is_http = roles.contains(&ProcessRole::Http);
    let listener = if is_http { Some(listen(&settings).await?) } else { None };
    let home = Home::open(&settings.home)?;
    let sandbox = if is_http && settings.meta_url.is_none() {
        Some(start_sandbox(&settings, &home).await?)
    } else {
        None
    };
    let database = database::open(&settings, &home).await?;
    say(format!("Database: {}", database.origin));
    say(proofs(settings.email_proof));
    let machine = Machine::assemble(&settings, &home, database.store.clone(), Clock::System)?;
    let (stop, stopping) = watch::channel(false);
    let mut tasks = JoinSet::new();
    if let Some(listener) = listener {
        demo::ensure_owner(&machine, &settings, &home).await?;
        let limits = Limits::within(Share::Half);
        tasks.spawn(http_server::serve(
            listener,
            api::router(&machine),
            api::busy(&machine),
            limits,
            stopping.clone(),
        ));
    }
    let polling = Rules {
        visibility: settings.visibility,
        receives_max: settings.receives_max,
        sweep_every: settings.sweep_every,
    };
    tasks.spawn(keys::keep_reading(machine.keys.clone(), stopping.clone()));
    for role in roles {
        tasks.spawn(poll::run(machine.clone(), *role, polling, stopping.clone()));
    }
    if is_http {
        demo::welcome(&machine, &settings, &home).await?;
    }
    Ok(Serving { machine, stop, tasks, sandbox, database })
}

const fn proofs(email_proof: EmailProof) -> &'static str {
    match email_proof {
        EmailProof::Required => {
            "E-mail addresses: a tenant sends when its owner has opened the link that is sent at registration."
        }
        EmailProof::Off => {
            "E-mail addresses: owners need not prove theirs (TIDINGS_EMAIL_PROOF=required asks for it)."
        }
    }
}

/// What the sandbox of these settings is started with: Meta's side of the app that the API is.
pub fn sandbox_options(settings: &Settings, home: &Home) -> Result<Options, LocalError> {
    let own = home.secrets()?;
    Ok(Options {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, settings.sandbox_port())),
        app_id: settings.app.id.clone(),
        app_secret: own.app_secret(&settings.app),
        webhook_url: Some(format!("http://127.0.0.1:{}/webhook/meta", settings.port)),
        verify_token: own.verify_token(&settings.app),
        journal: Some(home.join("sandbox.jsonl")),
    })
}

/// The sandbox beside the API.
pub async fn start_sandbox(settings: &Settings, home: &Home) -> Result<Running, LocalError> {
    let started = sandbox::start(sandbox_options(settings, home)?).await;
    let running = started.map_err(|error| match error {
        SandboxError::Listen { .. } => LocalError::SandboxPort(error),
        other => other.into(),
    })?;
    say(format!("Meta: a sandbox on {}", running.base_url()));
    if settings.app.secret.is_some() {
        say(
            "      The Meta app of the settings is used with it; TIDINGS_META_URL=https://graph.facebook.com calls Meta itself.",
        );
    }
    Ok(running)
}

async fn listen(settings: &Settings) -> Result<TcpListener, LocalError> {
    let address = SocketAddr::from((settings.listen, settings.port));
    TcpListener::bind(address).await.map_err(|source| LocalError::Listen { address, source })
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

impl Serving {
    /// Waits for running work, then stops the sandbox and the database.
    async fn close(self) {
        let Self { machine, stop, mut tasks, sandbox, database } = self;
        machine.platform.is_closing.store(true, Ordering::Relaxed);
        stop.send_replace(true);
        let finished = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(CLOSING, finished).await.is_err() {
            tracing::warn!("Some work did not finish in time; the next start continues it.");
            tasks.abort_all();
        }
        if let Some(sandbox) = sandbox {
            sandbox.stop().await;
        }
        database.store.close();
        // Stopping Postgres blocks.
        if tokio::task::spawn_blocking(move || drop(database)).await.is_err() {
            tracing::warn!("The database was left running.");
        }
    }
}
