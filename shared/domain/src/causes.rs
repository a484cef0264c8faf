//! How an error is told to whoever has to do something about it.

use std::error::Error;

/// An error with everything behind it, on one line: `no connection: refused: port 5432`. An error that says its cause's
/// words as its own says them once.
pub fn with_causes(error: &dyn Error) -> String {
    let mut words = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(deeper) = cause {
        words.push(deeper.to_string());
        cause = deeper.source();
    }
    words.dedup();
    words.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum Failed {
        #[error("no connection")]
        First(#[source] Box<Self>),
        #[error("{0}")]
        Same(#[source] Box<Self>),
        #[error("refused")]
        Last,
    }

    #[test]
    fn an_error_is_told_with_its_causes_and_each_once() {
        let error = Failed::First(Box::new(Failed::Same(Box::new(Failed::Last))));
        assert_eq!(with_causes(&error), "no connection: refused");
        assert_eq!(with_causes(&Failed::First(Box::new(error))), "no connection: refused");
    }
}
