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
        let cloud = Cloud::absent();
        let platform = boot.platform(cloud, &[]).await?;
        let work = move |event: SqsEvent, until| {
            let platform = platform.clone();
            async move { Ok::<_, Infallible>(refunds::on_queue(event, &platform, until).await) }
        };
        boot.records(MARGIN, work).await
    })
}
