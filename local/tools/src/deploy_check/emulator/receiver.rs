//! The stack's side of a custom resource: where the answer is put.

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

type Told = Arc<Mutex<Option<Value>>>;

/// A receiver on loopback; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Receiver {
    /// Where an answer is to be put.
    pub url: String,
    told: Told,
    task: AbortHandle,
}

impl Receiver {
    /// Listens.
    pub async fn listen() -> Result<Self, LocalError> {
        let failed = |source| LocalError::Listen { port: 0, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let url = format!("http://{}/response", listener.local_addr().map_err(failed)?);
        let told = Told::default();
        let router = Router::new().route("/response", put(receive)).with_state(Arc::clone(&told));
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the receiver stopped listening");
            }
        });
        Ok(Self { url, told, task: task.abort_handle() })
    }

    /// What was told since this was asked for the last time.
    pub fn take(&self) -> Option<Value> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn receive(State(told): State<Told>, body: Bytes) -> StatusCode {
    let answer = serde_json::from_slice(&body).unwrap_or(Value::Null);
    *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
    StatusCode::OK
}
