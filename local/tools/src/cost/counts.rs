//! What a counted run used of the cloud.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The three kinds of messages, with their share of the mix in thousandths.
pub(super) const KINDS: [(&str, u64); 3] =
    [("campaign", 900), ("single, now", 80), ("single, scheduled", 20)];

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Sample {
    /// Many of a tenant, due in the same minute.
    pub campaign: Counts,
    /// One at a time, now.
    pub single: Counts,
    /// One at a time, later.
    pub scheduled: Counts,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Counts {
    pub messages: u64,
    /// Requests that accepted a message.
    pub requests: Calls,
    pub schedules: u64,
    /// By a schedule or from the queue.
    pub dispatches: Calls,
    /// On the event bus.
    pub events: u64,
    pub wake_ups: QueueCounts,
    pub updates: QueueCounts,
    pub refunds: QueueCounts,
    /// POSTs from Meta, as the sandbox packed them.
    pub webhooks: Calls,
    pub statuses: u64,
    /// To Meta, like the bytes.
    pub connections: u64,
    pub bytes_up: u64,
    pub bytes_down: u64,
    pub attempts: u64,
    /// Debits and refunds.
    pub ledger_entries: u64,
    pub refunds_paid: u64,
    /// Commits, by operation.
    pub transactions: BTreeMap<String, u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Calls {
    pub count: u64,
    /// In all, on the machine that counted.
    pub milliseconds: u64,
}

/// Requests as SQS bills them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct QueueCounts {
    pub sends: u64,
    /// That received something.
    pub receives: u64,
    pub deletes: u64,
    pub invocations: Calls,
}

impl Sample {
    /// In the order of [`KINDS`].
    pub fn all(&self) -> [&Counts; 3] {
        [&self.campaign, &self.single, &self.scheduled]
    }
}

impl Counts {
    /// Commits of these operations.
    pub fn committed(&self, operations: &[&str]) -> u64 {
        operations.iter().filter_map(|name| self.transactions.get(*name)).sum()
    }
}

impl QueueCounts {
    pub fn receives_and_deletes(&self) -> u64 {
        self.receives + self.deletes
    }
}
