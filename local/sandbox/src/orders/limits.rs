//! `POST /sandbox/limits`: which of Meta's limits hold, and how tight they are.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::{Deserialize, Deserializer};
use serde_json::json;

use super::{Answer, OrderError, choose, read};
use crate::limits::{Pace, Quota, Window};
use crate::sandbox::Sandbox;

/// What an order says of a limit.
#[derive(Default)]
enum Asked<T> {
    /// Absent: it stays as it is.
    #[default]
    Nothing,
    /// `null`.
    Off,
    On(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Asked<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Option::deserialize(from).map(|value| value.map_or(Self::Off, Self::On))
    }
}

impl<T> Asked<T> {
    fn apply(self, limit: &mut Option<T>) {
        match self {
            Self::Nothing => {}
            Self::Off => *limit = None,
            Self::On(value) => *limit = Some(value),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LimitsOrder {
    #[serde(default)]
    pair: Asked<Pace>,
    #[serde(default)]
    per_second: Asked<usize>,
    /// The one number that `perSecond` is for; all of them without it.
    phone_number_id: Option<String>,
    #[serde(default)]
    management: Asked<Quota>,
    window: Option<Window>,
    templates: Option<usize>,
    registrations: Option<usize>,
}

/// `GET /sandbox/limits`.
pub(super) async fn show(State(sandbox): State<Arc<Sandbox>>) -> Answer {
    Ok(Json(json!(sandbox.world().limits)))
}

/// `POST /sandbox/limits`.
pub(super) async fn change(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Answer {
    let order: LimitsOrder = read(&body)?;
    if matches!(order.pair, Asked::On(pace) if pace.every_ms == 0 || pace.burst == 0) {
        return Err(OrderError::bad("`pair` must have `everyMs` and `burst` above 0"));
    }
    let mut world = sandbox.world();
    if let Some(id) = &order.phone_number_id {
        choose(&world, None, Some(id))?;
    }
    let limits = &mut world.limits;
    order.pair.apply(&mut limits.pair);
    order.management.apply(&mut limits.management);
    match order.phone_number_id {
        None => order.per_second.apply(&mut limits.per_second),
        Some(id) => {
            let mut own = limits.per_second_of.remove(&id);
            order.per_second.apply(&mut own);
            limits.per_second_of.extend(own.map(|own| (id, own)));
        }
    }
    limits.window = order.window.unwrap_or(limits.window);
    limits.templates = order.templates.unwrap_or(limits.templates);
    limits.registrations = order.registrations.unwrap_or(limits.registrations);
    Ok(Json(json!(limits)))
}
