//! Millionths of a millionth of a dollar: what one byte of a log costs is still a whole number of them.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Sub};

const A_DOLLAR: u128 = 1_000_000_000_000;

/// An amount, exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pico(pub u128);

impl Pico {
    /// The same for another number of things, rounded to the nearest.
    #[must_use]
    pub fn scaled(self, by: u128, of: u128) -> Self {
        let of = of.max(1);
        Self((self.0 * by + of / 2) / of)
    }

    /// How many thousandths of `other` this is, rounded up: a ratio is never made to look better.
    pub fn per_mille_of(self, other: Self) -> u128 {
        (self.0 * 1_000).div_ceil(other.0.max(1))
    }

    /// With so many decimals, rounded to the nearest.
    pub fn dollars(self, decimals: u32) -> String {
        let unit = 10_u128.pow(decimals.min(12));
        let rounded = (self.0 * unit + A_DOLLAR / 2) / A_DOLLAR;
        let (whole, rest) = (grouped(rounded / unit), rounded % unit);
        let width = usize::try_from(decimals).unwrap_or_default();
        if decimals == 0 { format!("${whole}") } else { format!("${whole}.{rest:0width$}") }
    }
}

/// Digits in groups of three.
pub fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl fmt::Display for Pico {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.dollars(2))
    }
}

impl Add for Pico {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Pico {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sub for Pico {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Mul<u64> for Pico {
    type Output = Self;
    fn mul(self, times: u64) -> Self {
        Self(self.0 * u128::from(times))
    }
}

impl Sum for Pico {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_in_dollars_and_rounded_once() {
        for (pico, decimals, shown) in [
            (0, 2, "$0.00"),
            (1_234_567_890_000_000, 2, "$1,234.57"),
            (4_999_999_999, 2, "$0.00"),
            (5_000_000_000, 2, "$0.01"),
            (999_999_999_999, 0, "$1"),
            (123_456_000_000, 4, "$0.1235"),
        ] {
            assert_eq!(Pico(pico).dollars(decimals), shown);
        }
    }

    #[test]
    fn a_ratio_is_rounded_against_us() {
        assert_eq!(Pico(1_001).per_mille_of(Pico(10_000)), 101);
        assert_eq!(Pico(1_000).per_mille_of(Pico(10_000)), 100);
    }

    #[test]
    fn scaling_loses_nothing_that_can_be_kept() {
        assert_eq!(Pico(7).scaled(1_000_000, 7), Pico(1_000_000));
        assert_eq!(Pico(1).scaled(1, 3), Pico(0));
        assert_eq!(Pico(2).scaled(1, 3), Pico(1));
    }
}
