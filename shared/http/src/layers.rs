//! The layers around a finished router: request ids, limits, panics, the headers of every answer, and the answer when no
//! route matches.

use std::any::Any;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use cloud::trace::{self, TRACEPARENT, TraceContext};
use domain::Problem;
use domain::problem::Kind;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;
use uuid::Uuid;

use crate::key::{self, Replayed};
use crate::problem::{ProblemResponse, answer};
use crate::rate::Rates;
use crate::receive::UnknownSender;

/// The header with a request's id, in both directions.
pub const REQUEST_ID: &str = "x-request-id";
/// The longest that a request may take; the HTTP API in front gives up after 30 seconds.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(29);

/// Among a request's extensions: how long it may take, where that is less than usual. A function that is stopped at its
/// deadline answers nothing, and its connections break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeLeft(pub Duration);

/// How callers reach the API, whatever proxy is between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub fn of(url: &str) -> Self {
        if url.starts_with("https://") { Self::Https } else { Self::Http }
    }
}

/// Headers that decide something here. Of two values each reader may believe another one, so two are refused everywhere
/// alike.
const SINGLE: [&str; 4] = ["Authorization", "Content-Type", "Idempotency-Key", "X-Hub-Signature-256"];

/// Headers of every answer that does not set them itself: nothing of it is a page, is framed, or is kept by a cache.
const USUAL: [(HeaderName, &str); 5] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::REFERRER_POLICY, "no-referrer"),
    // A text that a caller chose, such as a challenge, stays a text in every browser.
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
];
/// For a year browsers come by TLS alone (RFC 6797, which wants it said over TLS alone).
const TLS_ONLY: &str = "max-age=31536000";

/// Puts the layers around a router. A route that takes larger bodies sets its own limit inside.
pub fn with_layers(router: Router, scheme: Scheme) -> Router {
    router
        .fallback(|| async { refusal(Kind::NotFound) })
        .method_not_allowed_fallback(|| async { refusal(Kind::MethodNotAllowed) })
        .layer(Extension(UnknownSender::default()))
        .layer(CatchPanicLayer::custom(|_what: Box<dyn Any + Send>| refusal(Kind::Internal).into_response()))
        .layer(from_fn_with_state(scheme, identify))
}

fn refusal(kind: Kind) -> ProblemResponse {
    Problem::new(kind).into()
}

/// Gives the request an id, puts it into the trace that it came with or a new one, bounds its time, and writes the id into
/// every problem that comes back.
async fn identify(State(scheme): State<Scheme>, mut request: Request, next: Next) -> Response {
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
    let rates = request.extensions_mut().get_or_insert_default::<Rates>().clone();
    let Replayed(is_replayed) = request.extensions_mut().get_or_insert_default::<Replayed>().clone();
    let respond = async {
        if let Err(problem) = check_single(request.headers()) {
            return ProblemResponse::from(problem).into_response();
        }
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
    if response.status().is_success() && is_replayed.load(Ordering::Relaxed) {
        response.headers_mut().insert(key::REPLAYED, HeaderValue::from_static(key::IS_REPLAYED));
    }
    rates.write(response.headers_mut());
    finish(response, &id, scheme)
}

/// The answer to a request that does not reach the router, with an id and the headers of every answer.
pub fn answer_outside(problem: &Problem, scheme: Scheme) -> Response {
    let id = Uuid::new_v4().to_string();
    tracing::debug!(id, kind = ?problem.kind, "a request was answered before it reached the router");
    finish(answer(problem, Some(id.clone())), &id, scheme)
}

/// Gives an answer the headers that every one has.
fn finish(mut response: Response, id: &str, scheme: Scheme) -> Response {
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, value);
    }
    for (name, value) in USUAL {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if scheme == Scheme::Https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(TLS_ONLY));
    }
    response
}

fn check_single(headers: &HeaderMap) -> Result<(), Problem> {
    match SINGLE.into_iter().find(|name| headers.get_all(*name).iter().nth(1).is_some()) {
        Some(name) => Err(Problem::new(Kind::Malformed).with_detail(format!("send the header {name} once"))),
        None => Ok(()),
    }
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
        let response = with_layers(router, Scheme::Http).oneshot(request).await.unwrap();
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
            let response = with_layers(router.clone(), Scheme::Http).oneshot(request).await.unwrap();
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

    #[tokio::test]
    async fn every_answer_has_the_usual_headers_unless_it_sets_its_own() {
        let own = || async { ([(header::CONTENT_SECURITY_POLICY, "default-src 'self'")], "a page") };
        let router = Router::new().route("/page", get(own)).route("/boom", get(boom));
        for (path, policy) in [
            ("/page", "default-src 'self'"),
            ("/boom", "default-src 'none'; frame-ancestors 'none'"),
            ("/nowhere", "default-src 'none'; frame-ancestors 'none'"),
        ] {
            check_usual(&router, path, policy, (Scheme::Http, None)).await;
            check_usual(&router, path, policy, (Scheme::Https, Some(TLS_ONLY))).await;
        }
    }

    async fn check_usual(router: &Router, path: &str, policy: &str, tls: (Scheme, Option<&str>)) {
        let request = Request::builder().uri(path).body(HttpBody::empty()).unwrap();
        let answer = with_layers(router.clone(), tls.0).oneshot(request).await.unwrap();
        let value = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap());
        assert_eq!(value("content-security-policy"), Some(policy), "{path}");
        assert_eq!(value("strict-transport-security"), tls.1, "{path}");
        assert_eq!(value("cache-control"), Some("no-store"), "{path}");
        assert_eq!(value("referrer-policy"), Some("no-referrer"), "{path}");
        assert_eq!(value("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(value("x-content-type-options"), Some("nosniff"), "{path}");
    }

    #[tokio::test]
    async fn a_header_that_decides_something_is_refused_twice_on_every_path() {
        let paths = |name| [(name, "/fine"), (name, "/nowhere")];
        for (name, path) in SINGLE.into_iter().flat_map(paths) {
            let router = Router::new().route("/fine", get("fine"));
            let twice = Request::builder().uri(path).header(name, "same").header(name, "same");
            let request = twice.body(HttpBody::empty()).unwrap();
            let answer = with_layers(router, Scheme::Http).oneshot(request).await.unwrap();
            assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{name} at {path}");
        }
    }

    #[tokio::test]
    async fn every_503_says_when_to_come_again() {
        let answer = refusal(Kind::Unavailable).into_response();
        assert_eq!(answer.headers().get(header::RETRY_AFTER).unwrap(), "5");
    }
}
