//! Receives the answers of custom resources, as CloudFormation does.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::put;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use tidings::error::LocalError;

type Answer = Arc<Mutex<Option<Value>>>;

/// Ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub url: String,
    answer: Answer,
    task: AbortHandle,
}

impl Receiver {
    pub async fn listen() -> Result<Self, LocalError> {
        let failed = LocalError::FreePort;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let url = format!("http://{}/response", listener.local_addr().map_err(failed)?);
        let answer = Answer::default();
        let router = Router::new().route("/response", put(receive)).with_state(Arc::clone(&answer));
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the receiver stopped listening");
            }
        });
        Ok(Self { url, answer, task: task.abort_handle() })
    }

    /// The answer since the last call.
    pub fn take(&self) -> Option<Value> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn receive(State(received): State<Answer>, body: Bytes) -> StatusCode {
    let answer = serde_json::from_slice(&body).unwrap_or(Value::Null);
    *received.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
    StatusCode::OK
}
