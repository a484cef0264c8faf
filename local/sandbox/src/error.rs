//! Why a sandbox could not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;

/// Why a sandbox could not start.
#[derive(Debug, Error)]
pub enum SandboxError {
    /// The address is in use or does not belong to this machine.
    #[error("cannot listen on {address}")]
    Listen {
        /// The configured address.
        address: SocketAddr,
        source: io::Error,
    },
    /// The journal cannot be opened or read.
    #[error("cannot use the journal {}", path.display())]
    Journal { path: PathBuf, source: io::Error },
    /// A line of the journal that is not the last cannot be read.
    #[error("line {line} of the journal {} cannot be read", path.display())]
    JournalLine {
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Why the line cannot be read.
        source: serde_json::Error,
    },
    /// Another sandbox has locked the journal.
    #[error("another sandbox uses the journal {}", path.display())]
    JournalBusy { path: PathBuf },
    /// The HTTP client for webhooks cannot be built.
    #[error("cannot build the HTTP client for webhooks")]
    Client(#[from] reqwest::Error),
}
