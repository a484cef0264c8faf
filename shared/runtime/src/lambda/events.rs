//! Receives events from Lambda, with their deadlines.

use std::future::Future;
use std::panic::catch_unwind;
use std::time::Duration;

use axum::Router;
use axum::http::Response;
use axum::response::IntoResponse;
use domain::problem::Kind;
use domain::{Problem, with_causes};
use futures_util::FutureExt;
use http_kit::{Peer, ProblemResponse, Scheme, TimeLeft};
use jiff::{SignedDuration, Timestamp};
use lambda_http::Body;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::request::{LambdaRequest, RequestContext};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower::ServiceExt;

use super::{Boot, BootError};

/// How long before its deadline a request is given up, so that its answer still arrives.
const ANSWER_MARGIN: Duration = Duration::from_secs(1);
/// The deadline in place of one that passed before its event came: some emulators send one of 1970.
const SHIFT: SignedDuration = SignedDuration::from_mins(1);

impl Boot {
    /// Answers HTTP requests.
    pub async fn http(self, router: Router) -> Result<(), BootError> {
        let (reloads, router, clock) =
            (self.reloads.clone(), http_kit::with_layers(router, Scheme::Https), self.clock().clone());
        let handler = move |event: LambdaEvent<LambdaRequest>| {
            let (reloads, router, clock) = (reloads.clone(), router.clone(), clock.clone());
            async move {
                reloads.reload_old().await;
                let now = clock.now();
                let left = until(event.context.deadline, now, ANSWER_MARGIN).duration_since(now);
                let left = TimeLeft(left.try_into().unwrap_or_default());
                answer(router, event.payload, left).await.map_err(|error| diagnostic(&error))
            }
            .boxed()
        };
        Ok(lambda_runtime::run_concurrent(service_fn(handler)).await?)
    }

    /// Hands events to `work`, with the time at which it has to end: `margin` before Lambda ends it. An error fails the
    /// invocation, and Lambda logs its text.
    pub async fn events<T, R, E, F, W>(self, margin: Duration, work: W) -> Result<(), BootError>
    where
        T: DeserializeOwned + Send + 'static,
        R: Serialize + Send + Sync + 'static,
        E: std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<R, E>> + Send + 'static,
        W: Fn(T, Timestamp) -> F + Clone + Send + Sync + 'static,
    {
        let (reloads, clock) = (self.reloads.clone(), self.clock().clone());
        let handler = move |event: LambdaEvent<T>| {
            let until = until(event.context.deadline, clock.now(), margin);
            let (reloads, work) = (reloads.clone(), work.clone());
            // Boxed, because the runtime wraps it in many layers, and a type that deep takes the compiler too far.
            async move {
                reloads.reload_old().await;
                work(event.payload, until).await.map_err(|error| diagnostic(&error))
            }
            .boxed()
        };
        Ok(lambda_runtime::run_concurrent(service_fn(handler)).await?)
    }
}

/// The router's answer to API Gateway's request.
async fn answer(
    router: Router,
    request: LambdaRequest,
    left: TimeLeft,
) -> Result<ApiGatewayV2httpResponse, axum::Error> {
    // It panics over an address that is not valid, which any caller can send: not a reason for an alarm.
    let request = catch_unwind(|| lambda_http::Request::from(request));
    let Ok(mut request) = request else {
        let malformed = ProblemResponse::from(Problem::new(Kind::Malformed));
        return whole(malformed.into_response()).await;
    };
    request.extensions_mut().insert(left);
    if let Some(peer) = peer(&request) {
        request.extensions_mut().insert(peer);
    }
    whole(router.oneshot(request).await.unwrap_or_else(|never| match never {})).await
}

/// The address that API Gateway saw. The header `X-Forwarded-For` begins with whatever the client wrote there.
fn peer(request: &lambda_http::Request) -> Option<Peer> {
    let RequestContext::ApiGatewayV2(context) = request.extensions().get::<RequestContext>()? else {
        return None;
    };
    context.http.source_ip.as_deref()?.parse().ok().map(Peer)
}

/// The answer as API Gateway takes it: its body in one piece, and as text, which is all that the functions make. What is
/// not text is sent as Base64; `lambda_http`'s own way reads them through every character set there is.
async fn whole(answer: Response<axum::body::Body>) -> Result<ApiGatewayV2httpResponse, axum::Error> {
    let (parts, body) = answer.into_parts();
    // No limit: the functions made the answer themselves.
    let bytes = axum::body::to_bytes(body, usize::MAX).await?;
    let body =
        String::from_utf8(bytes.into()).map_or_else(|bytes| Body::from(bytes.into_bytes()), Body::from);
    let mut whole = ApiGatewayV2httpResponse::default();
    whole.status_code = parts.status.as_u16().into();
    whole.headers = parts.headers;
    whole.is_base64_encoded = matches!(body, Body::Binary(_));
    whole.body = Some(body);
    Ok(whole)
}

/// A deadline is in milliseconds since the epoch.
fn until(deadline: u64, now: Timestamp, margin: Duration) -> Timestamp {
    let deadline = i64::try_from(deadline).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    deadline.filter(|deadline| *deadline > now).map_or(now + SHIFT, |deadline| deadline - margin)
}

/// The type is the name of the error, so that alarms can group by it.
fn diagnostic<E: std::error::Error>(error: &E) -> Diagnostic {
    let name = std::any::type_name::<E>();
    Diagnostic {
        error_type: name.rsplit("::").next().unwrap_or(name).to_owned(),
        error_message: with_causes(error),
    }
}

#[cfg(test)]
mod tests {
    use domain::access::Source;
    use http_kit::CameFrom;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn an_answer_is_text_and_what_is_not_is_said_to_be_base64() {
        let answer = |body: &'static [u8]| async move {
            let answer = Response::builder().status(409).header("content-type", "application/problem+json");
            serde_json::to_value(whole(answer.body(body.into()).unwrap()).await.unwrap()).unwrap()
        };
        let text = answer("{\"title\":\"né\"}".as_bytes()).await;
        assert_eq!(
            (&text["statusCode"], &text["headers"], &text["body"], &text["isBase64Encoded"]),
            (
                &json!(409),
                &json!({"content-type": "application/problem+json"}),
                &json!("{\"title\":\"né\"}"),
                &json!(false)
            )
        );
        let bytes = answer(&[0xff, 0x00]).await;
        assert_eq!((&bytes["body"], &bytes["isBase64Encoded"]), (&json!("/wA="), &json!(true)));
        assert_eq!(answer(b"").await["body"], json!(""));
    }

    #[tokio::test]
    async fn an_address_that_is_none_is_a_bad_request_and_no_failed_call() {
        let status = async |query: &str| {
            let event = json!({
                "version": "2.0", "routeKey": "GET /", "rawPath": "/", "rawQueryString": query, "headers": {},
                "requestContext": { "stage": "$default", "http": { "method": "GET", "path": "/" } },
                "isBase64Encoded": false,
            });
            let router = Router::new().route("/", axum::routing::get("fine"));
            let request = serde_json::from_value(event).unwrap();
            answer(router, request, TimeLeft(Duration::from_secs(1))).await.unwrap().status_code
        };
        assert_eq!((status("x=%3C").await, status("x=<").await), (200, 400));
    }

    #[tokio::test]
    async fn a_request_comes_from_the_address_that_api_gateway_saw_and_not_from_one_that_the_client_wrote() {
        let event = json!({
            "version": "2.0", "routeKey": "GET /", "rawPath": "/", "rawQueryString": "",
            "headers": { "x-forwarded-for": "198.51.100.9, 203.0.113.7" },
            "requestContext": {
                "stage": "$default", "http": { "method": "GET", "path": "/", "sourceIp": "203.0.113.7" },
            },
            "isBase64Encoded": false,
        });
        let show = |CameFrom(source): CameFrom| async move { format!("{source:?}") };
        let router = Router::new().route("/", axum::routing::get(show));
        let request = serde_json::from_value(event).unwrap();
        let answer = answer(router, request, TimeLeft(Duration::from_secs(1))).await.unwrap();
        let expected = Source::from("203.0.113.7".parse::<std::net::IpAddr>().unwrap());
        assert_eq!(answer.body, Some(Body::from(format!("{expected:?}"))));
    }

    #[test]
    fn work_ends_its_margin_before_the_deadline() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let at = |text: &str| u64::try_from(text.parse::<Timestamp>().unwrap().as_millisecond()).unwrap();
        let margin = Duration::from_secs(5);
        assert_eq!(until(at("2026-11-24T12:01:00Z"), now, margin).to_string(), "2026-11-24T12:00:55Z");
        for unreal in [0, 600_000, u64::MAX] {
            assert_eq!(until(unreal, now, margin), now + SHIFT, "{unreal}");
        }
    }
}
