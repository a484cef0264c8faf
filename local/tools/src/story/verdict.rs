//! The judgement: every recipient's outcome as documented, the books in order, Meta's side and ours the same.

use serde_json::Value;
use store::testing::audit::Finding;

use crate::story::behind::Behind;
use crate::story::cast::{Cast, MAGIC};
use crate::story::tables;
use tidings::audit;
use tidings::error::LocalError;

/// What may become of a message to a recipient: its status, and whether it is refunded (`None`: either is right).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected {
    /// The last two digits, or all others.
    pub recipient: &'static str,
    /// In words.
    pub story: &'static str,
    status: &'static str,
    is_refunded: Option<bool>,
}

const fn expect(
    recipient: &'static str,
    story: &'static str,
    status: &'static str,
    is_refunded: Option<bool>,
) -> Expected {
    Expected { recipient, story, status, is_refunded }
}

const EXPECTED: [Expected; 11] = [
    expect(MAGIC[0], "sent, delivered, read", "READ", Some(false)),
    expect(MAGIC[1], "sent, then failed: refunded", "FAILED", Some(true)),
    expect(MAGIC[2], "accepted, then silence", "ACCEPTED", Some(false)),
    expect(MAGIC[3], "the answer is lost, its statuses find it", "READ", Some(false)),
    expect(MAGIC[4], "throttled twice, then accepted", "READ", Some(false)),
    expect(MAGIC[5], "refused: refunded", "FAILED", Some(true)),
    expect(MAGIC[6], "statuses doubled and out of order", "READ", Some(false)),
    expect(MAGIC[7], "the status overtakes the answer", "READ", Some(false)),
    // Nobody promises the order of two webhooks: whoever is heard first decides about the refund, never about the status.
    expect(MAGIC[8], "delivered, then failed: delivered", "DELIVERED", None),
    expect(MAGIC[9], "failed, then delivered: delivered", "DELIVERED", None),
    expect("others", "sent, delivered, read", "READ", Some(false)),
];

/// What became of one recipient's messages.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// What was to be expected.
    pub expected: Expected,
    /// How many messages.
    pub messages: usize,
    /// Each status that they ended in, with how many.
    pub statuses: Vec<(String, usize)>,
    /// How many were refunded.
    pub refunded: usize,
    /// How many ended otherwise than documented.
    pub off: usize,
}

/// Shows everything; `true` when nothing is off.
pub(crate) async fn judge(
    messages: &[Value],
    cast: &Cast,
    behind: Option<&Behind<'_>>,
    was_killed: bool,
) -> Result<bool, LocalError> {
    let outcomes = outcomes(messages, was_killed);
    tables::outcomes(&outcomes);
    let mut findings = vec![Finding {
        invariant: "every message that was taken is there",
        violations: i64::try_from(cast.len().abs_diff(messages.len())).unwrap_or(i64::MAX),
    }];
    match behind {
        Some(behind) => {
            let books = audit::books(behind.store, domain::Clock::System.now(), true).await?;
            findings.extend(books.findings.iter().cloned());
            findings.extend(audit::compare(&books, &audit::acceptances(&behind.sandbox_url).await?));
            tables::sums(&books.sums);
        }
        None => findings.extend(shown_books(cast).await?),
    }
    tables::findings(&findings);
    let is_clean = outcomes.iter().all(|outcome| outcome.off == 0)
        && findings.iter().all(|finding| finding.violations == 0);
    tables::verdict(is_clean);
    Ok(is_clean)
}

fn outcomes(messages: &[Value], was_killed: bool) -> Vec<Outcome> {
    let of = |message: &&Value, expected: &Expected| {
        let to = message.get("to").and_then(Value::as_str).unwrap_or_default();
        if MAGIC.contains(&to) { to == expected.recipient } else { expected.recipient == "others" }
    };
    EXPECTED
        .into_iter()
        .map(|expected| {
            let its: Vec<&Value> = messages.iter().filter(|message| of(message, &expected)).collect();
            outcome(expected, &its, was_killed)
        })
        .collect()
}

fn outcome(expected: Expected, messages: &[&Value], was_killed: bool) -> Outcome {
    let status =
        |message: &Value| message.get("status").and_then(Value::as_str).unwrap_or_default().to_owned();
    let is_refunded = |message: &Value| message.get("refund").is_some();
    let mut statuses: Vec<(String, usize)> = Vec::new();
    let (mut refunded, mut off) = (0, 0);
    for message in messages {
        let status = status(message);
        refunded += usize::from(is_refunded(message));
        let as_told =
            status == expected.status && expected.is_refunded.is_none_or(|due| due == is_refunded(message));
        // A process that died around a call cannot know whether it was made: refunded at the horizon, whatever came after.
        let as_killed =
            was_killed && is_refunded(message) && (status == "UNRESOLVED" || status == expected.status);
        off += usize::from(!as_told && !as_killed);
        match statuses.iter_mut().find(|(known, _)| *known == status) {
            Some((_, count)) => *count += 1,
            None => statuses.push((status, 1)),
        }
    }
    Outcome { expected, messages: messages.len(), statuses, refunded, off }
}

/// What the API shows of the books, where the database cannot be asked: each tenant's ledger, added up.
async fn shown_books(cast: &Cast) -> Result<Vec<Finding>, LocalError> {
    let (mut unequal, mut broken) = (0, 0);
    for tenant in &cast.tenants {
        let entries = super::cast::all(&tenant.client, "/billing/ledger").await?;
        let balance = tenant.client.get("/billing/balance").await?.success()?;
        let money = |value: Option<&Value>| {
            let text = value.map(Value::to_string).unwrap_or_default();
            text.parse::<domain::Money>().map_or(0, domain::Money::micros)
        };
        let sum: i64 = entries.iter().map(|entry| money(entry.get("amount"))).sum();
        unequal += i64::from(sum != money(balance.get("balance")));
        let oldest_first: Vec<&Value> = entries.iter().rev().collect();
        let mut before = 0;
        for entry in oldest_first {
            let after = money(entry.get("balanceAfter"));
            broken += i64::from(before + money(entry.get("amount")) != after);
            before = after;
        }
    }
    Ok(vec![
        Finding { invariant: "I1 balance is the sum of its entries", violations: unequal },
        Finding { invariant: "I1 entries form a chain without gaps", violations: broken },
    ])
}
