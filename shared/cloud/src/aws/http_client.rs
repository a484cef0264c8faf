//! Calls of the SDK through the HTTP client that the product has anyway: one TLS, one protocol, and no second client in
//! every function.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use reqwest::{Certificate, redirect};

use crate::CloudError;

/// Idle connections are closed before AWS closes them.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// A client for every service. Clones share its connections.
#[derive(Clone, Debug)]
pub(super) struct Http(reqwest::Client);

impl Http {
    /// With a limit to how long a connection may take; the SDK limits the rest.
    pub fn new(connect_max: Duration) -> Result<Self, CloudError> {
        // AWS proves itself with public authorities, which are in the program: the system's store is hundreds of files, and
        // a function that reads them before its first event is late for it.
        let public = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
        let public = public.filter_map(|certificate| Certificate::from_der(certificate).ok());
        let client = reqwest::Client::builder()
            .tls_certs_only(public)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .http1_only()
            .connect_timeout(connect_max)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .tcp_nodelay(true)
            .build();
        client.map(Self).map_err(|error| CloudError::of(&error))
    }
}

impl HttpClient for Http {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Http {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move { exchange(&client, request).await })
    }
}

/// The product sends and receives nothing in streams: every body is a few kilobytes in one piece.
async fn exchange(client: &reqwest::Client, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let (parts, body) = request.into_parts();
    let bytes = body.bytes().map(<[u8]>::to_vec);
    let bytes = bytes.ok_or_else(|| ConnectorError::user("the body is a stream".into()))?;
    let mut call = client.request(parts.method, parts.uri.to_string()).headers(parts.headers);
    if !bytes.is_empty() {
        call = call.body(bytes);
    }
    let mut response = call.send().await.map_err(failed)?;
    let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
    let bytes = response.bytes().await.map_err(failed)?;
    let mut answer = HttpResponse::new(status.as_u16().try_into().map_err(other)?, SdkBody::from(bytes));
    for (name, value) in &headers {
        if let Ok(value) = value.to_str() {
            answer.headers_mut().append(name.as_str().to_owned(), value.to_owned());
        }
    }
    Ok(answer)
}

fn failed(error: reqwest::Error) -> ConnectorError {
    if error.is_timeout() { ConnectorError::timeout(error.into()) } else { ConnectorError::io(error.into()) }
}

fn other(error: impl std::error::Error + Send + Sync + 'static) -> ConnectorError {
    ConnectorError::other(error.into(), None)
}
