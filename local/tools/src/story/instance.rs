//! A private instance: a serving process that can be killed, with Meta's sandbox and the database outside it, so that both
//! can be read afterwards.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use sandbox::Running;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

use crate::mail_folder::MailFolder;
use crate::story::backend::Backend;
use tidings::database::{self, Database};
use tidings::demo::ADMIN_EMAIL;
use tidings::error::LocalError;
use tidings::home::Home;
use tidings::serve::{self, start_sandbox};
use tidings::settings::Settings;

/// Every wait of the message flow, shortened, in seconds.
const WAITS: [(&str, &str); 11] = [
    ("TIDINGS_LEASE_SECONDS", "8"),
    ("TIDINGS_START_SECONDS", "4"),
    ("TIDINGS_CALL_TIMEOUT_SECONDS", "3"),
    ("TIDINGS_BACKOFF_SECONDS", "1"),
    ("TIDINGS_BACKOFF_MAX_SECONDS", "4"),
    ("TIDINGS_LATE_SECONDS", "3"),
    ("TIDINGS_RESEND_SECONDS", "3"),
    ("TIDINGS_HORIZON_SHORT_SECONDS", "20"),
    ("TIDINGS_HORIZON_LONG_SECONDS", "30"),
    ("TIDINGS_VISIBILITY_SECONDS", "10"),
    ("TIDINGS_SWEEP_SECONDS", "1"),
];
/// A kill wastes a receive; a message that was received often is not yet a dead letter.
const RECEIVES_MAX: &str = "1000";
const START_TRIES: u32 = 600;
const PORT_TRIES: usize = 100;
const START_LOOK_EVERY: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(crate) struct Instance {
    settings: Settings,
    home: Home,
    /// The database, held open so that it outlives the serving process.
    database: Database,
    sandbox: Running,
    serving: Mutex<Child>,
    password: String,
}

impl Instance {
    /// In a new folder, on free ports.
    pub async fn start(settings: &Settings) -> Result<Self, LocalError> {
        let parent = Home::open(&settings.home)?;
        let home = Home::open(&parent.join(&format!("story-{}", std::process::id())))?;
        let settings = Settings {
            home: home.join(""),
            port: free_ports()?,
            database_url: None,
            meta_url: None,
            ..settings.clone()
        };
        let database = database::open(&settings, &home).await?;
        let sandbox = start_sandbox(&settings, &home).await?;
        let password = home.secrets()?.admin_password;
        let serving = Mutex::new(spawn(&settings, &home)?);
        let instance = Self { settings, home, database, sandbox, serving, password };
        instance.wait_until_healthy().await?;
        Ok(instance)
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.settings.port)
    }

    /// The key of Meta's signatures.
    pub fn app_secret(&self) -> Result<String, LocalError> {
        Ok(serve::sandbox_options(&self.settings, &self.home)?.app_secret)
    }

    /// A line of `/proc/<pid>/status` of the serving process, in MiB; nothing where the system has no such file.
    pub async fn memory(&self, line: &str) -> Result<Option<u64>, LocalError> {
        let Some(pid) = self.serving.lock().await.id() else {
            return Err(LocalError::Call("the serving process has ended".to_owned()));
        };
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let found = status.lines().find(|found| found.starts_with(line));
        let kibibytes = found.and_then(|found| found.split_whitespace().nth(1)?.parse::<u64>().ok());
        Ok(kibibytes.map(|kibibytes| kibibytes / 1_024))
    }

    pub fn backend(&self) -> Backend<'_> {
        Backend::one_machine(&self.database.store, self.sandbox.base_url())
    }

    /// The e-mails that it sent.
    pub fn mail(&self) -> MailFolder {
        MailFolder(self.home.join("mail"))
    }

    /// The super admin's login.
    pub fn owner(&self) -> (String, String) {
        (ADMIN_EMAIL.to_owned(), self.password.clone())
    }

    /// Kills the serving process, as a power cut would, and starts it again.
    pub async fn kill_and_restart(&self) -> Result<(), LocalError> {
        let failed = |source| LocalError::File {
            what: "kill the process serving from",
            path: self.home.join(""),
            source,
        };
        let mut serving = self.serving.lock().await;
        serving.kill().await.map_err(failed)?;
        *serving = spawn(&self.settings, &self.home)?;
        drop(serving);
        self.wait_until_healthy().await
    }

    async fn wait_until_healthy(&self) -> Result<(), LocalError> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(2)).build()?;
        for _ in 0..START_TRIES {
            let answer = http.get(format!("{}/healthz", self.url())).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(START_LOOK_EVERY).await;
        }
        Err(LocalError::Call(format!(
            "the instance did not start; see {}",
            self.home.join("serve.log").display()
        )))
    }

    /// Stops everything, and removes the folder when the audit was clean.
    pub async fn end(self, is_clean: bool) -> Result<(), LocalError> {
        let Self { home, database, sandbox, serving, .. } = self;
        let mut serving = serving.into_inner();
        let path = home.join("");
        let failed = |what: &'static str| {
            let path = path.clone();
            move |source| LocalError::File { what, path, source }
        };
        serving.kill().await.map_err(failed("stop the process serving from"))?;
        sandbox.stop().await;
        let stopped = tokio::task::spawn_blocking(move || drop(database)).await;
        stopped.map_err(|error| LocalError::Call(format!("stopping Postgres panicked: {error}")))?;
        if is_clean {
            return std::fs::remove_dir_all(&path).map_err(failed("remove"));
        }
        tidings::say::say(format!("All files of the run are in {}", path.display()));
        Ok(())
    }
}

fn spawn(settings: &Settings, home: &Home) -> Result<Child, LocalError> {
    let log = home.join("serve.log");
    let failed =
        |source| LocalError::File { what: "start a process that logs to", path: log.clone(), source };
    let file = File::options().create(true).append(true).open(&log).map_err(failed)?;
    let meta_url = format!("http://127.0.0.1:{}", settings.sandbox_port());
    Command::new(program()?)
        .args(["serve", "--local", "--meta-url", &meta_url])
        .env("TIDINGS_HOME", home.join(""))
        .env("PORT", settings.port.to_string())
        .env("TIDINGS_RECEIVES_MAX", RECEIVES_MAX)
        .envs(WAITS)
        .env_remove("DATABASE_URL")
        .stdin(Stdio::null())
        .stdout(file.try_clone().map_err(failed)?)
        .stderr(file)
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)
}

fn program() -> Result<PathBuf, LocalError> {
    std::env::current_exe().map_err(|source| LocalError::File {
        what: "find",
        path: PathBuf::from("tidings"),
        source,
    })
}

/// The first of two free ports in a row.
fn free_ports() -> Result<u16, LocalError> {
    let listen = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let failed = LocalError::FreePort;
    for _ in 0..PORT_TRIES {
        let first = listen(0).and_then(|listener| listener.local_addr()).map_err(failed)?.port();
        let is_pair = first < u16::MAX && listen(first).is_ok() && listen(first + 1).is_ok();
        if is_pair {
            return Ok(first);
        }
    }
    Err(LocalError::Call("no two free ports in a row were found".to_owned()))
}
