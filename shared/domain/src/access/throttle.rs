//! How long a login has to wait after wrong passwords, and where it comes from.
//!
//! Wrong passwords are counted by account and source together, so that nobody can stop another person's login from
//! elsewhere, and by source alone, so that one source cannot try every account. A count goes down by itself.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use jiff::{SignedDuration, Timestamp};

/// Where a login comes from: an IPv4 address, or the /64 network of an IPv6 address, which one customer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source(Ipv6Addr);

impl Source {
    /// A request whose address is not known: all of them are one source.
    pub const UNKNOWN: Self = Self(Ipv6Addr::UNSPECIFIED);

    pub fn octets(self) -> [u8; 16] {
        self.0.octets()
    }
}

impl From<IpAddr> for Source {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(address.to_ipv6_mapped()),
            IpAddr::V6(address) => Self(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        }
    }
}

/// As stored beside what came from there: `192.0.2.7`, or the network such as `2001:db8::/64`.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.to_ipv4_mapped() {
            Some(address) => address.fmt(f),
            None => write!(f, "{}/64", self.0),
        }
    }
}

/// When wrong passwords make a login wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Wrong passwords without a wait. After this many it is one second, and twice as long after each further one.
    free: i64,
    /// How long until one wrong password is forgotten.
    pub forget_one_after: SignedDuration,
    wait_max: SignedDuration,
}

/// For one account from one source.
pub const OF_ACCOUNT: Limit = Limit {
    free: 5,
    forget_one_after: SignedDuration::from_hours(1),
    wait_max: SignedDuration::from_mins(15),
};

/// For all accounts from one source, behind which many people may be.
pub const OF_SOURCE: Limit = Limit {
    free: 50,
    forget_one_after: SignedDuration::from_mins(1),
    wait_max: SignedDuration::from_mins(1),
};

/// For the codes of one account's second factor, wherever they come from: who tries them knows the password.
pub const OF_CODE: Limit = OF_ACCOUNT;

/// Doublings after which every wait has reached its maximum.
const DOUBLINGS_MAX: i64 = 10;

impl Limit {
    /// Wrong passwords that are counted at most; each has then its effect on the wait.
    pub const fn count_max(self) -> i64 {
        self.free + DOUBLINGS_MAX
    }

    /// How long to wait from now on. `counted_at` is when the last wrong password was counted, `forgotten_at` when the last
    /// of them is forgotten. A clock that was set back makes no wait longer than its maximum.
    pub fn wait(
        self,
        counted_at: Timestamp,
        forgotten_at: Timestamp,
        now: Timestamp,
    ) -> Option<SignedDuration> {
        let one = self.forget_one_after.as_secs().max(1);
        // One of which a part is forgotten still counts.
        let count = (forgotten_at.duration_since(counted_at).as_secs() + one - 1).div_euclid(one);
        let doublings = u32::try_from(count.min(self.count_max()) - self.free).ok()?;
        let wait = SignedDuration::from_secs(1 << doublings).min(self.wait_max);
        let left = wait - now.duration_since(counted_at).max(SignedDuration::ZERO);
        left.is_positive().then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::from(text.parse::<IpAddr>().unwrap())
    }

    #[test]
    fn a_source_is_an_address_of_four_bytes_or_a_network_of_a_customer() {
        assert_eq!(source("2001:db8:1:2::1"), source("2001:db8:1:2:ffff::9"));
        assert_ne!(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
        assert_ne!(source("192.0.2.1"), source("192.0.2.2"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
        assert_ne!(source("192.0.2.1"), Source::UNKNOWN);
    }

    #[test]
    fn each_wrong_password_after_the_free_ones_doubles_the_wait_up_to_its_maximum() {
        let now = Timestamp::UNIX_EPOCH;
        let wait = |limit: Limit, count: i64| {
            let forget = SignedDuration::from_secs(limit.forget_one_after.as_secs() * count);
            limit.wait(now, now + forget, now).map(|wait| wait.as_secs())
        };
        for (count, seconds) in [
            (0, None),
            (4, None),
            (5, Some(1)),
            (6, Some(2)),
            (14, Some(512)),
            (15, Some(900)),
            (99, Some(900)),
        ] {
            assert_eq!(wait(OF_ACCOUNT, count), seconds, "{count}");
        }
        for (count, seconds) in [(49, None), (50, Some(1)), (55, Some(32)), (56, Some(60)), (999, Some(60))] {
            assert_eq!(wait(OF_SOURCE, count), seconds, "{count}");
        }
    }

    #[test]
    fn a_wait_passes_and_a_clock_that_was_set_back_makes_it_no_longer() {
        let counted_at = Timestamp::UNIX_EPOCH;
        let at = |seconds| counted_at + SignedDuration::from_secs(seconds);
        let forgotten_at = at(100 * 3_600);
        let left = |now| OF_ACCOUNT.wait(counted_at, forgotten_at, now).map(|wait| wait.as_secs());
        assert_eq!((left(at(0)), left(at(899)), left(at(900))), (Some(900), Some(1), None));
        assert_eq!(left(at(-3_600)), Some(900));
    }
}
