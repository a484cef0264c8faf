//! The claim of a hot tenant's messages, its floor and the naive loop, in alternating rounds.

use std::time::{Duration, Instant};

use comfy_table::{Cell, CellAlignment};
use domain::{Act, ClaimId};
use jiff::{SignedDuration, Timestamp};
use ops::delivery::claim::ClaimDue;
use serde::Serialize;
use store::delivery::claims::ClaimRequest;
use store::testing::yardstick::Fixture;
use store::{Store, StoreError};

use super::{fixture, floor, naive};
use tidings::error::LocalError;
use tidings::home::Home;
use tidings::say::say;
use tidings::settings::Settings;
use tidings::table::table;
use tidings::{audit, database};

/// The naive loop gets this part of the messages: all would take minutes.
const NAIVE_PART: i64 = 10;
const NAME: &str = "bench";

#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Plan {
    pub messages: i64,
    pub chunk: i64,
    pub rounds: usize,
}

/// The medians of all rounds in messages a second, and their ratios.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Measured {
    plan: Plan,
    claim_per_second: f64,
    floor_per_second: f64,
    naive_per_second: f64,
    of_floor: f64,
    over_naive: f64,
}

/// On a durable Postgres of this machine, in a new database.
pub(super) async fn run(settings: Settings, plan: Plan, as_json: bool) -> Result<(), LocalError> {
    let home = Home::open(&settings.home)?;
    let database = database::scratch(&settings, &home, NAME).await?;
    let measured = measure(&database.store, plan).await;
    database::remove(database, NAME).await?;
    show(&measured?, as_json)
}

async fn measure(store: &Store, plan: Plan) -> Result<Measured, LocalError> {
    let (mut claims, mut floors, mut naives) = (Vec::new(), Vec::new(), Vec::new());
    let chunk = usize::try_from(plan.chunk).unwrap_or(1).max(1);
    let bar = crate::progress::bar("Measuring", plan.rounds);
    // The first round warms up caches and plans and does not count.
    for round in 0..=plan.rounds {
        let now = now();
        let (fixture, _) = fixture::create(store, plan.messages, now).await?;
        let claim = timed(claim_all(store, &fixture, plan, now)).await?;
        let (fixture, ids) = fixture::create(store, plan.messages, now).await?;
        let floor = timed(floor::run(store, &fixture, &ids, chunk, now)).await?;
        let (fixture, ids) = fixture::create(store, plan.messages / NAIVE_PART, now).await?;
        let naive = timed(naive::run(store, &fixture, &ids, now)).await?;
        if round > 0 {
            claims.push(per_second(plan.messages, claim));
            floors.push(per_second(plan.messages, floor));
            naives.push(per_second(plan.messages / NAIVE_PART, naive));
            bar.inc(1);
        }
    }
    bar.finish();
    check(store).await?;
    let (claim, floor, naive) = (median(claims), median(floors), median(naives));
    Ok(Measured {
        plan,
        claim_per_second: claim,
        floor_per_second: floor,
        naive_per_second: naive,
        of_floor: claim / floor,
        over_naive: claim / naive,
    })
}

/// A measurement that broke an invariant is void.
async fn check(store: &Store) -> Result<(), LocalError> {
    let books = audit::books(store, now(), false).await?;
    match books.findings.iter().find(|finding| finding.violations != 0) {
        Some(finding) => Err(LocalError::Call(format!("the measurement broke {}", finding.invariant))),
        None => Ok(()),
    }
}

async fn claim_all(store: &Store, fixture: &Fixture, plan: Plan, now: Timestamp) -> Result<(), StoreError> {
    loop {
        let request = ClaimRequest {
            number: fixture.number.clone(),
            claim_id: ClaimId::at(now),
            limit: plan.chunk,
            lease_until: now + SignedDuration::from_mins(1),
            before: None,
        };
        let taken = store.perform(&Act::of_system(fixture.tenant, now), &ClaimDue { request }).await?;
        if taken.is_empty() {
            return Ok(());
        }
    }
}

async fn timed(work: impl Future<Output = Result<(), StoreError>>) -> Result<Duration, StoreError> {
    let start = Instant::now();
    work.await?;
    Ok(start.elapsed())
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "counts of a benchmark are far below 2^52"
)]
pub(super) fn per_second(messages: i64, taken: Duration) -> f64 {
    messages as f64 / taken.as_secs_f64()
}

pub(super) fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or(f64::NAN)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

fn show(measured: &Measured, as_json: bool) -> Result<(), LocalError> {
    if as_json {
        let text = serde_json::to_string(measured).map_err(|error| LocalError::Call(error.to_string()))?;
        say(text);
        return Ok(());
    }
    let mut shown = table(&["way", "messages/s", "claim is"]);
    let number = |value: String| Cell::new(value).set_alignment(CellAlignment::Right);
    for (way, rate, ratio) in [
        ("claim", measured.claim_per_second, String::new()),
        (
            "floor: the same rows, no logic",
            measured.floor_per_second,
            format!("{:.0} % of it", measured.of_floor * 100.0),
        ),
        (
            "naive: a transaction per message",
            measured.naive_per_second,
            format!("{:.1} × it", measured.over_naive),
        ),
    ] {
        shown.add_row(vec![Cell::new(way), number(format!("{rate:.0}")), number(ratio)]);
    }
    let Plan { messages, chunk, rounds } = measured.plan;
    say(format!(
        "{shown}\nhot tenant, {messages} messages in chunks of {chunk}, median of {rounds} rounds, durable Postgres"
    ));
    Ok(())
}
