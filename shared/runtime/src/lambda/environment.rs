//! Environment variables, with errors that name the one that is missing or wrong.

use std::str::FromStr;

use super::BootError;

/// A variable that is there and not blank.
pub fn optional(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// A variable that the function cannot do without.
pub fn required(name: &'static str) -> Result<String, BootError> {
    optional(name).ok_or_else(|| BootError::Setting { name, why: "is not set".to_owned() })
}

/// A number that a variable holds.
pub fn number<T: FromStr>(name: &'static str, default: T) -> Result<T, BootError> {
    let wrong =
        |value: &str| BootError::Setting { name, why: format!("is {value:?}, which is not a number") };
    optional(name).map_or(Ok(default), |value| value.trim().parse().map_err(|_text| wrong(&value)))
}

/// Events that this process is given at once.
pub(super) fn concurrency() -> usize {
    optional("AWS_LAMBDA_MAX_CONCURRENCY").and_then(|value| value.trim().parse().ok()).unwrap_or(1)
}
