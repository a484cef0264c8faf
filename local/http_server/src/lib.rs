//! An HTTP/1.1 server for one machine, which slow and silent clients cannot fill.
//!
//! Guaranteed:
//! - At most [`Limits::connections`] are open. When they all are, a new one takes the place of the one that has waited
//!   longest without a whole request; when each has a whole request, the new one is answered "busy" and closed.
//! - A connection is closed when it takes longer than [`Limits`] for what it is doing.
//! - At the stop a connection without a request is closed at once, a request under way is answered, and [`serve`]
//!   returns when there is no connection any more.
//! - What is closed or refused is counted, and logged in one line a minute at most.
//!
//! A service that fails resets its connection: the client gets no byte of an answer.
//!
//! Not included: TLS and HTTP/2, which a proxy in front adds.

mod activity;
mod connection;
mod limits;
mod refusals;
mod watched;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, Id, JoinSet};
use tokio::time::{Instant, MissedTickBehavior};
use tower::Service;

use crate::activity::Activity;
pub use crate::limits::{Limits, Share};
use crate::refusals::Refusals;

/// How often connections are looked through for those whose time is over.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Pause after a failed accept; usually no file descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Connections at once that are answered "busy"; any more are closed without an answer.
const BUSY_MAX: usize = 64;
/// At the stop, the time in which a request that has begun must have arrived.
const BODY_AT_STOP: Duration = Duration::from_secs(2);

/// What the connections of a server are handed to.
pub trait Handler:
    Service<Request, Response = Response, Error: std::error::Error + Send + Sync, Future: Send>
    + Clone
    + Send
    + 'static
{
}

impl<S> Handler for S where
    S: Service<Request, Response = Response, Error: std::error::Error + Send + Sync, Future: Send>
        + Clone
        + Send
        + 'static
{
}

/// Makes the answer to a client for which there is no place.
type Busy = Arc<dyn Fn() -> Response + Send + Sync>;

struct Open {
    task: AbortHandle,
    activity: Arc<Activity>,
}

struct Server<S> {
    service: S,
    /// The answer when every connection has a request.
    busy: Busy,
    limits: Limits,
    stop: watch::Receiver<bool>,
    open: HashMap<Id, Open>,
    connections: JoinSet<()>,
    busy_answers: JoinSet<()>,
    refusals: Refusals,
}

/// Serves until `stop` is true and every request under way is answered. `busy` is the answer to a client for which there
/// is no place.
pub async fn serve<S: Handler>(
    listener: TcpListener,
    service: S,
    busy: impl Fn() -> Response + Send + Sync + 'static,
    limits: Limits,
    stop: watch::Receiver<bool>,
) {
    let server = Server {
        service,
        busy: Arc::new(busy),
        limits,
        stop,
        open: HashMap::new(),
        connections: JoinSet::new(),
        busy_answers: JoinSet::new(),
        refusals: Refusals::default(),
    };
    server.run(listener).await;
}

impl<S: Handler> Server<S> {
    async fn run(mut self, listener: TcpListener) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stop = self.stop.clone();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _peer)) => self.take(stream),
                    Err(error) => {
                        self.refusals.failed(&error);
                        // Its file descriptor may be what is missing.
                        self.make_place();
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
                Some(ended) = self.connections.join_next_with_id() => self.forget(&ended),
                now = looks.tick() => self.look(now),
                () = connection::stopped(&mut stop) => break,
            }
        }
        drop(listener);
        // Each connection has seen the stop itself, and ends by itself when it has no request.
        self.limits.body = self.limits.body.min(BODY_AT_STOP);
        while !self.connections.is_empty() {
            tokio::select! {
                Some(ended) = self.connections.join_next_with_id() => self.forget(&ended),
                now = looks.tick() => self.look(now),
            }
        }
    }

    fn take(&mut self, stream: TcpStream) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot disable the delay of small packets");
        }
        if self.open.len() >= self.limits.connections && !self.make_place() {
            self.refusals.refused += 1;
            while self.busy_answers.try_join_next().is_some() {}
            if self.busy_answers.len() < BUSY_MAX {
                self.busy_answers.spawn(connection::answer_busy(stream, Arc::clone(&self.busy)));
            }
            return;
        }
        let activity = Arc::new(Activity::new(Instant::now()));
        let serving = connection::run(stream, self.service.clone(), Arc::clone(&activity), self.stop.clone());
        let task = self.connections.spawn(serving);
        self.open.insert(task.id(), Open { task, activity });
    }

    /// Closes the connection that has waited longest without a whole request. False when each has one.
    fn make_place(&mut self) -> bool {
        let waiting = |(id, open): (&Id, &Open)| Some((open.activity.waits_since()?, *id));
        while let Some((_, id)) = self.open.iter().filter_map(waiting).min_by_key(|(waits, _)| *waits) {
            let Some(open) = self.open.get(&id) else { return false };
            // Between the two looks its request may have arrived.
            if open.activity.close() {
                open.task.abort();
                self.open.remove(&id);
                self.refusals.closed += 1;
                return true;
            }
        }
        false
    }

    /// Closes the connections whose time is over.
    fn look(&mut self, now: Instant) {
        let limits = self.limits;
        self.open.retain(|_id, open| {
            let is_over = open.activity.is_over(now, &limits);
            if is_over {
                open.task.abort();
            }
            !is_over
        });
        if let Some(count) = self.refusals.due(now) {
            let (open, most) = (self.open.len(), self.limits.connections);
            let (closed, refused, failed) = (count.closed, count.refused, count.failed.unwrap_or_default());
            tracing::warn!(
                closed,
                refused,
                failed,
                open,
                most,
                "too many connections: those that waited longest without a whole request were closed, and new ones \
                 were refused while all had one"
            );
        }
    }

    fn forget(&mut self, ended: &Result<(Id, ()), tokio::task::JoinError>) {
        let id = match ended {
            Ok((id, ())) => *id,
            Err(error) => error.id(),
        };
        self.open.remove(&id);
    }
}
