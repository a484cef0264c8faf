//! The price of messages, from what a counted run used: our design, and a naive one beside it.
//!
//! The naive design has one schedule, one queue message and one invocation for every send, one queue message and one
//! invocation for every status and for every refund. What both do has the same price; where they differ in doubt, ours
//! pays: our functions behind the API have twice the memory, and the naive ones keep their connections to Meta as ours do.

use super::counts::{Counts, KINDS, Sample};
use super::prices::{self as p, Pico};

/// The lines of a bill. The last two are the same in both designs; the others are the delivery, which depends on
/// the design.
pub(super) const LINES: [&str; 10] = [
    "schedules",
    "wake-up queue",
    "dispatch",
    "status queue, out",
    "statuses applied",
    "refunds",
    "logs",
    "egress",
    "API requests",
    "Meta's POSTs",
];
pub(super) const DELIVERY: usize = 8;
const API_REQUESTS: usize = 8;
const META_POSTS: usize = 9;

/// Transactions of the function that applies statuses.
const APPLYING: [&str; 3] = ["number_owners", "apply_statuses", "store_unhandled"];
/// Transactions of the function that pays refunds.
const PAYING: [&str; 1] = ["refund"];

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bill(pub [Pico; LINES.len()]);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Design {
    /// As counted.
    Ours,
    /// As counted, but every status is received, deleted and applied alone: the worst that SQS and its pollers can do.
    StatusesAlone,
    Naive,
}

impl Bill {
    pub fn delivery(&self) -> Pico {
        self.0.iter().take(DELIVERY).sum()
    }

    pub fn with_api_requests(&self) -> Pico {
        self.delivery() + self.api_requests()
    }

    pub fn total(&self) -> Pico {
        self.0.iter().sum()
    }

    pub fn api_requests(&self) -> Pico {
        self.0[API_REQUESTS]
    }

    pub fn meta_posts(&self) -> Pico {
        self.0[META_POSTS]
    }
}

/// What that many messages of one kind cost.
pub(super) fn bill(counts: &Counts, design: Design, messages: u64) -> Bill {
    let lines = match design {
        Design::Ours => ours(counts),
        Design::StatusesAlone => ours(&statuses_alone(counts)),
        Design::Naive => naive(counts),
    };
    Bill(lines.map(|line| scaled(line, messages.into(), counts.of("messages").into())))
}

/// What that many messages of the mix cost.
pub(super) fn mixed(sample: &Sample, design: Design, messages: u64) -> Bill {
    let mut mix = Bill::default();
    for (counts, (_, per_mille)) in sample.iter().zip(KINDS) {
        let part = bill(counts, design, messages * per_mille);
        for (sum, line) in mix.0.iter_mut().zip(part.0) {
            *sum += scaled(line, 1, 1_000);
        }
    }
    mix
}

/// Rounded to the nearest.
pub(super) fn scaled(amount: Pico, by: u128, of: u128) -> Pico {
    let of = of.max(1);
    (amount * by + of / 2) / of
}

/// Invocations of a function.
pub(super) fn invocations(count: u64, milliseconds: u64, megabytes: u64) -> Pico {
    let mb_ms = u128::from(milliseconds) * u128::from(megabytes);
    p::LAMBDA_INVOCATION * u128::from(count) + scaled(p::LAMBDA_GB_SECOND, mb_ms, 1_024 * 1_000)
}

/// Requests that SQS bills for a send of that many messages and bytes.
pub(super) fn billed_sends(messages: u64, bytes: u64) -> u64 {
    messages.div_ceil(p::SQS_BATCH_MAX).max(bytes.div_ceil(p::SQS_BILLED_BYTES))
}

fn ours(counts: &Counts) -> [Pico; LINES.len()] {
    let of = |name: &str| counts.of(name);
    let sqs = |requests: u64| p::SQS_REQUEST * u128::from(requests);
    let event_ms = |events: u64, operations: &[&str]| {
        events * p::EVENT_MS + counts.commits(operations) * p::TRANSACTION_MS
    };
    let dispatches = of("dispatches");
    let dispatch_ms = of("dispatches, ms") + dispatches * p::DISPATCH_EXTRA_MS;
    let (applied, paid) = (of("updates: invocations"), of("refunds: invocations"));
    let (woken, refunded) = (of("wake-ups: sends"), of("refunds: sends"));
    [
        p::SCHEDULER_INVOCATION * u128::from(of("schedules")) + p::EVENT * u128::from(of("events")),
        sqs(woken + of("wake-ups: receives") + of("wake-ups: deletes")),
        invocations(dispatches, dispatch_ms, p::WORKER_MEMORY_MB),
        sqs(of("updates: receives") + of("updates: deletes")),
        invocations(applied, event_ms(applied, &APPLYING), p::WORKER_MEMORY_MB),
        sqs(refunded + of("refunds: receives") + of("refunds: deletes"))
            + invocations(paid, event_ms(paid, &PAYING), p::WORKER_MEMORY_MB),
        logs(dispatches + applied + paid, dispatches),
        network(counts),
        api_requests(of("API requests")),
        meta_posts(of("statuses"), p::HTTP_API_REQUEST),
    ]
}

fn naive(counts: &Counts) -> [Pico; LINES.len()] {
    let (messages, sends) = (counts.of("messages"), counts.of("attempts"));
    let (statuses, refunds) = (counts.of("statuses"), counts.of("refunds paid"));
    let small = |count: u64| invocations(count, count * p::NAIVE_SMALL_MS, p::NAIVE_MEMORY_MB);
    let sqs = |requests: u64| p::SQS_REQUEST * u128::from(requests);
    [
        p::SCHEDULER_INVOCATION * u128::from(messages),
        sqs(3 * sends),
        invocations(sends, sends * p::NAIVE_SEND_MS, p::NAIVE_MEMORY_MB),
        sqs(2 * statuses),
        small(statuses),
        sqs(3 * refunds) + small(refunds),
        logs(sends + statuses + refunds, sends),
        network(counts),
        api_requests(messages),
        meta_posts(statuses, p::HTTP_API_REQUEST),
    ]
}

fn statuses_alone(counts: &Counts) -> Counts {
    let mut alone = counts.clone();
    for requests in ["receives", "deletes", "invocations"] {
        alone.set(&format!("updates: {requests}"), counts.of("statuses"));
    }
    alone
}

fn logs(invocations: u64, dispatches: u64) -> Pico {
    let bytes = invocations * p::LOG_BYTES_AN_INVOCATION + dispatches * p::LOG_BYTES_A_DISPATCH;
    p::LOG_BYTE * u128::from(bytes)
}

fn api_requests(requests: u64) -> Pico {
    let logs = requests * (p::LOG_BYTES_A_REQUEST + p::LOG_BYTES_AN_INVOCATION);
    p::HTTP_API_REQUEST * u128::from(requests)
        + invocations(requests, requests * p::ACCEPT_MS, p::MEMORY_MB)
        + p::LOG_BYTE * u128::from(logs)
}

/// Meta's POSTs at that price each, with their message to the queue.
pub(super) fn meta_posts(posts: u64, price: Pico) -> Pico {
    let access_log = if price == p::FUNCTION_URL_REQUEST { 0 } else { p::LOG_BYTES_A_REQUEST };
    (price + p::SQS_REQUEST) * u128::from(posts)
        + invocations(posts, posts * p::WEBHOOK_MS, p::MEMORY_MB)
        + p::LOG_BYTE * u128::from(posts * (access_log + p::LOG_BYTES_AN_INVOCATION))
}

/// What is sent to Meta as measured, with what TLS and TCP add. It leaves by IPv6, without a NAT; what comes in, and calls to
/// AWS in the same region, cost nothing.
fn network(counts: &Counts) -> Pico {
    // A function that slept has lost its connection, so every dispatch opens one at least.
    let connections = counts.of("connections to Meta").max(counts.of("dispatches"));
    let around = counts.of("attempts") * p::WIRE_BYTES_AN_EXCHANGE + connections * p::WIRE_BYTES_A_CONNECTION;
    let up = counts.of("bytes to Meta");
    p::EGRESS_BYTE * u128::from(up + around / 2)
}
