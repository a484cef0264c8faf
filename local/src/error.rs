//! Errors for the person at the terminal.

use std::net::SocketAddr;

use domain::with_causes;
use thiserror::Error;

use crate::settings::Wrongs;

#[derive(Debug, Error)]
pub enum LocalError {
    /// An invalid setting.
    #[error("{name} {why}")]
    Setting { name: &'static str, why: String },
    /// All invalid settings of the environment.
    #[error("{0}")]
    Settings(Wrongs),
    /// A file of the home folder.
    #[error("cannot {what} {}", .path.display())]
    File { what: &'static str, path: std::path::PathBuf, source: std::io::Error },
    #[error(transparent)]
    Cluster(#[from] cluster::ClusterError),
    /// With the server's own words, which hold no row.
    #[error("the private Postgres has ended and cannot be started again: {0}")]
    DatabaseEnded(cluster::ClusterError),
    #[error(transparent)]
    Store(#[from] store::StoreError),
    #[error(transparent)]
    Meta(#[from] meta::ConfigError),
    #[error(transparent)]
    Sandbox(#[from] sandbox::SandboxError),
    #[error(transparent)]
    Key(#[from] api::tokens::BadKey),
    #[error(transparent)]
    Reencrypt(#[from] ops::kernel::cipher::ReencryptError),
    #[error(transparent)]
    Owner(#[from] ops::tenants::owner::OwnerError),
    /// The port is taken, usually by another run.
    #[error("cannot listen on {address}; if another program uses this port, choose another with PORT=…")]
    Listen { address: SocketAddr, source: std::io::Error },
    /// Not even any port is to be had.
    #[error("no free port of this machine can be listened on")]
    FreePort(#[source] std::io::Error),
    /// The port is taken that the sandbox would have.
    #[error(
        "cannot start Meta's sandbox on the port after the API's; if another program uses it, choose another PORT"
    )]
    SandboxPort(#[source] sandbox::SandboxError),
    /// Anything else, in words.
    #[error("{0}")]
    Call(String),
}

impl From<reqwest::Error> for LocalError {
    fn from(error: reqwest::Error) -> Self {
        Self::Call(with_causes(&error))
    }
}
