//! The deployed function.

use std::process::ExitCode;

use axum::Router;
use cloud::Cloud;
use runtime::lambda;

fn main() -> ExitCode {
    lambda::run(async |boot| {
        let cloud = Cloud { events: boot.events_bus(), ..Cloud::absent() };
        let app = boot.app(cloud, &[]).await?;
        boot.http(Router::from(auth::router().with_state(app))).await
    })
}
