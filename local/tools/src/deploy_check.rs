//! Checks the deploy as far as a machine without an AWS account can, as one command.
//!
//! `tools` installs from the package index into an ignored folder; `static` runs the linters; `build` makes every
//! function's bootstrap as a deploy does and weighs it, or `dev` as cargo does while one works on it; `emulator` runs
//! each bootstrap under AWS's own Runtime Interface Emulator with every file of `events/`; `cloud` deploys the built
//! template to an emulator of the cloud and runs the story against it. Everything listens on loopback only, has a time
//! limit, and ends with the check. Two options do something else instead: `--account` looks at the quotas of an account that
//! a deploy needs, `--reproducible` builds one function twice and compares.

mod account;
mod aws;
pub(crate) mod build;
mod cloud;
mod dev;
mod emulator;
mod mail;
pub(crate) mod program;
mod report;
mod reproducible;
mod services;
pub(crate) mod site;
mod template;
pub(crate) mod tools;

use std::process::ExitCode;
use std::time::Instant;

use domain::with_causes;

use report::Report;
use site::Site;
use tidings::error::LocalError;
use tidings::settings::Settings;

#[derive(Clone, Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Options {
    /// Only these steps, separated by commas.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Step::ALL)]
    only: Vec<Step>,
    /// Build for arm64 as well.
    #[arg(long, conflicts_with = "dev")]
    arm64: bool,
    /// Check development builds: in minutes, without speed and size.
    #[arg(long)]
    dev: bool,
    /// Only show the quotas that a deploy needs, and with the AWS CLI and credentials those of the account.
    #[arg(long, conflicts_with_all = ["only", "arm64", "dev", "messages"])]
    account: bool,
    /// Only build one function of the last commit in two folders, and compare.
    #[arg(long, conflicts_with_all = ["only", "arm64", "dev", "messages", "account"])]
    reproducible: bool,
    /// The number of messages of the story; with fewer than 102 there is no schedule.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(102..))]
    messages: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Step {
    /// Installs what the others need.
    Tools,
    /// Lints the template.
    Static,
    /// Builds every function.
    Build,
    /// Runs every function with every event.
    Emulator,
    /// Deploys everything and runs the story.
    Cloud,
    /// Builds a function twice.
    #[value(skip)]
    Reproducible,
}

impl Step {
    const ALL: [Self; 5] = [Self::Tools, Self::Static, Self::Build, Self::Emulator, Self::Cloud];
}

/// The exit code is the verdict.
pub async fn run(settings: Settings, ask: Options) -> Result<ExitCode, LocalError> {
    if ask.account {
        return account::check().await;
    }
    let site = Site::open(&settings, if ask.dev { site::DEV } else { site::DEPLOYED })?;
    let mut report = Report::default();
    let mut steps: Vec<Step> = Step::ALL.into_iter().filter(|step| ask.only.contains(step)).collect();
    if ask.reproducible {
        steps = vec![Step::Reproducible];
    }
    for step in steps {
        // Ctrl-C stops everything that was started: each program ends when it is dropped.
        let outcome = tokio::select! {
            outcome = perform(step, &site, &mut report, &ask) => outcome,
            () = tidings::serve::stopped() => return Err(LocalError::Call("the check was stopped".to_owned())),
        };
        // A failed step does not skip the next.
        if let Err(error) = outcome {
            report.row(
                "check",
                format!("{step:?}").to_lowercase(),
                Instant::now(),
                &Err(with_causes(&error)),
            );
        }
    }
    let is_green = report.show();
    if is_green {
        let path = site.work;
        std::fs::remove_dir_all(&path).map_err(|source| LocalError::File { what: "remove", path, source })?;
        return Ok(ExitCode::SUCCESS);
    }
    tidings::say::say(format!("All files of the run are in {}", site.work.display()));
    Ok(ExitCode::FAILURE)
}

async fn perform(step: Step, site: &Site, report: &mut Report, ask: &Options) -> Result<(), LocalError> {
    match step {
        Step::Tools => {
            for tool in tools::Tool::OF_DEPLOY {
                let since = Instant::now();
                let outcome = tool.install(site).await.map_err(|error| with_causes(&error));
                report.row("tools", format!("{tool:?}").to_lowercase(), since, &outcome);
            }
            Ok(())
        }
        Step::Static => template::check(site, report).await,
        Step::Build if ask.dev => dev::check(site, report).await,
        Step::Build => build::check(site, report, ask.arm64).await,
        Step::Emulator => emulator::check(site, report).await,
        Step::Cloud => cloud::check(site, report, ask.messages).await,
        Step::Reproducible => reproducible::check(site, report).await,
    }
}
