//! The deployed function. It has no database.

use std::process::ExitCode;

use axum::Router;
use runtime::lambda;
use webhook::Webhook;

fn main() -> ExitCode {
    lambda::run(async |boot| {
        let webhook = Webhook { queues: boot.queues(), app: boot.meta_app().await? };
        boot.http(Router::from(webhook::router().with_state(webhook))).await
    })
}
