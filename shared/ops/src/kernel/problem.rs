//! Errors that are not the caller's, as problems: logged here with everything behind them, answered with nothing of it.

use std::error::Error;

use domain::problem::Kind;
use domain::{Problem, with_causes};

pub(crate) fn internal(error: &dyn Error) -> Problem {
    tracing::error!(error = with_causes(error), "a request failed because of an internal error");
    Problem::new(Kind::Internal)
}

/// Meta did not answer.
pub(crate) fn meta_unreachable(error: &meta::CallError) -> Problem {
    tracing::warn!(error = with_causes(error), "a request failed because Meta could not be reached");
    Problem::new(Kind::MetaUnreachable)
}
