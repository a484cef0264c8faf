//! The HTTP server: an accept loop of its own, because some answers are a connection that breaks.
//!
//! A handler that answers with [`Abort`] in its extensions gets its connection reset: the whole request was read,
//! and not one byte of an answer is written.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt as _;

/// Pause after a failed accept, which mostly means that no file descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Mark of an answer that is none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Abort;

/// An answer that resets the connection.
pub(crate) fn abort() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Abort);
    response
}

#[derive(Clone, Copy, Debug, Error)]
#[error("the connection is to be reset")]
struct Aborted;

/// Serves until `stop` turns true; connections are dropped then.
pub(crate) async fn run(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>) {
    let router = Arc::new(router);
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // An error means the sandbox is gone altogether.
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match accepted {
            Ok((stream, _peer)) => {
                connections.spawn(connection(stream, Arc::clone(&router)));
            }
            Err(error) => {
                tracing::debug!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, router: Arc<Router>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps its delay");
    }
    let service = service_fn(move |request: hyper::Request<Incoming>| answer(Arc::clone(&router), request));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let Err(error) = (&mut connection).await else { return };
    if std::error::Error::source(&error).is_some_and(<dyn std::error::Error>::is::<Aborted>) {
        // Closing with a linger of zero sends RST instead of FIN: the caller sees a reset, not an end.
        if let Err(error) = connection.into_parts().io.into_inner().set_zero_linger() {
            tracing::debug!(%error, "a connection is closed instead of reset");
        }
    }
}

async fn answer(router: Arc<Router>, request: hyper::Request<Incoming>) -> Result<Response, Aborted> {
    let router = Router::clone(&router);
    let Ok::<Response, Infallible>(response) = router.oneshot(request.map(Body::new)).await;
    if response.extensions().get::<Abort>().is_some() { Err(Aborted) } else { Ok(response) }
}
