//! Every bootstrap under AWS's own Runtime Interface Emulator: every event of `events/`, how soon it is there, what it
//! holds. The database, the sandbox and the emulated services around it are as a deploy has them.

mod events;
mod lambda;
mod receiver;
mod stamps;
mod world;

use std::path::Path;
use std::time::Instant;

use cluster::Fetch;
use domain::with_causes;

use crate::deploy_check::program::spinner;
use crate::deploy_check::report::{Measured, Report};
use crate::deploy_check::site::{DEV, Site};
use events::Event;
use lambda::Lambda;
use tidings::error::LocalError;
use world::World;

const STEP: &str = "emulator";
/// So many fresh starts make a median.
const STARTS: usize = 15;
/// What is not built as it is deployed has no speed to measure.
const STARTS_DEV: usize = 1;

/// A row per function.
pub(crate) async fn check(site: &Site, report: &mut Report, fetch: Fetch) -> Result<(), LocalError> {
    let artifacts = site.artifacts(site.bootstraps);
    if artifacts.is_empty() {
        return Err(LocalError::Call("there are no bootstraps; build them first".to_owned()));
    }
    let world = World::start(site, fetch).await?;
    for (name, folder) in artifacts {
        let since = Instant::now();
        let waiting = spinner(&format!("{name} under the runtime emulator"));
        let outcome = function(site, &world, report.function(&name), (&name, &folder)).await;
        waiting.finish_and_clear();
        let outcome = outcome
            .map_err(|error| with_causes(&error))
            .and_then(|wrong| if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) });
        report.row(STEP, name, since, &outcome);
    }
    world.stop().await;
    Ok(())
}

/// Measures fresh starts on the first event, then tries every event on the last of them. Tells what was wrong.
async fn function(
    site: &Site,
    world: &World,
    measured: &mut Measured,
    (name, folder): (&str, &Path),
) -> Result<Vec<String>, LocalError> {
    let events = events::of(&site.root, name)?;
    let Some(first) = events.first() else {
        return Ok(vec![format!("there is no event for it in events/{name}")]);
    };
    let (mut init, mut answer, mut idle) = (Vec::new(), Vec::new(), Vec::new());
    let mut wrong = Vec::new();
    let starts = if site.bootstraps == DEV { STARTS_DEV } else { STARTS };
    for start in 1..=starts {
        let environment = world.environment(name);
        let mut lambda = Lambda::start(site, name, &folder.join("bootstrap"), &environment).await?;
        wrong = one(world, &mut lambda, first).await?.err().into_iter().collect();
        let (seen, memory) = lambda.at_rest().await?;
        if let (Some(started), Some(asked), Some(answered)) = (seen.started, seen.asked, seen.answered) {
            init.push(milliseconds(started, asked));
            answer.push(milliseconds(started, answered));
        }
        idle.extend(memory);
        if start == starts {
            for event in events.iter().skip(1) {
                wrong.extend(one(world, &mut lambda, event).await?.err());
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

async fn one(world: &World, lambda: &mut Lambda, event: &Event) -> Result<Result<(), String>, LocalError> {
    let answer = lambda.call(&world.addressed(&event.given)).await?;
    let outcome = event.expected.hold(&answer).and_then(|()| world.was_told(&event.given));
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
