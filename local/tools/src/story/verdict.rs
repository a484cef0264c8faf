//! The verdict: every outcome as documented, every invariant holds, Meta's side and ours the same.

use serde_json::Value;
use store::operators::audit::Finding;

use crate::story::backend::Backend;
use crate::story::outcome::outcomes;
use crate::story::scenario::{Scenario, all};
use crate::story::tables;
use tidings::audit;
use tidings::error::LocalError;

/// Shows everything; `true` when the audit is clean.
pub(crate) async fn judge(
    messages: &[Value],
    scenario: &Scenario,
    backend: Option<&Backend<'_>>,
    was_killed: bool,
) -> Result<bool, LocalError> {
    let outcomes = outcomes(messages, was_killed);
    tables::outcomes(&outcomes);
    let mut findings = vec![Finding {
        invariant: "every accepted message is there",
        violations: i64::try_from(scenario.len().abs_diff(messages.len())).unwrap_or(i64::MAX),
    }];
    match backend {
        Some(backend) => {
            let books = audit::books(backend.store, domain::Clock::System.now(), true).await?;
            findings.extend(books.findings.iter().cloned());
            findings.extend(audit::compare(&books, &audit::acceptances(&backend.sandbox_url).await?));
            tables::sums(&books.sums);
        }
        None => findings.extend(ledgers_by_api(scenario).await?),
    }
    tables::findings(&findings);
    let is_clean = outcomes.iter().all(|outcome| outcome.unexpected == 0)
        && findings.iter().all(|finding| finding.violations == 0);
    tables::verdict(is_clean);
    Ok(is_clean)
}

/// The invariants that the API shows, where the database cannot be reached: each tenant's ledger, added up.
async fn ledgers_by_api(scenario: &Scenario) -> Result<Vec<Finding>, LocalError> {
    let (mut unequal, mut broken) = (0, 0);
    for tenant in &scenario.tenants {
        let entries = all(&tenant.client, "/billing/ledger").await?;
        let balance = tenant.client.get("/billing/balance").await?.success()?;
        let money = |value: Option<&Value>| {
            let text = value.and_then(Value::as_str).unwrap_or_default();
            text.parse::<domain::Money>().map_or(0, domain::Money::micros)
        };
        let sum: i64 = entries.iter().map(|entry| money(entry.get("amount"))).sum();
        unequal += i64::from(sum != money(balance.get("balance")));
        let oldest_first: Vec<&Value> = entries.iter().rev().collect();
        let mut balance_before = 0;
        for entry in oldest_first {
            let after = money(entry.get("balanceAfter"));
            broken += i64::from(balance_before + money(entry.get("amount")) != after);
            balance_before = after;
        }
    }
    Ok(vec![
        Finding { invariant: "I1 balance is the sum of its entries", violations: unequal },
        Finding { invariant: "I1 entries form a chain without gaps", violations: broken },
    ])
}
