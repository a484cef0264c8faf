//! The deployed function.

use std::process::ExitCode;

use axum::Router;
use cloud::Cloud;
use runtime::lambda;

fn main() -> ExitCode {
    lambda::run(async |boot| {
        let cloud = Cloud { queues: boot.queues(), wake_ups: boot.wake_ups(), ..Cloud::absent() };
        let app = boot.app(cloud, &[]).await?;
        boot.http(Router::from(scheduling::router().with_state(app))).await
    })
}
