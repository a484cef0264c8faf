//! Whether the API can do its work: whether its database takes writes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use domain::problem::Kind;
use domain::{Problem, with_causes};
use http_kit::{ProblemBody, ProblemResponse};
use store::{Store, StoreError};
use tokio::sync::Mutex;

/// How long a check may take. A database that takes longer does no work either.
const TIME: Duration = Duration::from_secs(3);
/// How long its result is answered: however often a process is asked, it makes one check at a time, and one a second.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// The state of the check.
#[derive(Clone, Debug)]
pub struct Health {
    store: Store,
    last: Arc<Mutex<Option<(Instant, bool)>>>,
}

impl Health {
    pub fn of(store: Store) -> Self {
        Self { store, last: Arc::default() }
    }

    async fn is_healthy(&self) -> bool {
        let mut last = self.last.lock().await;
        let before = last.map(|(_, is_healthy)| is_healthy);
        if let Some((_, is_healthy)) = last.filter(|(at, _)| at.elapsed() < GOOD_FOR) {
            return is_healthy;
        }
        let checked = tokio::time::timeout(TIME, self.store.check_write()).await;
        let late = |_elapsed| StoreError::Unavailable("a write takes too long".into());
        let outcome = checked.map_err(late).and_then(std::convert::identity);
        let is_healthy = outcome.is_ok();
        match outcome {
            Err(error) => tracing::error!(
                error = with_causes(&error),
                "The database takes no writes; /healthz answers 503."
            ),
            Ok(()) if before == Some(false) => tracing::info!("The database takes writes again."),
            Ok(()) => {}
        }
        *last = Some((Instant::now(), is_healthy));
        is_healthy
    }
}

/// Whether the API runs and its database takes writes.
///
/// For a load balancer or a monitor. Ask as often as you like: the database is asked once a second at most.
#[utoipa::path(get, path = "/healthz", operation_id = "getHealth", tag = "health", responses(
    (status = 200, description = "Healthy"),
    (status = 400, description = "The request could not be read", body = ProblemBody,
     content_type = "application/problem+json"),
    (status = 503, description = "The database cannot be reached, or takes no writes", body = ProblemBody,
     content_type = "application/problem+json"),
))]
pub(crate) async fn healthz(State(health): State<Health>) -> Result<StatusCode, ProblemResponse> {
    if health.is_healthy().await { Ok(StatusCode::OK) } else { Err(Problem::new(Kind::Unavailable).into()) }
}
