//! Why the machine did not start, in words for whoever started it.

use domain::with_causes;
use thiserror::Error;

/// Something that the person at the terminal has to know.
#[derive(Debug, Error)]
pub enum LocalError {
    /// A setting that cannot be.
    #[error("{name} {why}")]
    Setting {
        /// The variable or flag.
        name: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A file of the home folder.
    #[error("cannot {what} {}", .path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// Where.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// No Postgres.
    #[error(transparent)]
    Cluster(#[from] cluster::ClusterError),
    /// The database.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// The client for Meta.
    #[error(transparent)]
    Meta(#[from] meta::ConfigError),
    /// The sandbox.
    #[error(transparent)]
    Sandbox(#[from] sandbox::SandboxError),
    /// A signing key.
    #[error(transparent)]
    Key(#[from] api::tokens::BadKey),
    /// The super admin.
    #[error(transparent)]
    Owner(#[from] ops::tenants::owner::OwnerError),
    /// The port is taken, usually by another run.
    #[error("cannot listen on port {port}; PORT=… moves it")]
    Listen {
        /// Which.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// A call of the story or the demo to its own API.
    #[error("{0}")]
    Call(String),
}

impl From<reqwest::Error> for LocalError {
    fn from(error: reqwest::Error) -> Self {
        Self::Call(with_causes(&error))
    }
}
