//! Errors for the person at the terminal.

use domain::with_causes;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum LocalError {
    /// An invalid setting.
    #[error("{name} {why}")]
    Setting { name: &'static str, why: String },
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
    Reencrypt(#[from] ops::whatsapp::token::ReencryptError),
    #[error(transparent)]
    Owner(#[from] ops::tenants::owner::OwnerError),
    /// The port is taken, usually by another run.
    #[error("cannot listen on port {port}; PORT=… moves it")]
    Listen { port: u16, source: std::io::Error },
    /// Anything else, in words.
    #[error("{0}")]
    Call(String),
}

impl From<reqwest::Error> for LocalError {
    fn from(error: reqwest::Error) -> Self {
        Self::Call(with_causes(&error))
    }
}
