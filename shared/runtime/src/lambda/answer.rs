//! An HTTP request of API Gateway's, answered by a router.

use std::net::IpAddr;
use std::panic::catch_unwind;

use axum::Router;
use axum::http::Response;
use axum::response::IntoResponse;
use domain::Problem;
use domain::problem::Kind;
use http_kit::{Peer, ProblemResponse, Scheme, TimeLeft, answer_outside};
use lambda_http::Body;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::request::{LambdaRequest, RequestContext};
use tower::ServiceExt;

use super::front::Front;

/// The router's answer to API Gateway's request.
pub(super) async fn answer(
    router: Router,
    front: &Front,
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
    let seen = seen(&request);
    match front.peer(request.headers_mut(), seen) {
        Ok(Some(peer)) => drop(request.extensions_mut().insert(Peer(peer))),
        Ok(None) => {}
        Err(problem) => return whole(answer_outside(&problem, Scheme::Https)).await,
    }
    whole(router.oneshot(request).await.unwrap_or_else(|never| match never {})).await
}

/// The address that API Gateway saw. The header `X-Forwarded-For` begins with whatever the client wrote there.
fn seen(request: &lambda_http::Request) -> Option<IpAddr> {
    let RequestContext::ApiGatewayV2(context) = request.extensions().get::<RequestContext>()? else {
        return None;
    };
    context.http.source_ip.as_deref()?.parse().ok()
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_lc_rs::digest::{SHA256, digest};
    use axum::extract::Request;
    use axum::routing::post;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use domain::access::Source;
    use domain::limits::{
        EVENT_BODY_BYTES_MAX, EVENT_BYTES_MAX, IMPORT_BODY_BYTES_MAX, WEBHOOK_BODY_BYTES_MAX,
    };
    use http_kit::body::read_json;
    use http_kit::{CameFrom, limit_body};
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
            answer(router, &Front::default(), request, TimeLeft(Duration::from_secs(1)))
                .await
                .unwrap()
                .status_code
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
        let answer =
            answer(router, &Front::default(), request, TimeLeft(Duration::from_secs(1))).await.unwrap();
        let expected = Source::from("203.0.113.7".parse::<std::net::IpAddr>().unwrap());
        assert_eq!(answer.body, Some(Body::from(format!("{expected:?}"))));
    }

    #[tokio::test]
    async fn behind_cloudfront_a_request_comes_from_the_address_that_cloudfront_saw_and_from_nobody_else() {
        let front = Front::parse(&hex::encode(digest(&SHA256, b"secret"))).unwrap();
        let show = |CameFrom(source): CameFrom| async move { format!("{source:?}") };
        let router = Router::new().route("/", axum::routing::get(show));
        let ask = async |secret: &str| {
            let event = json!({
                "version": "2.0", "routeKey": "GET /", "rawPath": "/", "rawQueryString": "",
                "headers": { "x-origin-secret": secret, "cloudfront-viewer-address": "198.51.100.9:4433" },
                "requestContext": {
                    "stage": "$default", "http": { "method": "GET", "path": "/", "sourceIp": "203.0.113.7" },
                },
                "isBase64Encoded": false,
            });
            let request = serde_json::from_value(event).unwrap();
            answer(router.clone(), &front, request, TimeLeft(Duration::from_secs(1))).await.unwrap()
        };
        let viewer = Source::from("198.51.100.9".parse::<IpAddr>().unwrap());
        assert_eq!(ask("secret").await.body, Some(Body::from(format!("{viewer:?}"))));
        let refused = ask("guessed").await;
        assert_eq!(
            (refused.status_code, refused.headers["content-type"].to_str().unwrap()),
            (404, "application/problem+json")
        );
        assert!(refused.headers.contains_key("x-request-id"));
    }

    /// An event of API Gateway's with as much beside the body as it takes.
    fn import(body: &[u8], is_base64: bool) -> serde_json::Value {
        let text = || std::str::from_utf8(body).unwrap().to_owned();
        let body = if is_base64 { STANDARD.encode(body) } else { text() };
        json!({
            "version": "2.0", "routeKey": "POST /import", "rawPath": "/import", "rawQueryString": "",
            "headers": { "content-type": "application/json", "x-padding": "\"".repeat(10_240) },
            "requestContext": { "stage": "$default", "http": { "method": "POST", "path": "/import" } },
            "body": body, "isBase64Encoded": is_base64,
        })
    }

    /// The status and, of a refusal, its words.
    fn verdict(status: i64, body: &[u8]) -> (i64, serde_json::Value) {
        let problem: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        (status, problem["detail"].clone())
    }

    #[tokio::test]
    async fn a_function_refuses_the_bodies_that_one_machine_refuses_and_what_it_takes_fits_into_an_event() {
        let read = async |request: Request| read_json(request).await.map(drop).map_err(ProblemResponse::from);
        let of_limit = |limit| Router::new().route("/import", post(read)).layer(limit_body(limit));
        let (import_max, webhook_max) = (IMPORT_BODY_BYTES_MAX, WEBHOOK_BODY_BYTES_MAX);
        let control = |ordinary: usize| "\u{1}".repeat(1_033_333) + &"x".repeat(ordinary);
        for (what, body, limit, expected) in [
            ("the boundary", "x".repeat(import_max), import_max, 200),
            ("one byte over it", "x".repeat(import_max + 1), import_max, 413),
            ("quotes", "\"".repeat(import_max), import_max, 200),
            ("quotes in a webhook", "\"".repeat(EVENT_BODY_BYTES_MAX / 2), webhook_max, 200),
            ("one more", "\"".repeat(EVENT_BODY_BYTES_MAX / 2 + 1), webhook_max, 413),
            ("written escapes", "\\u0000".repeat(import_max / 6), import_max, 200),
            ("control characters", control(2), import_max, 200),
            ("one byte more", control(3), import_max, 413),
            ("four bytes for a character", "\u{1f600}".repeat(import_max / 4), import_max, 200),
            ("one character more", "\u{1f600}".repeat(import_max / 4 + 1), import_max, 413),
        ] {
            let router = http_kit::with_layers(of_limit(limit), Scheme::Https);
            check_verdicts(router, what, &body, expected).await;
        }
    }

    /// Of a router that is called as on one machine, and with events of API Gateway's.
    async fn check_verdicts(router: Router, what: &str, body: &str, expected: i64) {
        let direct = Request::post("/import").header("content-type", "application/json");
        let direct = direct.body(axum::body::Body::from(body.to_owned())).unwrap();
        let direct = router.clone().oneshot(direct).await.unwrap();
        let status = i64::from(direct.status().as_u16());
        let direct = verdict(status, &axum::body::to_bytes(direct.into_body(), 10_000).await.unwrap());
        assert_eq!(direct.0, expected, "{what}: {direct:?}");
        for is_base64 in [false, true] {
            let event = import(body.as_bytes(), is_base64);
            let size = event.to_string().len();
            assert!(expected == 413 || size <= EVENT_BYTES_MAX, "{what}: an event of {size} bytes");
            let request = serde_json::from_value(event).unwrap();
            let left = TimeLeft(Duration::from_secs(10));
            let answered = answer(router.clone(), &Front::default(), request, left).await.unwrap();
            let text = answered.body.unwrap();
            assert_eq!(verdict(answered.status_code, text.as_ref()), direct, "{what}, {is_base64}");
        }
    }
}
