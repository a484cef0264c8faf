//! How many connections there may be, and how long each may take for what.

use std::time::Duration;

use rustix::process::{Resource, getrlimit};

/// Connections at most when there are file descriptors enough.
const CONNECTIONS_MAX: usize = 1_024;

/// The bounds of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// From a connection's beginning to the end of its first head, and for later ones from their first byte.
    pub head: Duration,
    /// From the end of a head to the end of its body.
    pub body: Duration,
    /// From the end of a request to the end of its answer, as the client has taken it.
    pub answer: Duration,
    /// From an answer to the next request. Longer than the minute for which a proxy in front keeps its connections, so that the
    /// proxy is the one to close them.
    pub idle: Duration,
}

/// Which part of the process' file descriptors a server's connections may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    Half,
    Quarter,
}

impl Limits {
    /// The usual bounds. The rest of the file descriptors is for what the process itself connects to.
    pub fn within(share: Share) -> Self {
        let divisor = match share {
            Share::Half => 2,
            Share::Quarter => 4,
        };
        let descriptors = getrlimit(Resource::Nofile).current.and_then(|most| usize::try_from(most).ok());
        let connections =
            descriptors.map_or(CONNECTIONS_MAX, |most| (most / divisor).clamp(1, CONNECTIONS_MAX));
        Self {
            connections,
            head: Duration::from_secs(10),
            body: Duration::from_secs(30),
            answer: Duration::from_mins(1),
            idle: Duration::from_secs(75),
        }
    }
}
