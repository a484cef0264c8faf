//! An HTTP request of API Gateway's, answered by a router.

use std::panic::catch_unwind;

use axum::Router;
use axum::http::Response;
use axum::response::IntoResponse;
use domain::Problem;
use domain::problem::Kind;
use http_kit::{Peer, ProblemResponse, TimeLeft};
use lambda_http::Body;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::request::{LambdaRequest, RequestContext};
use tower::ServiceExt;

/// The router's answer to API Gateway's request.
pub(super) async fn answer(
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
}
