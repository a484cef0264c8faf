//! What Meta makes of an account by itself: its state, its token, and what it is told of.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, OrderError, check_copies, check_delay, choose, read, updates};
use crate::account::{Account, AccountState, Scope, TokenState};
use crate::clock;
use crate::record::{FieldNews, News, Record};
use crate::sandbox::Sandbox;

/// How long an ordered restriction says that it lasts: a week.
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
    /// Value of `account_update`: its `event` and whatever comes with it.
    update: Option<Value>,
    copies: Option<u64>,
    #[serde(default)]
    delay_ms: u64,
}

/// `POST /sandbox/accounts`: changes an account, and tells the receiver.
pub(super) async fn change(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Answer {
    let order: AccountOrder = read(&body)?;
    check_delay(order.delay_ms)?;
    let copies = check_copies(order.copies)?;
    if order.update.as_ref().is_some_and(|update| !update.get("event").is_some_and(Value::is_string)) {
        return Err(OrderError::bad("`update` must be an object with `event`"));
    }
    let now = clock::now_ms();
    let shown = sandbox
        .commit(|world| {
            let before = choose(world, order.waba_id.as_deref(), None)?;
            let account = Account {
                state: order.state.unwrap_or(before.state),
                token_state: order.token.unwrap_or(before.token_state),
                scopes: order.scopes.clone().unwrap_or_else(|| before.scopes.clone()),
                ..Account::clone(&before)
            };
            let news = told(&before, &order, now);
            let updates = updates(&sandbox, world, &account, (news, copies, now + order.delay_ms));
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
    sandbox.queued.notify_one();
    Ok(Json(shown))
}

/// What the receiver hears of an order; of a token and of scopes Meta tells nothing.
fn told(before: &Account, order: &AccountOrder, now: u64) -> Vec<News> {
    let mut news = Vec::new();
    let mut tell = |field: &str, value: Value| {
        news.push(News::Field(FieldNews { waba_id: before.waba_id.clone(), field: field.to_owned(), value }));
    };
    let moved = order.state.filter(|state| *state != before.state);
    if let Some(value) = moved.and_then(|state| state_news(before.state, state, now)) {
        tell("account_update", value);
    }
    if let Some(decision) = &order.review {
        tell("account_review_update", json!({ "decision": decision }));
    }
    if let Some(capability) = &order.capability {
        tell("business_capability_update", capability.clone());
    }
    if let Some(alert) = &order.alert {
        let value = json!({
            "entity_type": "BUSINESS", "entity_id": before.business_id, "alert_info": alert,
        });
        tell("account_alerts", value);
    }
    if let Some(update) = &order.update {
        tell("account_update", update.clone());
    }
    news
}

/// `account_update` about a state that was left or entered, where Meta has one.
fn state_news(before: AccountState, now_in: AccountState, now: u64) -> Option<Value> {
    let ban = |word: &str| {
        let info = json!({ "waba_ban_state": word, "waba_ban_date": clock::long_date(now) });
        json!({ "event": "DISABLED_UPDATE", "ban_info": info })
    };
    match (before, now_in) {
        (_, AccountState::Locked) => Some(ban("DISABLE")),
        (_, AccountState::Restricted) => {
            let info = json!({
                "restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING",
                "expiration": (now + RESTRICTION_MS) / 1_000,
            });
            Some(json!({ "event": "ACCOUNT_RESTRICTION", "restriction_info": [info] }))
        }
        (AccountState::Locked, AccountState::Active) => Some(ban("REINSTATE")),
        // A restriction that is told without any is lifted.
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
