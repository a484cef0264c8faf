//! Timers in EventBridge Scheduler: a schedule each, which is deleted when it has fired.
//!
//! It does not call a function but puts a message on its queue, so that the queue's reader limits how many run at once,
//! however many timers there are for one minute.

use std::sync::OnceLock;

use async_trait::async_trait;
use aws_sdk_scheduler::Client;
use aws_sdk_scheduler::operation::create_schedule::CreateScheduleError;
use aws_sdk_scheduler::types::{
    ActionAfterCompletion, DeadLetterConfig, FlexibleTimeWindow, FlexibleTimeWindowMode, RetryPolicy, Target,
};
use aws_types::SdkConfig;
use domain::{Timer, TimerKind};

use super::Names;
use super::refused::refused;
use crate::{CloudError, Scheduled, Timers};

/// Tries of a delivery. After them the sweeper finds what it was for.
const RETRIES: i32 = 3;
/// How long it is tried, in seconds.
const AGE_MAX: i32 = 900;

pub(super) struct Scheduler {
    sdk: SdkConfig,
    names: Names,
    client: OnceLock<Client>,
}

impl Scheduler {
    pub(super) const fn new(sdk: SdkConfig, names: Names) -> Self {
        Self { sdk, names, client: OnceLock::new() }
    }

    fn target(&self, what: TimerKind, input: String) -> Result<Target, CloudError> {
        let queue = match what {
            TimerKind::Dispatch => "WAKE_UPS_QUEUE_ARN",
        };
        Target::builder()
            .arn(self.names.get(queue)?)
            .role_arn(self.names.get("SCHEDULER_ROLE_ARN")?)
            .input(input)
            .retry_policy(
                RetryPolicy::builder()
                    .maximum_retry_attempts(RETRIES)
                    .maximum_event_age_in_seconds(AGE_MAX)
                    .build(),
            )
            .dead_letter_config(DeadLetterConfig::builder().arn(self.names.get("SCHEDULE_DLQ_ARN")?).build())
            .build()
            .map_err(|error| CloudError::of(&error))
    }
}

#[async_trait]
impl Timers for Scheduler {
    /// The name is the idempotency: the second call gets a conflict. The client token is the SDK's, one for each call,
    /// so that a repeated try is not a conflict; a token made of the name would make a schedule with another trace an
    /// error.
    async fn set(&self, timer: Timer) -> Result<(), CloudError> {
        let input = serde_json::to_string(&Scheduled::now(timer)).map_err(|error| CloudError::of(&error))?;
        let exactly = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build();
        let client = self.client.get_or_init(|| Client::new(&self.sdk));
        let created = client
            .create_schedule()
            .group_name(self.names.get("SCHEDULE_GROUP")?)
            .name(timer.to_string())
            .schedule_expression(timer.at.strftime("at(%Y-%m-%dT%H:%M:%S)").to_string())
            .schedule_expression_timezone("UTC")
            .flexible_time_window(exactly.map_err(|error| CloudError::of(&error))?)
            .action_after_completion(ActionAfterCompletion::Delete)
            .target(self.target(timer.what, input)?)
            .send()
            .await;
        match created {
            Ok(_created) => Ok(()),
            Err(error)
                if error.as_service_error().is_some_and(CreateScheduleError::is_conflict_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(refused("CreateSchedule", &error)),
        }
    }
}
