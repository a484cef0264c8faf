//! The deployed function.

use std::process::ExitCode;
use std::time::Duration;

use domain::Clock;
use migrate::{Migrator, Request};
use runtime::lambda;

/// How long the answer to CloudFormation may take.
const MARGIN: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    lambda::run(async |boot| {
        let migrator = Migrator { access: boot.access()?, secrets: boot.secrets(), clock: Clock::System };
        let work = move |request: Request, until| {
            let migrator = migrator.clone();
            async move { migrator.handle(request, until).await }
        };
        boot.events(MARGIN, work).await
    })
}
