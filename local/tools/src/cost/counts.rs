//! What a counted run used of the cloud.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a kind of messages used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Counts {
    /// Messages that were accepted.
    pub messages: u64,
    /// What their acceptance took.
    pub accepts: Calls,
    /// Schedules that were made.
    pub schedules: u64,
    /// Dispatches, by a schedule or from the queue.
    pub dispatches: Calls,
    /// Events that were put on the bus.
    pub events: u64,
    /// The queue of wake-ups.
    pub wake_ups: QueueCounts,
    /// The queue of updates.
    pub updates: QueueCounts,
    /// The queue of refunds.
    pub refunds: QueueCounts,
    /// POSTs from Meta, as the sandbox packed them.
    pub webhooks: Calls,
    /// Statuses in them.
    pub statuses: u64,
    /// The way to Meta.
    pub graph: Wire,
    /// Rows that are there afterwards.
    pub rows: Rows,
    /// Committed transactions, by operation.
    pub transactions: BTreeMap<String, u64>,
}

/// Invocations or requests, and how long they took here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Calls {
    /// How many.
    pub count: u64,
    /// How long in all, in milliseconds, on the machine that counted.
    pub milliseconds: u64,
}

/// What one queue was asked, in requests as SQS bills them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QueueCounts {
    /// Messages that were put on it.
    pub messages: u64,
    /// Requests to send them.
    pub sends: u64,
    /// Requests that received something.
    pub receives: u64,
    /// Requests to delete.
    pub deletes: u64,
    /// Invocations of its function.
    pub invocations: Calls,
}

/// Bytes and connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Wire {
    /// Connections that were opened.
    pub connections: u64,
    /// Bytes to Meta.
    pub bytes_up: u64,
    /// Bytes from Meta.
    pub bytes_down: u64,
}

/// Rows in Postgres.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rows {
    /// Messages.
    pub messages: u64,
    /// Attempts to send one.
    pub attempts: u64,
    /// Entries of the ledger: debits and refunds.
    pub ledger_entries: u64,
    /// Of these, refunds.
    pub refunds: u64,
}

/// How messages come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Many of a tenant, due in the same minute.
    Campaign,
    /// One, now, with nobody else's near it.
    Single,
    /// One, later, in a minute of its own.
    Scheduled,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Campaign, Self::Single, Self::Scheduled];

    /// As in a table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Campaign => "campaign",
            Self::Single => "single, now",
            Self::Scheduled => "single, scheduled",
        }
    }

    /// Its part of the mix that is priced, in thousandths.
    pub const fn per_mille(self) -> u64 {
        match self {
            Self::Campaign => 900,
            Self::Single => 80,
            Self::Scheduled => 20,
        }
    }
}

/// A counted run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sample {
    /// Messages of campaigns.
    pub campaign: Counts,
    /// Messages on their own, now.
    pub single: Counts,
    /// Messages on their own, later.
    pub scheduled: Counts,
}

impl Sample {
    /// The counts of a kind.
    pub const fn of(&self, kind: Kind) -> &Counts {
        match kind {
            Kind::Campaign => &self.campaign,
            Kind::Single => &self.single,
            Kind::Scheduled => &self.scheduled,
        }
    }

    /// The counts of a kind, to be written.
    pub const fn of_mut(&mut self, kind: Kind) -> &mut Counts {
        match kind {
            Kind::Campaign => &mut self.campaign,
            Kind::Single => &mut self.single,
            Kind::Scheduled => &mut self.scheduled,
        }
    }
}

impl QueueCounts {
    /// Requests without the sends.
    pub const fn taking(&self) -> u64 {
        self.receives + self.deletes
    }
}
