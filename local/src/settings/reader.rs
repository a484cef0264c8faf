//! Reads variables one by one, and keeps all that is wrong with them for one answer.

use std::fmt::Display;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use domain::Money;
use jiff::SignedDuration;

use super::variables::Variables;
use super::wrong::{Wrong, Wrongs};
use crate::error::LocalError;

/// Without a wait there would be a busy loop.
const SECONDS_MIN: i64 = 1;
/// Ten years: longer waits are mistakes, and no date that they lead to is out of range.
const SECONDS_MAX: i64 = 10 * 366 * 24 * 3_600;

pub(super) struct Reader {
    variables: Variables,
    wrongs: Vec<Wrong>,
}

impl Reader {
    pub(super) fn new(variables: Variables) -> Self {
        let wrongs = variables.wrongs.iter().cloned().chain(variables.without_effect()).collect();
        Self { variables, wrongs }
    }

    pub(super) fn is_set(&self, name: &'static str) -> bool {
        self.variables.get(name).is_some()
    }

    pub(super) fn text(&self, name: &'static str) -> Option<String> {
        self.variables.get(name).map(|value| value.trim().to_owned())
    }

    /// As it stands: blanks at the ends may belong to a password.
    pub(super) fn secret(&self, name: &'static str) -> Option<String> {
        self.variables.get(name).map(ToOwned::to_owned)
    }

    pub(super) fn wrong(&mut self, name: &'static str, why: impl Into<String>) {
        self.wrongs.push(Wrong::new(name, why));
    }

    /// What stands for itself once it is checked; `must` completes "must …".
    pub(super) fn parsed<T: FromStr>(&mut self, name: &'static str, default: T, must: &str) -> T {
        let Some(text) = self.text(name) else { return default };
        text.parse().unwrap_or_else(|_text| {
            self.wrong(name, format!("is {text:?}; it must {must}"));
            default
        })
    }

    pub(super) fn number<T: FromStr + PartialOrd + Display>(
        &mut self,
        name: &'static str,
        default: T,
        range: RangeInclusive<T>,
    ) -> T {
        let Some(text) = self.text(name) else { return default };
        match text.parse() {
            Ok(number) if range.contains(&number) => number,
            Ok(_) | Err(_) => {
                let (least, most) = range.into_inner();
                self.wrong(name, format!("is {text:?}; it must be a number from {least} to {most}"));
                default
            }
        }
    }

    /// An amount that is not negative.
    pub(super) fn amount(&mut self, name: &'static str, default: Money) -> Money {
        let Some(text) = self.text(name) else { return default };
        match text.parse() {
            Ok(amount) if amount >= Money::ZERO => amount,
            Ok(_) | Err(_) => {
                self.wrong(name, format!("is {text:?}; it must be an amount such as 100.00"));
                default
            }
        }
    }

    pub(super) fn seconds(&mut self, name: &'static str, default: SignedDuration) -> SignedDuration {
        SignedDuration::from_secs(self.number(name, default.as_secs(), SECONDS_MIN..=SECONDS_MAX))
    }

    pub(super) fn duration(&mut self, name: &'static str, default: Duration) -> Duration {
        let default = SignedDuration::try_from(default).unwrap_or(SignedDuration::MAX);
        self.seconds(name, default).unsigned_abs()
    }

    /// Addresses, separated by commas.
    pub(super) fn addresses(&mut self, name: &'static str) -> Vec<IpAddr> {
        let all = self.text(name).unwrap_or_default();
        let parts = all.split(',').map(str::trim).filter(|part| !part.is_empty());
        let mut addresses = Vec::new();
        for part in parts {
            match part.parse::<IpAddr>() {
                Ok(address) => addresses.push(address.to_canonical()),
                Err(_text) => self.wrong(name, format!("has {part:?}, which is not an IP address")),
            }
        }
        addresses
    }

    /// A variable that has no effect without another one.
    pub(super) fn needs(&mut self, names: &[&'static str], other: &'static str) {
        for name in names.iter().filter(|_| !self.is_set(other)).copied().collect::<Vec<_>>() {
            if self.is_set(name) {
                self.wrong(name, format!("is set and {other} is not; set both or neither"));
            }
        }
    }

    pub(super) fn finish(self) -> Result<(), LocalError> {
        if self.wrongs.is_empty() { Ok(()) } else { Err(LocalError::Settings(Wrongs(self.wrongs))) }
    }
}
