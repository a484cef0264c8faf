//! The deployed function.

use std::process::ExitCode;
use std::time::Duration;

use cloud::Cloud;
use runtime::lambda;
use serde::de::IgnoredAny;

/// How long a repair takes at most, and reading the gauges after it.
const MARGIN: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    lambda::run(async |boot| {
        let cloud = Cloud { queues: boot.queues(), events: boot.events_bus(), ..Cloud::absent() };
        let platform = boot.platform(cloud, &[]).await?;
        let work = move |_tick: IgnoredAny, until| {
            let platform = platform.clone();
            async move { sweep::on_tick(&platform, until).await }
        };
        boot.events(MARGIN, work).await
    })
}
