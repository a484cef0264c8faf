//! What a month costs before the first message, part by part: the last table of `docs/cost.md`, and the table at the head of
//! `template.yaml`.

use super::bill::{invocations, scaled};
use super::prices::{
    ALARM, ALARMS_FREE, CENT, GP3_GB, GP3_GB_TWO_ZONES, HOURS, KMS_KEY, LOOKS_A_POLLER, M7G_LARGE, METRIC,
    MINUTES, PROXY_VCPU, Pico, SCHEDULER_INVOCATION, SECRET, SQS_REQUEST, T4G_SMALL,
};

/// Alarms of a stack in the small and in the production shape, as AWS counts them: one for each metric that is watched.
const ALARMS: (Pico, Pico) = (67, 69);
/// Of the environment, and the logins that were refused.
const METRICS: Pico = 9;
/// Two of each of eleven functions.
const METRICS_OF_FUNCTIONS: Pico = 22;
const QUEUES: Pico = 4;
/// Of each queue, when nothing comes.
const POLLERS: Pico = 5;
const SWEEP_MS: u64 = 20;
const SWEEP_MB: u64 = 256;

/// One part of the floor, in whole cents.
pub(super) struct Part {
    pub name: &'static str,
    pub small: Pico,
    pub production: Pico,
    pub reckoned: &'static str,
}

fn part(name: &'static str, small: Pico, production: Pico, reckoned: &'static str) -> Part {
    let whole = |amount: Pico| scaled(amount, 1, CENT) * CENT;
    Part { name, small: whole(small), production: whole(production), reckoned }
}

pub(super) fn parts() -> [Part; 11] {
    let both = |name, amount, reckoned| part(name, amount, amount, reckoned);
    let sweeps =
        SCHEDULER_INVOCATION * u128::from(MINUTES) + invocations(MINUTES, MINUTES * SWEEP_MS, SWEEP_MB);
    [
        part(
            "Postgres",
            T4G_SMALL * HOURS,
            2 * M7G_LARGE * HOURS,
            "db.t4g.small at $0.032/h in one zone; db.m7g.large at $0.168/h in two",
        ),
        part(
            "its storage, gp3",
            20 * GP3_GB,
            100 * GP3_GB_TWO_ZONES,
            "20 GB at $0.115; 100 GB at $0.23 for both zones",
        ),
        part("RDS Proxy", 0, 2 * PROXY_VCPU * HOURS, "two vCPU at $0.015/h"),
        both("NAT gateway", 0, "none: both shapes go out by IPv6"),
        both("secrets", 5 * SECRET, "five at $0.40: Meta, JWT, data keys, SMTP, database"),
        both("KMS key", KMS_KEY, "one at $1.00, without requests"),
        both(
            "idle queue pollers",
            QUEUES * POLLERS * LOOKS_A_POLLER * SQS_REQUEST,
            "four queues, five long polls of 20 s each: 2.6 M calls",
        ),
        part(
            "alarms",
            (ALARMS.0 - ALARMS_FREE) * ALARM,
            (ALARMS.1 - ALARMS_FREE) * ALARM,
            "57 and 59 beyond ten, at $0.10",
        ),
        both("metrics of our own", METRICS * METRIC, "nine at $0.30"),
        both(
            "metrics of functions",
            METRICS_OF_FUNCTIONS * METRIC,
            "two of each of eleven functions while it is called, at $0.30",
        ),
        both("sweeper", sweeps, "43,800 schedules and invocations of 20 ms with 256 MB"),
    ]
}

/// The floor of the small and of the production shape.
pub(super) fn floor() -> (Pico, Pico) {
    let parts = parts();
    (parts.iter().map(|part| part.small).sum(), parts.iter().map(|part| part.production).sum())
}
