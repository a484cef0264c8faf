//! The deployed function.

use std::convert::Infallible;
use std::process::ExitCode;
use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use cloud::Cloud;
use runtime::lambda;

/// How long a record takes at most.
const MARGIN: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    lambda::run(async |boot| {
        let cloud = Cloud { queues: boot.queues(), ..Cloud::absent() };
        let platform = boot.platform(cloud, &[]).await?;
        let app = boot.meta_app().await?;
        let work = move |event: SqsEvent, until| {
            let (platform, app) = (platform.clone(), app.clone());
            async move { Ok::<_, Infallible>(updates::on_queue(event, &platform, &app, until).await) }
        };
        boot.records(MARGIN, work).await
    })
}
