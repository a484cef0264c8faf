//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tower::ServiceExt as _;

use crate::activity::Activity;
use crate::watched::{AnswerBody, RequestBody, WatchedStream};
use crate::{Busy, Handler};

/// Bytes of a head at most. A longer one is answered 431.
const HEAD_BYTES_MAX: usize = 65_536;
/// How long a client that is refused may take for its request and the answer.
const BUSY_TIME: Duration = Duration::from_secs(2);

/// Serves requests until the client or the server ends the connection.
pub(crate) async fn run<S: Handler>(
    stream: TcpStream,
    service: S,
    activity: Arc<Activity>,
    mut stop: watch::Receiver<bool>,
) {
    // Unknown only when the client is gone already.
    let peer = stream.peer_addr().ok();
    let watched = WatchedStream { stream, activity: Arc::clone(&activity) };
    let of_requests = Arc::clone(&activity);
    let answer = service_fn(move |mut request: hyper::Request<Incoming>| {
        if let Some(peer) = peer {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        answer(service.clone(), request, Arc::clone(&of_requests))
    });
    let mut connection =
        http1::Builder::new().max_buf_size(HEAD_BYTES_MAX).serve_connection(TokioIo::new(watched), answer);
    let mut is_stopping = false;
    let ended = loop {
        tokio::select! {
            ended = &mut connection => break ended,
            () = stopped(&mut stop), if !is_stopping => {
                is_stopping = true;
                if activity.is_between_requests() && activity.close() {
                    return;
                }
                std::pin::Pin::new(&mut connection).graceful_shutdown();
            }
        }
    };
    // The service failed: closing with a linger of zero sends RST instead of FIN.
    if ended.is_err_and(|error| error.is_user())
        && let Err(error) = connection.into_parts().io.into_inner().stream.set_zero_linger()
    {
        tracing::debug!(%error, "a connection was closed instead of reset");
    }
}

/// Waits for the stop, or until nothing is left that could stop it.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    stop.wait_for(|stop| *stop).await.map(drop).ok();
}

async fn answer<S: Handler>(
    service: S,
    request: hyper::Request<Incoming>,
    activity: Arc<Activity>,
) -> Result<hyper::Response<AnswerBody>, S::Error> {
    if !activity.begin(!request.body().is_end_stream()) {
        // The server ends this task.
        return std::future::pending().await;
    }
    let of_body = Arc::clone(&activity);
    let request: Request = request.map(|body| Body::new(RequestBody { body, activity: of_body }));
    let response = service.oneshot(request).await?;
    Ok(response.map(|body| AnswerBody { body, activity }))
}

/// Answers one request "busy" and closes the connection.
pub(crate) async fn answer_busy(stream: TcpStream, busy: Busy) {
    let answer = service_fn(move |_request| std::future::ready(Ok::<_, Infallible>(busy())));
    let connection = http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), answer);
    // What ends it is of no interest: there is no place for it.
    drop(tokio::time::timeout(BUSY_TIME, connection).await);
}
