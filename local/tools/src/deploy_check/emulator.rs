//! Every bootstrap under AWS's own Runtime Interface Emulator: every event of `events/`, its start time, its memory. The
//! database, the sandbox and the emulated services around it are as in a deploy.

mod environment;
pub(crate) mod events;
mod lambda;
mod receiver;
mod stamps;

use std::path::Path;
use std::time::Instant;

use domain::with_causes;

use crate::deploy_check::program::spinner;
use crate::deploy_check::report::{Measured, Report};
use crate::deploy_check::site::{DEV, Site};
use environment::Environment;
use events::Event;
use lambda::Lambda;
use tidings::error::LocalError;

const STEP: &str = "emulator";
/// Fresh starts for a median.
const STARTS: usize = 15;
/// A development build has no speed to measure.
const STARTS_DEV: usize = 1;

pub(crate) async fn check(site: &Site, report: &mut Report) -> Result<(), LocalError> {
    let artifacts = site.artifacts(site.bootstraps);
    if artifacts.is_empty() {
        return Err(LocalError::Call("no bootstraps were found; build them first".to_owned()));
    }
    let environment = Environment::start(site).await?;
    for (name, folder) in artifacts {
        let since = Instant::now();
        let waiting = spinner(&format!("{name} under the runtime emulator"));
        let outcome = function(site, &environment, report.function(&name), (&name, &folder)).await;
        waiting.finish_and_clear();
        let outcome = outcome
            .map_err(|error| with_causes(&error))
            .and_then(|wrong| if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) });
        report.row(STEP, name, since, &outcome);
    }
    environment.stop().await;
    Ok(())
}

/// Measures fresh starts on the first event, then tries every event on the last of them. Returns what was wrong.
async fn function(
    site: &Site,
    environment: &Environment,
    measured: &mut Measured,
    (name, folder): (&str, &Path),
) -> Result<Vec<String>, LocalError> {
    let events = events::of(&site.root, name)?;
    let Some(first) = events.first() else {
        return Ok(vec![format!("events/{name} has no event")]);
    };
    let (mut init, mut answer, mut idle) = (Vec::new(), Vec::new(), Vec::new());
    let mut wrong = Vec::new();
    let starts = if site.bootstraps == DEV { STARTS_DEV } else { STARTS };
    for start in 1..=starts {
        let variables = environment.variables(name);
        let mut lambda = Lambda::start(site, name, &folder.join("bootstrap"), &variables).await?;
        wrong = one(environment, &mut lambda, first).await?.err().into_iter().collect();
        let (seen, memory) = lambda.at_rest().await?;
        if let (Some(started), Some(asked), Some(answered)) = (seen.started, seen.asked, seen.answered) {
            init.push(milliseconds(started, asked));
            answer.push(milliseconds(started, answered));
        }
        idle.extend(memory);
        if start == starts {
            for event in events.iter().skip(1) {
                wrong.extend(one(environment, &mut lambda, event).await?.err());
            }
        }
        lambda.stop().await;
    }
    measured.events = Some((events.len() - wrong.len(), events.len()));
    if site.bootstraps != DEV {
        (measured.init_ms, measured.first_ms, measured.idle_mib) =
            (median(init), median(answer), median(idle));
    }
    Ok(wrong)
}

async fn one(
    environment: &Environment,
    lambda: &mut Lambda,
    event: &Event,
) -> Result<Result<(), String>, LocalError> {
    let answer = lambda.call(&environment.addressed(&event.given)).await?;
    let outcome =
        event.expected.check(&event.given, &answer).and_then(|()| environment.check_answered(&event.given));
    Ok(outcome.map_err(|why| format!("{}: {why}", event.name)))
}

fn milliseconds(from: Instant, to: Instant) -> f64 {
    to.saturating_duration_since(from).as_secs_f64() * 1e3
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_start_does_not_move_the_median() {
        assert_eq!(median(vec![900.0, 3.0, 2.0, 1.0, 2.5]), Some(2.5));
        assert_eq!(median(Vec::new()), None);
    }
}
