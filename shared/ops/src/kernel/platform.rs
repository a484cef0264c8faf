//! Everything that a process was started with, handed to every operation.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cloud::Cloud;
use cloud::trace;
use domain::access::email::EmailProof;
use domain::{Act, Actor, Clock, MessageId, Money, RegistrationMode, SystemAct, TenantId};
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
    pub timings: Timings,
    /// An adjustment above this amount needs a second person.
    pub adjustment_approval_over: Money,
    /// Whether owners have to prove their e-mail addresses.
    pub email_proof: EmailProof,
    /// Who may register a business.
    pub registration: RegistrationMode,
    /// Runs after the commit that created a tenant. Only an installation on one machine sets it.
    pub on_new_tenant: Option<NewTenantHook>,
    /// Set when the process is going down: dispatchers end their shift after the chunk in hand.
    pub is_closing: Arc<AtomicBool>,
}

impl Platform {
    /// The caller acting on its own tenant's data, now.
    pub fn act(&self, permit: &impl Permit) -> Act {
        let Caller { tenant, actor, source, .. } = permit.caller();
        Act { actor, source: Some(source), ..self.as_system(tenant) }
    }

    /// The platform acting on a tenant's data: a dispatcher, the sweeper, a refund.
    pub fn as_system(&self, tenant: TenantId) -> Act {
        Act { trace: trace(), ..Act::of_system(tenant, self.clock.now()) }
    }

    /// Meta acting on a tenant's data through its webhook.
    pub fn as_meta(&self, tenant: TenantId) -> Act {
        Act { actor: Actor::Meta, ..self.as_system(tenant) }
    }

    /// The platform, for work that spans tenants.
    pub fn system(&self) -> SystemAct {
        SystemAct { trace: trace(), ..SystemAct::at(self.clock.now()) }
    }

    /// The platform's owner, for work that spans tenants.
    pub fn system_act(&self, permit: &impl Permit) -> SystemAct {
        let Caller { actor, source, .. } = permit.caller();
        SystemAct { actor, source: Some(source), ..self.system() }
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
            .field("timings", &self.timings)
            .finish_non_exhaustive()
    }
}

/// Every wait of the message's life. All of them are configuration: tests and stories live through a week in a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timings {
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

impl Default for Timings {
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

impl Timings {
    /// The pause before the next attempt of a message whose `attempt`-th certainly did not leave: between half of the
    /// doubled back-off and all of it, so that messages that failed together do not come back together. The message's random
    /// id is the chance, so the pause of one message is always the same.
    pub fn backoff_after(&self, attempt: i16, message: MessageId) -> SignedDuration {
        let doublings = u32::from(attempt.saturating_sub(1).unsigned_abs()).min(16);
        let full = self.backoff.checked_mul(2_i32.pow(doublings)).unwrap_or(self.backoff_max);
        let full = full.min(self.backoff_max);
        let half = full / 2;
        half + (full - half) / CHANCES * chance(message, doublings)
    }
}

/// Steps between half of a back-off and all of it.
const CHANCES: i32 = 1_000;

/// 0 to [`CHANCES`], another one for each attempt of a message.
fn chance(message: MessageId, salt: u32) -> i32 {
    // The last 62 bits of a UUID v7 are random.
    let bits = message.0.as_u64_pair().1.rotate_left(salt.wrapping_mul(11));
    i32::try_from(bits.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33).unwrap_or_default() % (CHANCES + 1)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn each_back_off_is_twice_the_last_up_to_a_limit_and_at_least_half_of_it() {
        let timings = Timings::default();
        let message = MessageId::at(Timestamp::UNIX_EPOCH);
        for (attempt, full) in [
            (1, SignedDuration::from_secs(2)),
            (4, SignedDuration::from_secs(16)),
            (i16::MAX, timings.backoff_max),
        ] {
            let pause = timings.backoff_after(attempt, message);
            assert!(full / 2 <= pause && pause <= full, "{attempt}: {pause:?}");
        }
    }

    #[test]
    fn messages_that_failed_together_come_back_spread_out() {
        let timings = Timings::default();
        let pauses = (0..1_000_u128).map(|number| {
            let id =
                MessageId(Uuid::from_u128(number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)));
            timings.backoff_after(5, id).as_millis()
        });
        let mut slots = [0_u32; 16];
        for pause in pauses {
            // Between 16 and 32 seconds.
            slots[usize::try_from((pause - 16_000) / 1_001).unwrap()] += 1;
        }
        assert!(slots.iter().all(|count| (20..=150).contains(count)), "{slots:?}");
    }

    proptest! {
        #[test]
        fn a_back_off_is_within_its_bounds_and_always_the_same(attempt in any::<i16>(), id in any::<u128>()) {
            let (timings, message) = (Timings::default(), MessageId(Uuid::from_u128(id)));
            let pause = timings.backoff_after(attempt, message);
            prop_assert!(timings.backoff / 2 <= pause && pause <= timings.backoff_max, "{:?}", pause);
            prop_assert_eq!(pause, timings.backoff_after(attempt, message));
        }
    }
}
