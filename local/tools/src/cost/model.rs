//! The price of a number of messages, from what a counted run used: ours, and the naive design's beside it.
//!
//! The naive design has one schedule, one queue message and one invocation for every send, one queue message and one
//! invocation for every status and for every refund. Whatever both do (accepting, logs per invocation, bytes to Meta) is
//! reckoned by the same rules with the same prices, and where they differ in doubt the doubt is ours to pay: our functions
//! have twice the memory, and the naive ones keep their connections to Meta as ours do.

use super::counts::{Counts, Kind, Sample};
use super::pico::Pico;
use super::prices as p;

/// Transactions of the function that applies statuses.
const APPLYING: [&str; 3] = ["number_owners", "apply_statuses", "store_unhandled"];
/// Transactions of the function that pays refunds.
const PAYING: [&str; 1] = ["refund"];

/// What a design costs, line by line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// The API request that hands a message over: the same in both designs as long as each message is one request.
    pub door: Pico,
    /// Schedules.
    pub schedules: Pico,
    /// Queue requests that bring a dispatch about.
    pub wake_queue: Pico,
    /// Sending.
    pub dispatch: Pico,
    /// Receiving and deleting statuses.
    pub status_queue: Pico,
    /// Applying them.
    pub status_apply: Pico,
    /// Refunds, queue and function.
    pub refunds: Pico,
    /// Logs behind the door.
    pub logs: Pico,
    /// Bytes through the NAT and out.
    pub network: Pico,
    /// Meta's POSTs, one status each: HTTP API, function, one send to SQS, logs.
    pub posts: Pico,
}

impl Bill {
    /// What the design is answerable for: neither the caller's requests nor Meta's.
    pub fn behind_the_doors(&self) -> Pico {
        self.lines().into_iter().map(|(_, amount)| amount).sum()
    }

    /// The same with the request that hands a message over.
    pub fn with_the_door(&self) -> Pico {
        self.behind_the_doors() + self.door
    }

    /// Everything.
    pub fn whole(&self) -> Pico {
        self.with_the_door() + self.posts
    }

    /// The lines behind the doors.
    pub fn lines(&self) -> [(&'static str, Pico); 8] {
        [
            ("schedules", self.schedules),
            ("wake-up queue", self.wake_queue),
            ("dispatch", self.dispatch),
            ("status queue, out", self.status_queue),
            ("statuses applied", self.status_apply),
            ("refunds", self.refunds),
            ("logs", self.logs),
            ("NAT and egress", self.network),
        ]
    }

    fn map(mut self, each: impl Fn(Pico) -> Pico) -> Self {
        for line in self.all() {
            *line = each(*line);
        }
        self
    }

    fn all(&mut self) -> [&mut Pico; 10] {
        let Self {
            door,
            schedules,
            wake_queue,
            dispatch,
            status_queue,
            status_apply,
            refunds,
            logs,
            network,
            posts,
        } = self;
        [door, schedules, wake_queue, dispatch, status_queue, status_apply, refunds, logs, network, posts]
    }

    fn plus(mut self, mut other: Self) -> Self {
        for (line, more) in self.all().into_iter().zip(other.all()) {
            *line += *more;
        }
        self
    }
}

/// A way of doing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Design {
    /// As counted.
    Ours,
    /// As counted, but every status in a queue message that is received, deleted and applied alone: the worst that SQS and
    /// its pollers can do.
    OursUnpacked,
    /// One schedule, one queue message, one invocation each.
    Naive,
}

/// What so many messages of one kind cost.
pub fn bill(counts: &Counts, design: Design, messages: u64) -> Bill {
    let counted = match design {
        Design::Ours => ours(counts),
        Design::OursUnpacked => ours(&unpacked(counts)),
        Design::Naive => naive(counts),
    };
    counted.map(|line| line.scaled(u128::from(messages), u128::from(counts.messages)))
}

/// What so many messages of the mix cost.
pub fn mixed(sample: &Sample, design: Design, messages: u64) -> Bill {
    let part = |kind: Kind| bill(sample.of(kind), design, messages * kind.per_mille()).map(thousandth);
    Kind::ALL.into_iter().map(part).fold(Bill::default(), Bill::plus)
}

fn thousandth(amount: Pico) -> Pico {
    amount.scaled(1, 1_000)
}

/// Invocations with so many milliseconds and megabytes.
pub fn run(invocations: u64, milliseconds: u64, megabytes: u64) -> Pico {
    let mb_ms = u128::from(milliseconds) * u128::from(megabytes);
    p::LAMBDA_INVOCATION * invocations + p::LAMBDA_GB_SECOND.scaled(mb_ms, 1_024 * 1_000)
}

/// Requests that are billed for a call with so many messages of so many bytes in all.
pub fn billed_sends(messages: u64, bytes: u64) -> u64 {
    messages.div_ceil(p::SQS_BATCH_MAX).max(bytes.div_ceil(p::SQS_BILLED_BYTES))
}

fn ours(counts: &Counts) -> Bill {
    let Counts { dispatches, wake_ups, updates, refunds, .. } = counts;
    let dispatch_ms = dispatches.milliseconds + dispatches.count * p::DISPATCH_EXTRA_MS;
    let (applied, paid) = (updates.invocations.count, refunds.invocations.count);
    let event_ms = |events: u64, operations: &[&str]| {
        events * p::EVENT_MS + counts.committed_of(operations) * p::TRANSACTION_MS
    };
    let invocations = dispatches.count + applied + paid;
    let from_the_vpc = wake_ups.sends + refunds.sends + counts.schedules + counts.events;
    Bill {
        door: door(counts.accepts.count),
        schedules: p::SCHEDULER_INVOCATION * counts.schedules + p::EVENT * counts.events,
        wake_queue: p::SQS_REQUEST * (wake_ups.sends + wake_ups.taking()),
        dispatch: run(dispatches.count, dispatch_ms, p::MEMORY_MB),
        status_queue: p::SQS_REQUEST * updates.taking(),
        status_apply: run(applied, event_ms(applied, &APPLYING), p::MEMORY_MB),
        refunds: p::SQS_REQUEST * (refunds.sends + refunds.taking())
            + run(paid, event_ms(paid, &PAYING), p::MEMORY_MB),
        logs: logs(invocations, dispatches.count),
        network: network(counts, from_the_vpc),
        posts: posts(counts.statuses, p::HTTP_API_REQUEST),
    }
}

fn naive(counts: &Counts) -> Bill {
    let Counts { messages, statuses, .. } = *counts;
    let (sends, refunds) = (counts.rows.attempts, counts.rows.refunds);
    let small = |count: u64| run(count, count * p::NAIVE_SMALL_MS, p::NAIVE_MEMORY_MB);
    Bill {
        door: door(messages),
        schedules: p::SCHEDULER_INVOCATION * messages,
        wake_queue: p::SQS_REQUEST * (3 * sends),
        dispatch: run(sends, sends * p::NAIVE_SEND_MS, p::NAIVE_MEMORY_MB),
        status_queue: p::SQS_REQUEST * (2 * statuses),
        status_apply: small(statuses),
        refunds: p::SQS_REQUEST * (3 * refunds) + small(refunds),
        logs: logs(sends + statuses + refunds, sends),
        network: network(counts, messages + refunds),
        posts: posts(statuses, p::HTTP_API_REQUEST),
    }
}

fn logs(invocations: u64, dispatches: u64) -> Pico {
    p::LOG_BYTE * (invocations * p::LOG_BYTES_AN_INVOCATION + dispatches * p::LOG_BYTES_A_MEASUREMENT)
}

/// Every status alone.
fn unpacked(counts: &Counts) -> Counts {
    let mut alone = counts.clone();
    let statuses = counts.statuses;
    alone.updates.receives = statuses;
    alone.updates.deletes = statuses;
    alone.updates.invocations.count = statuses;
    alone
}

fn door(requests: u64) -> Pico {
    let logs = requests * (p::LOG_BYTES_A_REQUEST + p::LOG_BYTES_AN_INVOCATION);
    p::HTTP_API_REQUEST * requests + run(requests, requests * p::ACCEPT_MS, p::MEMORY_MB) + p::LOG_BYTE * logs
}

/// Meta's POSTs, handed to the queue.
pub fn posts(posts: u64, door: Pico) -> Pico {
    let logs = if door == p::FUNCTION_URL_REQUEST { 0 } else { p::LOG_BYTES_A_REQUEST };
    (door + p::SQS_REQUEST) * posts
        + run(posts, posts * p::WEBHOOK_MS, p::MEMORY_MB)
        + p::LOG_BYTE * (posts * (logs + p::LOG_BYTES_AN_INVOCATION))
}

/// Exchanges with Meta as they were measured, with what TLS and TCP add, and calls to AWS that leave the VPC.
fn network(counts: &Counts, aws_calls: u64) -> Pico {
    let (wire, exchanges) = (&counts.graph, counts.rows.attempts);
    // A function that slept has lost its connection, so every dispatch opens one at least.
    let connections = wire.connections.max(counts.dispatches.count);
    let around = exchanges * p::WIRE_BYTES_AN_EXCHANGE + connections * p::WIRE_BYTES_A_CONNECTION;
    let through = wire.bytes_up + wire.bytes_down + around + aws_calls * p::WIRE_BYTES_AN_AWS_CALL;
    p::NAT_BYTE * through + p::EGRESS_BYTE * (wire.bytes_up + around / 2)
}

#[cfg(test)]
mod tests;
