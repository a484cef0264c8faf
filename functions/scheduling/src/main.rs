//! The deployed function.

use std::process::ExitCode;

use axum::Router;
use cloud::Cloud;
use runtime::lambda;

fn main() -> ExitCode {
    lambda::run(async |boot| {
        let cloud = Cloud { queues: boot.queues(), timers: boot.timers(), ..Cloud::absent() };
        let app = boot.app(cloud, &[]).await?;
        boot.http(Router::from(scheduling::router().with_state(app))).await
    })
}
