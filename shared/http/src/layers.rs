//! The layers around a finished router: request ids, limits, panics, and the answer when no route matches.

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use cloud::trace::{self, TRACEPARENT, TraceContext};
use domain::Problem;
use domain::limits::BODY_BYTES_MAX;
use domain::problem::Kind;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;
use uuid::Uuid;

use crate::problem::{ProblemResponse, answer};

/// The header with a request's id, in both directions.
pub const REQUEST_ID: &str = "x-request-id";
/// The longest that a request may take; the HTTP API in front gives up after 30 seconds.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(29);

/// Among a request's extensions: how long it may take, where that is less than usual. A function that is stopped at its
/// deadline answers nothing, and its connections break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeLeft(pub Duration);

/// Puts the layers around a router. A route that takes larger bodies sets its own limit inside.
pub fn with_layers(router: Router) -> Router {
    router
        .fallback(|| async { refusal(Kind::NotFound) })
        .method_not_allowed_fallback(|| async { refusal(Kind::MethodNotAllowed) })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(CatchPanicLayer::custom(|_what: Box<dyn Any + Send>| refusal(Kind::Internal).into_response()))
        .layer(from_fn(identify))
}

fn refusal(kind: Kind) -> ProblemResponse {
    Problem::new(kind).into()
}

/// Gives the request an id, puts it into the trace that it came with or a new one, bounds its time, and writes the id into
/// every problem that comes back.
async fn identify(request: Request, next: Next) -> Response {
    let id = Uuid::new_v4().to_string();
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let traced = request.headers().get(TRACEPARENT).and_then(|value| value.to_str().ok());
    let context = TraceContext::received(traced);
    let span = tracing::info_span!(
        "request",
        id,
        method = %request.method(),
        route,
        trace_id = context.trace_id(),
        tenant = tracing::field::Empty,
    );
    let left = request.extensions().get::<TimeLeft>().map_or(REQUEST_TIMEOUT, |left| left.0);
    let respond = async {
        match tokio::time::timeout(left.min(REQUEST_TIMEOUT), next.run(request)).await {
            Ok(response) => response,
            Err(_elapsed) => refusal(Kind::Unavailable).into_response(),
        }
    };
    let response = trace::within(context, respond.instrument(span.clone())).await;
    let mut response = match response.extensions().get::<ProblemResponse>() {
        Some(ProblemResponse(problem)) => {
            let mut answer = answer(problem, Some(id.clone()));
            // The methods that the router found (RFC 9110, 15.5.6).
            if let Some(methods) = response.headers().get(header::ALLOW) {
                answer.headers_mut().insert(header::ALLOW, methods.clone());
            }
            answer
        }
        None => response,
    };
    if response.status() == StatusCode::INTERNAL_SERVER_ERROR {
        span.in_scope(|| tracing::error!("a request was answered with status 500"));
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, value);
    }
    // A text that a caller chose, such as a challenge, stays a text in every browser.
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use axum::body::Body as HttpBody;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;
    use crate::problem;

    async fn boom() -> &'static str {
        panic!("a handler's mistake")
    }

    async fn ask(method: &str, path: &str) -> (StatusCode, serde_json::Value, bool) {
        let router = Router::new().route("/boom", get(boom)).route("/fine", get(|| async { "fine" }));
        let request = Request::builder().method(method).uri(path).body(HttpBody::empty()).unwrap();
        let response = with_layers(router).oneshot(request).await.unwrap();
        let (status, id) = (response.status(), response.headers().get(REQUEST_ID).cloned());
        let bytes = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let is_named = id.is_some_and(|id| body.is_null() || body["requestId"] == id.to_str().unwrap());
        (status, body, is_named)
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_is_answered_before_its_time_is_over() {
        let router = Router::new().route("/never", get(std::future::pending::<&'static str>));
        let request = || Request::builder().uri("/never");
        let with = |seconds| request().extension(TimeLeft(Duration::from_secs(seconds)));
        for (request, expected) in [(with(2), 2), (with(60), 29), (request(), 29)] {
            let request = request.body(HttpBody::empty()).unwrap();
            let since = tokio::time::Instant::now();
            let response = with_layers(router.clone()).oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(since.elapsed().as_secs(), expected);
        }
    }

    #[tokio::test]
    async fn what_no_route_answers_is_a_problem_with_the_requests_id() {
        for (method, path, kind) in [
            ("GET", "/nowhere", Kind::NotFound),
            ("POST", "/fine", Kind::MethodNotAllowed),
            ("GET", "/boom", Kind::Internal),
        ] {
            let (status, body, is_named) = ask(method, path).await;
            assert_eq!(status, problem::status(kind));
            assert_eq!(body["type"], problem::type_uri(kind));
            assert!(is_named, "{body}");
        }
        let (status, _, is_named) = ask("GET", "/fine").await;
        assert!(status == StatusCode::OK && is_named);
    }
}
