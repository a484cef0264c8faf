//! The deployed function.

use std::process::ExitCode;
use std::time::Duration;

use cloud::{Cloud, Secret};
use dispatch::Woken;
use runtime::lambda;

/// How long what is in hand takes at most: the part that is being marked, the call that is begun last, and recording what
/// came of it. The rest of a claim is handed back.
const MARGIN: Duration = Duration::from_secs(45);

fn main() -> ExitCode {
    lambda::run(async |boot| {
        let cloud = Cloud { queues: boot.queues(), ..Cloud::absent() };
        let platform = boot.platform(cloud, &[Secret::DataKeys, Secret::Meta]).await?;
        let work = move |woken: Woken, until| {
            let platform = platform.clone();
            async move { dispatch::on_event(woken, &platform, until).await }
        };
        boot.records(MARGIN, work).await
    })
}
