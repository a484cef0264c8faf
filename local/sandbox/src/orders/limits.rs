//! `/sandbox/limits`: which of Meta's limits apply.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::{Deserialize, Deserializer};
use serde_json::json;

use super::order::{Answer, OrderError, choose_account, read};
use crate::limits::{PairLimit, Quota, Window};
use crate::sandbox::Sandbox;

/// One limit of an order.
#[derive(Default)]
enum Change<T> {
    /// Absent: the limit stays.
    #[default]
    None,
    /// `null`.
    Off,
    On(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Option::deserialize(from).map(|value| value.map_or(Self::Off, Self::On))
    }
}

impl<T> Change<T> {
    fn apply(self, limit: &mut Option<T>) {
        match self {
            Self::None => {}
            Self::Off => *limit = None,
            Self::On(value) => *limit = Some(value),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LimitsOrder {
    #[serde(default)]
    pair: Change<PairLimit>,
    #[serde(default)]
    per_second: Change<usize>,
    /// `perSecond` applies to this number only.
    phone_number_id: Option<String>,
    #[serde(default)]
    management: Change<Quota>,
    window: Option<Window>,
    templates: Option<usize>,
    registrations: Option<usize>,
}

/// `GET /sandbox/limits`.
pub(super) async fn show(State(sandbox): State<Arc<Sandbox>>) -> Answer {
    Ok(Json(json!(sandbox.state().settings.limits)))
}

/// `POST /sandbox/limits`.
pub(super) async fn change(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Answer {
    let order: LimitsOrder = read(&body)?;
    if matches!(order.pair, Change::On(limit) if limit.every_ms == 0 || limit.burst == 0) {
        return Err(OrderError::invalid("`pair` must have `everyMs` and `burst` above 0"));
    }
    let mut state = sandbox.state();
    if let Some(id) = &order.phone_number_id {
        choose_account(&state, None, Some(id))?;
    }
    let limits = &mut state.settings.limits;
    order.pair.apply(&mut limits.pair);
    order.management.apply(&mut limits.management);
    match order.phone_number_id {
        None => order.per_second.apply(&mut limits.per_second),
        Some(id) => {
            let mut limit = limits.per_second_of.remove(&id);
            order.per_second.apply(&mut limit);
            limits.per_second_of.extend(limit.map(|limit| (id, limit)));
        }
    }
    limits.window = order.window.unwrap_or(limits.window);
    limits.templates = order.templates.unwrap_or(limits.templates);
    limits.registrations = order.registrations.unwrap_or(limits.registrations);
    Ok(Json(json!(limits)))
}
