//! The HTTP server, with which some requests are answered by a connection reset.
//!
//! A response with [`Abort`] in its extensions resets the connection: the whole request has been read, and no byte of
//! an answer is written.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http_server::{Limits, Share};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower::ServiceExt as _;

use crate::graph_error::GraphError;

/// Longer than any client waits for an answer that never comes.
const ANSWER_TIME: Duration = Duration::from_mins(10);

/// Marks a response that resets the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Abort;

pub(crate) fn abort() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Abort);
    response
}

#[derive(Clone, Copy, Debug, Error)]
#[error("the connection is reset on purpose")]
struct Aborted;

/// Serves until `stop` is true, then drops all connections.
pub(crate) async fn run(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>) {
    let service = tower::service_fn(move |request: Request| answer(router.clone(), request));
    let limits = Limits { answer: ANSWER_TIME, ..Limits::within(Share::Quarter) };
    tokio::select! {
        () = http_server::serve(listener, service, busy, limits, stop.clone()) => {}
        // An error means that the sandbox was dropped.
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

async fn answer(router: Router, request: Request) -> Result<Response, Aborted> {
    let Ok::<Response, Infallible>(response) = router.oneshot(request).await;
    if response.extensions().get::<Abort>().is_some() { Err(Aborted) } else { Ok(response) }
}

/// To the caller it is an outage of Meta.
fn busy() -> Response {
    GraphError::new(503, 2).into_response()
}
