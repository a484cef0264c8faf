//! The HTTP server. It has its own accept loop because some requests are answered by a connection reset.
//!
//! A response with [`Abort`] in its extensions resets the connection: the whole request has been read, and no byte of
//! an answer is written.

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

/// Pause after a failed accept; usually no file descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

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
    let router = Arc::new(router);
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // An error means that the sandbox was dropped.
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match accepted {
            Ok((stream, _peer)) => {
                connections.spawn(connection(stream, Arc::clone(&router)));
            }
            Err(error) => {
                tracing::debug!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, router: Arc<Router>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot disable the delay of small packets");
    }
    let service = service_fn(move |request: hyper::Request<Incoming>| answer(Arc::clone(&router), request));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let Err(error) = (&mut connection).await else { return };
    if std::error::Error::source(&error).is_some_and(<dyn std::error::Error>::is::<Aborted>) {
        // Closing with a linger of zero sends RST instead of FIN.
        if let Err(error) = connection.into_parts().io.into_inner().set_zero_linger() {
            tracing::debug!(%error, "a connection was closed instead of reset");
        }
    }
}

async fn answer(router: Arc<Router>, request: hyper::Request<Incoming>) -> Result<Response, Aborted> {
    let router = Router::clone(&router);
    let Ok::<Response, Infallible>(response) = router.oneshot(request.map(Body::new)).await;
    if response.extensions().get::<Abort>().is_some() { Err(Aborted) } else { Ok(response) }
}
