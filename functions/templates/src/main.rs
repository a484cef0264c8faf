//! The deployed function.

use std::process::ExitCode;

use axum::Router;
use cloud::{Cloud, Secret};
use runtime::lambda;

fn main() -> ExitCode {
    lambda::run(async |boot| {
        let cloud = Cloud::absent();
        let app = boot.app(cloud, &[Secret::DataKeys, Secret::Meta]).await?;
        boot.http(Router::from(templates::router().with_state(app))).await
    })
}
