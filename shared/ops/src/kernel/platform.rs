//! Everything that a process was started with, handed to every operation.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cloud::Cloud;
use cloud::trace;
use domain::{Act, Actor, Clock, SystemAct, TenantId};
use futures_util::future::BoxFuture;
use jiff::SignedDuration;
use store::Store;

use crate::kernel::cipher::TokenCipher;
use crate::kernel::passwords::Passwords;
use crate::kernel::permit::{Caller, Permit};

/// Work outside the transaction that created a tenant; what it fails at, it logs.
pub type NewTenantHook = Arc<dyn for<'a> Fn(&'a Platform, TenantId) -> BoxFuture<'a, ()> + Send + Sync>;

/// The platform as this process knows it. Clones share everything.
#[derive(Clone)]
pub struct Platform {
    pub store: Store,
    pub cloud: Cloud,
    /// Meta's Graph API.
    pub meta: meta::Client,
    pub clock: Clock,
    pub token_cipher: Arc<TokenCipher>,
    /// Hashes passwords, a few at a time.
    pub passwords: Passwords,
    /// How long everything waits.
    pub waits: Waits,
    /// Runs after the commit that created a tenant. Only an installation on one machine sets it.
    pub on_new_tenant: Option<NewTenantHook>,
    /// Set when the process is going down: dispatchers end their shift after the chunk in hand.
    pub is_closing: Arc<AtomicBool>,
}

impl Platform {
    /// The caller acting on its own tenant's data, now.
    pub fn act(&self, permit: &impl Permit) -> Act {
        let Caller { tenant, actor, .. } = permit.caller();
        Act { tenant, actor, now: self.clock.now(), trace: trace() }
    }

    /// The platform acting on a tenant's data: a dispatcher, the sweeper, a refund.
    pub fn as_system(&self, tenant: TenantId) -> Act {
        Act { tenant, actor: Actor::System, now: self.clock.now(), trace: trace() }
    }

    /// Meta acting on a tenant's data through its webhook.
    pub fn as_meta(&self, tenant: TenantId) -> Act {
        Act { actor: Actor::Meta, ..self.as_system(tenant) }
    }

    /// The platform, for work that spans tenants.
    pub fn system(&self) -> SystemAct {
        SystemAct { actor: Actor::System, now: self.clock.now(), trace: trace() }
    }

    /// The platform's owner, for work that spans tenants.
    pub fn system_act(&self, permit: &impl Permit) -> SystemAct {
        SystemAct { actor: permit.caller().actor, ..self.system() }
    }

    /// Runs [`Platform::on_new_tenant`]; `false` when there is none.
    pub(crate) async fn call_new_tenant_hook(&self, tenant: TenantId) -> bool {
        match &self.on_new_tenant {
            Some(hook) => {
                hook(self, tenant).await;
                true
            }
            None => false,
        }
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Relaxed)
    }
}

fn trace() -> Option<String> {
    trace::current().map(String::from)
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Platform")
            .field("store", &self.store)
            .field("waits", &self.waits)
            .finish_non_exhaustive()
    }
}

/// Every wait of the message's life. All of them are configuration: tests and stories live through a week in a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// How long a dispatcher holds a number and its chunk of messages before others may sort them out.
    pub lease: SignedDuration,
    /// How long after marking the intent a request may still start.
    pub start: SignedDuration,
    /// Back-off after the first attempt that certainly did not leave; doubles with each.
    pub backoff: SignedDuration,
    pub backoff_max: SignedDuration,
    /// How late a batch may be before the sweeper wakes its tenant.
    pub late: SignedDuration,
    /// How old a promise or an event may be before the sweeper sends it again.
    pub resend: SignedDuration,
    /// When an unknown message is refunded while the number's webhooks flow.
    pub horizon_short: SignedDuration,
    /// When an unknown message is refunded in any case (Meta redelivers webhooks for up to seven days).
    pub horizon_long: SignedDuration,
    /// How long the answer to an idempotency key is kept.
    pub key_retention: SignedDuration,
    /// How long a dispatch works before it hands over to the next.
    pub shift: SignedDuration,
}

impl Default for Waits {
    fn default() -> Self {
        Self {
            lease: SignedDuration::from_secs(60),
            start: SignedDuration::from_secs(10),
            backoff: SignedDuration::from_secs(2),
            backoff_max: SignedDuration::from_mins(10),
            late: SignedDuration::from_secs(30),
            resend: SignedDuration::from_secs(60),
            horizon_short: SignedDuration::from_hours(24),
            horizon_long: SignedDuration::from_hours(8 * 24),
            key_retention: SignedDuration::from_hours(30 * 24),
            shift: SignedDuration::from_mins(10),
        }
    }
}

impl Waits {
    /// The pause before the next attempt of a message whose `attempt`-th certainly did not leave.
    pub fn backoff_after(&self, attempt: i16) -> SignedDuration {
        let doublings = u32::from(attempt.saturating_sub(1).unsigned_abs()).min(16);
        self.backoff.checked_mul(2_i32.pow(doublings)).unwrap_or(self.backoff_max).min(self.backoff_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_back_off_is_twice_the_last_up_to_a_limit() {
        let waits = Waits::default();
        assert_eq!(waits.backoff_after(1), SignedDuration::from_secs(2));
        assert_eq!(waits.backoff_after(4), SignedDuration::from_secs(16));
        assert_eq!(waits.backoff_after(i16::MAX), waits.backoff_max);
    }
}
