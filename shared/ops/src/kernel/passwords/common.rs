//! The passwords that are tried first.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Lines that begin with `#` say where the list is from, and under which licence.
const LIST: &str = include_str!("common.txt");

static COMMON: LazyLock<HashSet<&str>> =
    LazyLock::new(|| LIST.lines().filter(|line| !line.starts_with("# ") && *line != "#").collect());

/// Whether a password is on the list, in capitals or not.
pub(super) fn contains(password: &str) -> bool {
    COMMON.contains(password.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ASVS 6.2.4: at least the top 3,000 that are long enough.
    #[test]
    fn the_list_has_three_thousand_passwords_that_are_long_enough() {
        assert_eq!(COMMON.len(), 3_000);
        assert!(COMMON.iter().all(|password| password.len() >= 8), "{COMMON:?}");
    }
}
