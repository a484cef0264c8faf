//! The audit: the invariants as SQL, and the sandbox's acceptances compared with the ledger.

use std::collections::HashMap;

use domain::{AttemptId, MessageId, SystemAct};
use jiff::Timestamp;
use serde::Deserialize;
use store::operators::audit::{self, Finding, Sums};
use store::testing::audit::{self as states, Ledgered};
use store::{Store, StoreError, SystemOperation, SystemTx};

use crate::error::LocalError;

/// One message that the sandbox accepted.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Acceptance {
    pub attempt_id: Option<String>,
    /// Meta's id of it.
    pub wamid: String,
    pub to: String,
    pub time: Timestamp,
}

#[derive(Deserialize)]
struct AcceptancePage {
    acceptances: Vec<Acceptance>,
    next: u64,
    more: bool,
}

#[derive(Clone, Debug)]
pub struct Books {
    /// Every invariant with its violations.
    pub findings: Vec<Finding>,
    pub sums: Sums,
    /// The number of messages in each state.
    pub states: Vec<(String, i64)>,
    /// Every attempt with its message's debit.
    pub ledgered: Vec<Ledgered>,
}

/// Everything that the sandbox accepted since it started.
pub async fn acceptances(sandbox_url: &str) -> Result<Vec<Acceptance>, LocalError> {
    let http = reqwest::Client::builder().timeout(std::time::Duration::from_secs(10)).build()?;
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let answer =
            http.get(format!("{sandbox_url}/sandbox/acceptances")).query(&[("after", after)]).send().await?;
        let page: AcceptancePage = answer.error_for_status()?.json().await?;
        all.extend(page.acceptances);
        after = page.next;
        if !page.more {
            return Ok(all);
        }
    }
}

/// Reads the database's side.
pub async fn books(store: &Store, now: Timestamp, at_rest: bool) -> Result<Books, StoreError> {
    store.perform_system(&SystemAct::at(now), &ReadBooks { at_rest }).await
}

struct ReadBooks {
    at_rest: bool,
}

impl SystemOperation for ReadBooks {
    const NAME: &'static str = "audit";
    type Done = Books;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<Books, StoreError> {
        Ok(Books {
            findings: audit::findings(tx, self.at_rest).await?,
            sums: audit::sums(tx).await?,
            states: states::states(tx).await?,
            ledgered: states::ledgered(tx).await?,
        })
    }
}

/// Compares the acceptances with the ledger: I11, I12, I15, and that each belongs to an attempt.
pub fn compare(books: &Books, acceptances: &[Acceptance]) -> Vec<Finding> {
    let attempts: HashMap<AttemptId, &Ledgered> =
        books.ledgered.iter().map(|row| (row.attempt_id, row)).collect();
    let (mut strangers, mut undebited, mut late, mut early) = (0, 0, 0, 0);
    let mut accepted: HashMap<MessageId, i64> = HashMap::new();
    for acceptance in acceptances {
        let attempt = acceptance.attempt_id.as_ref().and_then(|text| text.parse().ok()).map(AttemptId);
        let Some(row) = attempt.and_then(|attempt| attempts.get(&attempt)) else {
            strangers += 1;
            continue;
        };
        *accepted.entry(row.message_id).or_default() += 1;
        undebited += i64::from(row.debits != 1);
        late += i64::from(row.debited_at.is_none_or(|debited_at| debited_at > acceptance.time));
        early += i64::from(acceptance.time < row.due_at);
    }
    let twice = i64::try_from(accepted.values().filter(|count| **count > 1).count()).unwrap_or(i64::MAX);
    [
        ("I11 no message was accepted twice", twice),
        ("I12 every acceptance has one debit", undebited),
        ("I12 every acceptance was debited before, by Meta's clock", late),
        ("I15 no message was accepted early, by Meta's clock", early),
        ("every acceptance is of an attempt of ours", strangers),
    ]
    .into_iter()
    .map(|(invariant, violations)| Finding { invariant, violations })
    .collect()
}
