//! The part of the cloud that a function was not given.

use std::time::Duration;

use async_trait::async_trait;
use domain::Timer;
use domain::events::DomainEvent;

use crate::{CloudError, Events, Message, Queue, Queues, ReceivedMessage, Timers};

/// Refuses every call: a function is only given what it has a permission for.
#[derive(Clone, Copy, Debug)]
pub struct Absent;

#[async_trait]
impl Queues for Absent {
    async fn send(&self, queue: Queue, _messages: Vec<Message>, _delay: Duration) -> Result<(), CloudError> {
        Err(CloudError::new(format!("this function does not send to {}", queue.name())))
    }

    async fn postpone(&self, queue: Queue, _receipt: &str, _delay: Duration) -> Result<(), CloudError> {
        Err(CloudError::new(format!("this function postpones no message of {}", queue.name())))
    }

    async fn park(&self, queue: Queue, _received: ReceivedMessage, _reason: &str) -> Result<(), CloudError> {
        Err(CloudError::new(format!("this function parks no message of {}", queue.name())))
    }
}

#[async_trait]
impl Timers for Absent {
    async fn set(&self, _timer: Timer) -> Result<(), CloudError> {
        Err(CloudError::new("this function sets no timers"))
    }
}

#[async_trait]
impl Events for Absent {
    async fn publish(&self, _events: &[DomainEvent]) -> Result<(), CloudError> {
        Err(CloudError::new("this function publishes no events"))
    }
}
