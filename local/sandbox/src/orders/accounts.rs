//! `POST /sandbox/accounts`: Meta changes an account or its token, or reports something about it.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::order::{Answer, OrderError, check_copies, check_delay, choose_account, read, updates};
use crate::account::{Account, AccountState, Scope, TokenState};
use crate::clock;
use crate::record::Record;
use crate::sandbox::Sandbox;
use crate::update::Notice;

/// Duration in the notice of a restriction: a week.
const RESTRICTION_MS: u64 = 7 * 86_400_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AccountOrder {
    waba_id: Option<String>,
    state: Option<AccountState>,
    token: Option<TokenState>,
    scopes: Option<Vec<Scope>>,
    /// `decision` of `account_review_update`.
    review: Option<String>,
    /// Value of `business_capability_update`.
    capability: Option<Value>,
    /// `alert_info` of `account_alerts`.
    alert: Option<Value>,
    /// Value of `account_update`, with its `event`.
    update: Option<Value>,
    copies: Option<u64>,
    #[serde(default)]
    delay_ms: u64,
}

pub(super) async fn change(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Answer {
    let order: AccountOrder = read(&body)?;
    check_delay(order.delay_ms)?;
    let copies = check_copies(order.copies)?;
    if order.update.as_ref().is_some_and(|update| !update.get("event").is_some_and(Value::is_string)) {
        return Err(OrderError::invalid("`update` must be an object with `event`"));
    }
    let now_ms = sandbox.now_ms();
    let shown = sandbox
        .commit(|state| {
            let before = choose_account(state, order.waba_id.as_deref(), None)?;
            let account = Account {
                state: order.state.unwrap_or(before.state),
                token_state: order.token.unwrap_or(before.token_state),
                scopes: order.scopes.clone().unwrap_or_else(|| before.scopes.clone()),
                ..Account::clone(&before)
            };
            let notices = notices(&before, &order, now_ms);
            let updates = updates(&sandbox, state, &account, (notices, copies, now_ms + order.delay_ms));
            let shown = json!({
                "wabaId": account.waba_id,
                "state": account.state,
                "token": account.token_state,
                "scopes": account.scopes,
                "told": !updates.is_empty(),
            });
            Ok::<_, OrderError>((Some(Record::Account { account, updates }), shown))
        })
        .await?;
    Ok(Json(shown))
}

/// Meta reports neither tokens nor scopes.
fn notices(before: &Account, order: &AccountOrder, now_ms: u64) -> Vec<Notice> {
    let mut notices = Vec::new();
    let mut report = |field: &str, value: Value| notices.push(Notice::field(&before.waba_id, field, value));
    let new_state = order.state.filter(|state| *state != before.state);
    if let Some(value) = new_state.and_then(|after| state_change(before.state, after, now_ms)) {
        report("account_update", value);
    }
    if let Some(decision) = &order.review {
        report("account_review_update", json!({ "decision": decision }));
    }
    if let Some(capability) = &order.capability {
        report("business_capability_update", capability.clone());
    }
    if let Some(alert) = &order.alert {
        let value = json!({
            "entity_type": "BUSINESS", "entity_id": before.business_id, "alert_info": alert,
        });
        report("account_alerts", value);
    }
    if let Some(update) = &order.update {
        report("account_update", update.clone());
    }
    notices
}

/// The value of `account_update` about a change of state, where Meta has one.
fn state_change(before: AccountState, after: AccountState, now_ms: u64) -> Option<Value> {
    let ban = |state: &str| {
        let info = json!({ "waba_ban_state": state, "waba_ban_date": clock::long_date(now_ms) });
        json!({ "event": "DISABLED_UPDATE", "ban_info": info })
    };
    match (before, after) {
        (_, AccountState::Locked) => Some(ban("DISABLE")),
        (_, AccountState::Restricted) => {
            let info = json!({
                "restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING",
                "expiration": (now_ms + RESTRICTION_MS) / 1_000,
            });
            Some(json!({ "event": "ACCOUNT_RESTRICTION", "restriction_info": [info] }))
        }
        (AccountState::Locked, AccountState::Active) => Some(ban("REINSTATE")),
        // The event without a restriction lifts the previous one.
        (AccountState::Restricted, AccountState::Active) => Some(json!({ "event": "ACCOUNT_RESTRICTION" })),
        (
            _,
            AccountState::Active
            | AccountState::Unpaid
            | AccountState::Maintenance
            | AccountState::MarketingDisabled,
        ) => None,
    }
}
