//! Not faster than Meta lets a number send, and evenly.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// What a session may catch up after it was held back, by a slow commit for instance.
const SLACK: Duration = Duration::from_millis(50);

/// Slots in time, one per message.
#[derive(Debug)]
pub struct RateLimiter {
    period: Duration,
    next: Instant,
}

impl RateLimiter {
    /// So many messages a second; the first may go at once.
    pub fn per_second(messages: i32) -> Self {
        let messages = messages.clamp(1, 1_000).unsigned_abs();
        Self { period: Duration::from_secs(1) / messages, next: Instant::now() }
    }

    /// Waits for the next slot.
    pub async fn slot(&mut self) {
        let now = Instant::now();
        let earliest = now.checked_sub(SLACK).unwrap_or(now);
        let at = self.next.max(earliest);
        self.next = at + self.period;
        if at > now {
            sleep_until(at).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn slots_are_even_and_only_little_is_caught_up() {
        let start = Instant::now();
        let mut rate_limiter = RateLimiter::per_second(100);
        for _ in 0..101 {
            rate_limiter.slot().await;
        }
        assert_eq!(start.elapsed(), Duration::from_secs(1));
        tokio::time::advance(Duration::from_secs(5)).await;
        let resumed = Instant::now();
        for _ in 0..100 {
            rate_limiter.slot().await;
        }
        let taken = resumed.elapsed();
        assert!(taken >= Duration::from_millis(930), "five seconds of silence became a burst: {taken:?}");
    }
}
