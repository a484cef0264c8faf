//! Timers on a table.

use domain::Timer;
use jiff::Timestamp;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{Tx, params};

pub(super) const STATEMENTS: &[&str] = &[SET_TIMER, DUE_TIMERS, FIRED];

const SET_TIMER: &str = "-- queue::set_timer
INSERT INTO wake_ups (name, batch, traceparent, fire_at) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING";

/// Sets a timer; `false` when it is set already.
pub async fn set_timer(tx: &Tx, timer: &Timer, traceparent: Option<&str>) -> Result<bool, StoreError> {
    let body = serde_json::to_value(timer)
        .map_err(|error| StoreError::Inconsistent { table: "wake_ups", what: error.to_string() })?;
    let values = params![
        timer.to_string() => TEXT, body => JSONB, traceparent => TEXT, timer.at => TIMESTAMPTZ,
    ];
    Ok(tx.run(SET_TIMER, values).await? == 1)
}

const DUE_TIMERS: &str = "-- queue::due_timers
SELECT batch, traceparent FROM wake_ups WHERE fire_at <= $1 ORDER BY fire_at LIMIT 100";

/// Timers whose time has come, with the trace that set them. They stay until [`fired`]: at least once.
pub async fn due_timers(tx: &Tx, now: Timestamp) -> Result<Vec<(Timer, Option<String>)>, StoreError> {
    let rows = tx.rows(DUE_TIMERS, params![now => TIMESTAMPTZ]).await?;
    rows.iter()
        .map(|row| {
            let timer = serde_json::from_value(row.get("batch"))
                .map_err(|error| StoreError::Inconsistent { table: "wake_ups", what: error.to_string() })?;
            Ok((timer, row.get("traceparent")))
        })
        .collect()
}

const FIRED: &str = "-- queue::fired
DELETE FROM wake_ups WHERE name = ANY ($1)";

/// Deletes timers that were delivered.
pub async fn fired(tx: &Tx, timers: &[Timer]) -> Result<u64, StoreError> {
    let names: Vec<String> = timers.iter().map(ToString::to_string).collect();
    tx.run(FIRED, params![names => TEXT_ARRAY]).await
}
