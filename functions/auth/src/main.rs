//! The deployed function.

use std::process::ExitCode;

use axum::Router;
use cloud::{Cloud, Secret};
use runtime::lambda;

fn main() -> ExitCode {
    lambda::run(async |boot| {
        let cloud = Cloud { events: boot.events_bus(), ..Cloud::absent() };
        let app = boot.app(cloud, &[Secret::DataKeys]).await?;
        boot.http(Router::from(auth::router().with_state(app))).await
    })
}
