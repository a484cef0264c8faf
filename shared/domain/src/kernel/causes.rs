//! How an error is written to a log.

use std::error::Error;

/// An error and its causes on one line: `no connection: refused: port 5432`. A text that an error shares with its cause
/// is written once.
///
/// Of a cause only the first line is written. What Postgres adds below its message (`DETAIL: Key (phone)=(+15550100)
/// already exists`) quotes the row, and no phone number may be in a log. This is done here and not where database errors
/// are made, because they also come as causes from the pool and from the migration tool. The error's own text is written
/// in full: it is ours, and sometimes shows the output of a program.
pub fn with_causes(error: &dyn Error) -> String {
    let mut words = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(deeper) = cause {
        words.push(deeper.to_string());
        cause = deeper.source();
    }
    words.dedup();
    for cause in words.iter_mut().skip(1) {
        let first_line = cause.find(['\r', '\n']).unwrap_or(cause.len());
        cause.truncate(first_line);
    }
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
        #[error("ERROR: taken\nDETAIL: by +15550100\nHINT: take another")]
        Detailed,
    }

    #[test]
    fn an_error_is_written_with_its_causes_and_each_once() {
        let error = Failed::First(Box::new(Failed::Same(Box::new(Failed::Last))));
        assert_eq!(with_causes(&error), "no connection: refused");
        assert_eq!(with_causes(&Failed::First(Box::new(error))), "no connection: refused");
    }

    #[test]
    fn of_a_cause_the_first_line_is_written_and_of_the_error_itself_every_line() {
        let same = || Failed::Same(Box::new(Failed::Detailed));
        assert_eq!(with_causes(&Failed::First(Box::new(same()))), "no connection: ERROR: taken");
        assert_eq!(with_causes(&same()), Failed::Detailed.to_string());
    }
}
