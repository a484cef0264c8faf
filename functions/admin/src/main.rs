//! The deployed function.

use std::process::ExitCode;

use admin::Health;
use axum::Router;
use cloud::Cloud;
use runtime::lambda;

fn main() -> ExitCode {
    lambda::run(async |boot| {
        let cloud = Cloud { events: boot.events_bus(), ..Cloud::absent() };
        let app = boot.app(cloud, &[]).await?;
        let about = admin::about().with_state(Health::of(app.platform.store.clone()));
        boot.http(Router::from(admin::router().with_state(app).merge(about))).await
    })
}
