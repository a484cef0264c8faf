//! Where Meta calls: verify the raw bytes, split them into updates, enqueue, answer 200. No database, when it is compiled
//! either.
//!
//! The 200 is given only after every update is on the queue; without it Meta calls again, for up to seven days.

mod handshake;
mod pack;
mod receive;
mod verify;

use std::fmt;
use std::sync::Arc;

use cloud::{Queues, Reloadable};
use domain::limits::WEBHOOK_BODY_BYTES_MAX;
use http_kit::limit_body;
use meta::MetaApp;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

/// The state of this function.
#[derive(Clone)]
pub struct Webhook {
    /// Where updates go.
    pub queues: Arc<dyn Queues>,
    /// The app that Meta signs for.
    pub app: Reloadable<MetaApp>,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Webhook")
    }
}

/// The routes of this function.
pub fn router() -> OpenApiRouter<Webhook> {
    OpenApiRouter::new()
        .routes(routes!(handshake::handshake, receive::receive).layer(limit_body(WEBHOOK_BODY_BYTES_MAX)))
}
