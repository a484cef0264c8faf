//! The API under a plain address. The emulated gateway finds an API by its host name, which a loopback address lacks.

use std::net::Ipv4Addr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, Method, Response, StatusCode, Uri, header};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use tidings::error::LocalError;

/// Longer than the gateway waits for a function.
const CALL_LIMIT: Duration = Duration::from_mins(1);
/// Headers of one connection, which are not passed on.
const OF_A_CONNECTION: [HeaderName; 4] =
    [header::HOST, header::CONNECTION, header::TRANSFER_ENCODING, header::CONTENT_LENGTH];

#[derive(Clone, Debug)]
pub(crate) struct Gateway {
    /// `http://127.0.0.1:…`
    pub url: String,
    /// `….execute-api.localhost:…`
    pub host: String,
}

#[derive(Clone)]
struct Shared {
    gateway: Arc<OnceLock<Gateway>>,
    http: reqwest::Client,
}

/// Ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Front {
    /// `http://127.0.0.1:…`
    pub url: String,
    gateway: Arc<OnceLock<Gateway>>,
    task: AbortHandle,
}

impl Front {
    /// Answers 503 until the gateway is set.
    pub async fn listen() -> Result<Self, LocalError> {
        let failed = LocalError::FreePort;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let url = format!("http://{}", listener.local_addr().map_err(failed)?);
        let http = reqwest::Client::builder()
            .timeout(CALL_LIMIT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let gateway = Arc::new(OnceLock::new());
        let router =
            Router::new().fallback(forward).with_state(Shared { gateway: Arc::clone(&gateway), http });
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the front stopped listening");
            }
        });
        Ok(Self { url, gateway, task: task.abort_handle() })
    }

    pub fn set_gateway(&self, gateway: Gateway) {
        self.gateway.get_or_init(|| gateway);
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn forward(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let failed = |status: StatusCode| {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        response
    };
    let Some(gateway) = shared.gateway.get() else { return failed(StatusCode::SERVICE_UNAVAILABLE) };
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = shared
        .http
        .request(method, format!("{}{path}", gateway.url))
        .headers(without_connection_headers(headers))
        .header(header::HOST, &gateway.host)
        .body(body);
    let Ok(answer) = request.send().await else { return failed(StatusCode::BAD_GATEWAY) };
    let (status, headers) = (answer.status(), without_connection_headers(answer.headers().clone()));
    let Ok(body) = answer.bytes().await else { return failed(StatusCode::BAD_GATEWAY) };
    let mut response = Response::new(Body::from(body));
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    response
}

fn without_connection_headers(mut headers: HeaderMap) -> HeaderMap {
    for name in OF_A_CONNECTION {
        headers.remove(name);
    }
    headers
}
