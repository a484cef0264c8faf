//! Receives a request's body: whole, within its route's limit, in time, and within what callers that are not known yet
//! may make this process hold.

use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Extension;
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use bytes::{Bytes, BytesMut};
use domain::Problem;
use domain::limits::{BODY_BYTES_MAX, EVENT_BODY_BYTES_MAX};
use domain::problem::Kind;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::event::{BYTES_PER_BYTE_MAX, bytes_in_event};

/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(20);
/// Bytes of one body that count as nothing: nearly every body is smaller, so that large ones cannot keep it out.
const FREE_BYTES: usize = 65_536;
/// Bytes of all bodies of unknown senders at once, above each one's free part: sixteen of the largest webhooks.
const UNKNOWN_BYTES_MAX: usize = 16 * domain::limits::WEBHOOK_BODY_BYTES_MAX;
/// How often the log says that bodies are refused.
const LINE_EVERY: Duration = Duration::from_mins(1);

/// Among a request's extensions: how many bytes its body may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimit(usize);

/// A layer that gives a route another limit than the usual one.
pub const fn limit_body(bytes: usize) -> Extension<BodyLimit> {
    Extension(BodyLimit(bytes))
}

/// Among a request's extensions while it is not known who sent it: what such bodies may hold together. Who finds out who
/// the sender is removes it.
#[derive(Clone, Debug)]
pub struct UnknownSender(Arc<Budget>);

#[derive(Debug)]
struct Budget {
    bytes: Arc<Semaphore>,
    last_line: Mutex<Option<Instant>>,
}

/// A body, which counts as an unknown sender's for as long as this exists.
#[derive(Debug)]
pub struct Received {
    pub bytes: Bytes,
    held: Option<OwnedSemaphorePermit>,
}

impl Received {
    /// The bytes of a sender that is known now, or that are read at once.
    pub fn into_known(self) -> Bytes {
        drop(self.held);
        self.bytes
    }
}

impl Default for UnknownSender {
    fn default() -> Self {
        Self::holding(UNKNOWN_BYTES_MAX)
    }
}

impl UnknownSender {
    fn holding(bytes: usize) -> Self {
        let bytes = Arc::new(Semaphore::new(bytes));
        Self(Arc::new(Budget { bytes, last_line: Mutex::new(None) }))
    }

    /// Holds what a body of that size needs beside what it holds already.
    fn hold(&self, held: &mut Option<OwnedSemaphorePermit>, size: usize) -> Result<(), Problem> {
        let has = held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = size.saturating_sub(FREE_BYTES).saturating_sub(has);
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        if more == 0 {
            return Ok(());
        }
        let Ok(permit) = Arc::clone(&self.0.bytes).try_acquire_many_owned(more) else {
            self.0.log();
            return Err(Problem::new(Kind::Unavailable));
        };
        match held {
            Some(held) => held.merge(permit),
            None => *held = Some(permit),
        }
        Ok(())
    }
}

impl Budget {
    fn log(&self) {
        let mut last_line = self.last_line.lock().unwrap_or_else(PoisonError::into_inner);
        if last_line.is_none_or(|last| last.elapsed() >= LINE_EVERY) {
            *last_line = Some(Instant::now());
            tracing::warn!(
                most = UNKNOWN_BYTES_MAX,
                "large bodies are refused: callers that are not known yet send too many at once"
            );
        }
    }
}

/// Receives the body. On one machine and in a function it refuses the same ones: see `check_event`.
pub async fn receive_body(request: Request) -> Result<Received, Problem> {
    let limit = request.extensions().get::<BodyLimit>().map_or(BODY_BYTES_MAX, |limit| limit.0);
    let sender = request.extensions().get::<UnknownSender>().cloned();
    let body = request.into_body();
    // What is too large by its own account is not received at all.
    let told = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if told > limit {
        return Err(too_large(format!("the body has {told} bytes and may have {limit} at most")));
    }
    let late = |_elapsed| {
        let why = format!("the request body did not arrive within {} seconds", BODY_TIME.as_secs());
        Problem::new(Kind::Malformed).with_detail(why)
    };
    let received = tokio::time::timeout(BODY_TIME, collect(body, limit, sender)).await.map_err(late)??;
    check_event(&received.bytes)?;
    Ok(received)
}

async fn collect(mut body: Body, limit: usize, sender: Option<UnknownSender>) -> Result<Received, Problem> {
    let (mut bytes, mut held) = (BytesMut::new(), None);
    while let Some(frame) = body.frame().await {
        let frame = frame
            .map_err(|_broken| Problem::new(Kind::Malformed).with_detail("the request body ended early"))?;
        // Trailers say nothing that is wanted here.
        let Ok(data) = frame.into_data() else { continue };
        let size = bytes.len() + data.len();
        if size > limit {
            return Err(too_large(format!("the body has more than {limit} bytes, which is the most")));
        }
        if let Some(sender) = &sender {
            sender.hold(&mut held, size)?;
        }
        bytes.extend_from_slice(&data);
    }
    Ok(Received { bytes: bytes.freeze(), held })
}

/// Refuses a body that fits its route's limit and is too large for an event once it is escaped.
///
/// Of a body whose event has more than 6 MB a function learns nothing: API Gateway answers it in a form of its own, which an
/// HTTP API cannot change (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-vs-rest.html>: gateway
/// responses are of REST APIs). What this guarantees is that such a body is refused on one machine too, with 413.
fn check_event(body: &[u8]) -> Result<(), Problem> {
    // Most bodies are too small to grow that far.
    if body.len() <= EVENT_BODY_BYTES_MAX / BYTES_PER_BYTE_MAX {
        return Ok(());
    }
    let size = bytes_in_event(body);
    if size > EVENT_BODY_BYTES_MAX {
        return Err(too_large(format!(
            "with its quotes, backslashes and control characters escaped the body has {size} bytes and may have \
             {EVENT_BODY_BYTES_MAX} at most"
        )));
    }
    Ok(())
}

fn too_large(why: impl Display) -> Problem {
    Problem::new(Kind::TooLarge).with_detail(format!("{why}; send it in smaller parts"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(bytes: usize, sender: &UnknownSender) -> Request {
        let mut request = Request::new(Body::from(vec![b'x'; bytes]));
        request.extensions_mut().insert(BodyLimit(10 * FREE_BYTES));
        request.extensions_mut().insert(sender.clone());
        request
    }

    #[tokio::test]
    async fn what_unknown_senders_hold_is_bounded_and_a_small_body_is_always_received() {
        let sender = UnknownSender::holding(5 * FREE_BYTES);
        let first = receive_body(request(4 * FREE_BYTES, &sender)).await.unwrap();
        let refused = receive_body(request(4 * FREE_BYTES, &sender)).await.unwrap_err();
        assert_eq!(refused.kind, Kind::Unavailable);
        assert!(refused.retry_after.is_some());
        receive_body(request(FREE_BYTES, &sender)).await.unwrap();
        let mut known = request(4 * FREE_BYTES, &sender);
        known.extensions_mut().remove::<UnknownSender>();
        receive_body(known).await.unwrap();
        assert_eq!(first.into_known().len(), 4 * FREE_BYTES);
        receive_body(request(4 * FREE_BYTES, &sender)).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_arrive_is_given_up_and_holds_nothing() {
        let sender = UnknownSender::holding(FREE_BYTES);
        let (mut writer, body) = http_body_util::channel::Channel::<Bytes>::new(2);
        writer.send_data(Bytes::from(vec![b'x'; 2 * FREE_BYTES])).await.unwrap();
        let mut slow = request(0, &sender);
        *slow.body_mut() = Body::new(body);
        assert_eq!(receive_body(slow).await.unwrap_err().kind, Kind::Malformed);
        receive_body(request(2 * FREE_BYTES, &sender)).await.unwrap();
    }

    #[tokio::test]
    async fn a_body_over_its_limit_is_refused_with_its_size_the_limit_and_what_to_do() {
        let mut large = Request::new(Body::from("123456"));
        large.extensions_mut().insert(BodyLimit(5));
        let refused = receive_body(large).await.unwrap_err();
        assert_eq!(refused.kind, Kind::TooLarge);
        let why = "the body has 6 bytes and may have 5 at most; send it in smaller parts";
        assert_eq!(refused.detail.as_deref(), Some(why));
        let (mut writer, body) = http_body_util::channel::Channel::<Bytes>::new(1);
        let mut untold = Request::new(Body::new(body));
        untold.extensions_mut().insert(BodyLimit(5));
        let (sent, refused) = tokio::join!(writer.send_data(Bytes::from("123456")), receive_body(untold));
        sent.unwrap();
        let why = "the body has more than 5 bytes, which is the most; send it in smaller parts";
        assert_eq!(refused.unwrap_err().detail.as_deref(), Some(why));
    }
}
