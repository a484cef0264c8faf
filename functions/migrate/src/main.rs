//! The deployed function.

use std::process::ExitCode;
use std::time::Duration;

use domain::Clock;
use migrate::{Asked, Migrator};
use runtime::lambda;

/// How long CloudFormation's answer may take, whatever became of the migration.
const MARGIN: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    lambda::run(async |boot| {
        let migrator = Migrator { access: boot.access()?, secrets: boot.secrets(), clock: Clock::System };
        let work = move |asked: Asked, until| {
            let migrator = migrator.clone();
            async move { migrator.handle(asked, until).await }
        };
        boot.events(MARGIN, work).await
    })
}
