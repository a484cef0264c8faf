//! The part of the cloud that a function was not given.

use std::time::Duration;

use async_trait::async_trait;
use domain::Batch;
use domain::events::DomainEvent;

use crate::{CloudError, Events, Message, Queue, Queues, WakeUps};

/// Refuses whatever is asked of it: what a function has no permission for it is not given either.
#[derive(Clone, Copy, Debug)]
pub struct Absent;

#[async_trait]
impl Queues for Absent {
    async fn send(&self, queue: Queue, _messages: Vec<Message>, _delay: Duration) -> Result<(), CloudError> {
        Err(CloudError::new(format!("this function does not send to {}", queue.name())))
    }
}

#[async_trait]
impl WakeUps for Absent {
    async fn schedule(&self, _batch: Batch) -> Result<(), CloudError> {
        Err(CloudError::new("this function makes no schedules"))
    }
}

#[async_trait]
impl Events for Absent {
    async fn publish(&self, _events: &[DomainEvent]) -> Result<(), CloudError> {
        Err(CloudError::new("this function publishes no events"))
    }
}
