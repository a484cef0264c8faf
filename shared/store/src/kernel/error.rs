//! What can go wrong between us and Postgres, as what the caller can do about it.

use domain::problem::Kind;
use domain::tenants::usage::LimitReached;
use domain::{Problem, with_causes};
use jiff::SignedDuration;
use thiserror::Error;
use tokio_postgres::error::SqlState;

/// A failed operation on the database.
#[derive(Debug, Error)]
pub enum StoreError {
    /// No connection, a broken one, or a server that cannot do it now, such as one with a full disk: try later. Whether a
    /// commit under way took effect is not known.
    #[error("the database cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("constraint {0} refused the change")]
    Constraint(String),
    /// The tenant's plan does not allow what the operation was to add: nothing of it is done.
    #[error(transparent)]
    Limit(Box<LimitReached>),
    /// A bug: a statement failed in a way that no input should cause.
    #[error("statement {statement} failed")]
    Statement {
        statement: String,
        #[source]
        source: tokio_postgres::Error,
    },
    /// A bug: a row, a result or a transaction is as no code leaves it.
    #[error("{table} is inconsistent: {what}")]
    Inconsistent {
        table: &'static str,
        /// What is wrong with it.
        what: String,
    },
}

/// When a caller may try again that was refused because of the database.
const RETRY_AFTER: SignedDuration = SignedDuration::from_secs(2);

/// Classes of codes (Postgres, Appendix A) with which the server refuses a correct statement because of its own state, which
/// an operator or time changes: a broken connection, a conflict with other transactions, a full disk or too many
/// connections, a shutdown or a time-out (`migrations/V8__time_outs.sql`).
const TEMPORARY_CLASSES: [&str; 4] = ["08", "40", "53", "57"];

/// The same, in classes whose other codes are bugs: a lock was not had in time; a transaction was idle or took too long; the
/// server is a standby that a failover has not promoted yet; its system or its disk failed.
const TEMPORARY_CODES: [&str; 6] = ["55P03", "25P03", "25P04", "25006", "58000", "58030"];

/// A constraint that is checked at the commit; the transaction is as any that breaks a constraint.
const NOT_TEMPORARY: SqlState = SqlState::T_R_INTEGRITY_CONSTRAINT_VIOLATION;

fn is_temporary(code: &SqlState) -> bool {
    let of_class = |class: &&str| code.code().starts_with(*class);
    *code != NOT_TEMPORARY
        && (TEMPORARY_CLASSES.iter().any(of_class) || TEMPORARY_CODES.contains(&code.code()))
}

impl StoreError {
    pub(crate) fn from_statement(sql: &str, source: tokio_postgres::Error) -> Self {
        if let Some(refused) = source.as_db_error() {
            let by_constraint = [
                SqlState::UNIQUE_VIOLATION,
                SqlState::FOREIGN_KEY_VIOLATION,
                SqlState::CHECK_VIOLATION,
                SqlState::NOT_NULL_VIOLATION,
            ];
            if by_constraint.contains(refused.code()) {
                return Self::Constraint(
                    refused.constraint().or(refused.column()).unwrap_or("unnamed").to_owned(),
                );
            }
            let is_temporary = is_temporary(refused.code());
            let failed = Self::Statement { statement: signature(sql).to_owned(), source };
            // The cause names the statement that took too long.
            return if is_temporary { Self::Unavailable(failed.into()) } else { failed };
        }
        if source.is_closed()
            || std::error::Error::source(&source).is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
        {
            return Self::Unavailable(source.into());
        }
        Self::Statement { statement: signature(sql).to_owned(), source }
    }

    /// Whether the named constraint refused the change.
    pub fn is_constraint(&self, name: &str) -> bool {
        match self {
            Self::Constraint(refused_by) => refused_by == name,
            Self::Unavailable(_) | Self::Limit(_) | Self::Statement { .. } | Self::Inconsistent { .. } => {
                false
            }
        }
    }
}

/// Logged here with everything behind it; the caller sees nothing of it.
impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let causes = with_causes(&error);
        match error {
            StoreError::Unavailable(_) => {
                tracing::error!(error = causes, "a request failed because the database cannot be reached");
                Self::new(Kind::Unavailable).after(RETRY_AFTER)
            }
            StoreError::Limit(limit) => Self::limit_reached(*limit),
            StoreError::Constraint(_) | StoreError::Statement { .. } | StoreError::Inconsistent { .. } => {
                tracing::error!(error = causes, "a request failed because of an internal error");
                Self::new(Kind::Internal)
            }
        }
    }
}

/// The name in a statement's first line.
pub(crate) fn signature(sql: &str) -> &str {
    sql.trim_start().lines().next().unwrap_or_default().trim_start_matches("-- ").trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_cannot_do_now_is_tried_later_and_a_bug_is_not() {
        let later = [
            ("08006", "connection_failure"),
            ("25006", "read_only_sql_transaction"),
            ("25P03", "idle_in_transaction_session_timeout"),
            ("25P04", "transaction_timeout"),
            ("40001", "serialization_failure"),
            ("40P01", "deadlock_detected"),
            ("53000", "insufficient_resources"),
            ("53100", "disk_full"),
            ("53200", "out_of_memory"),
            ("53300", "too_many_connections"),
            ("53400", "configuration_limit_exceeded"),
            ("55P03", "lock_not_available"),
            ("57014", "query_canceled"),
            ("57P01", "admin_shutdown"),
            ("57P02", "crash_shutdown"),
            ("57P03", "cannot_connect_now"),
            ("57P05", "idle_session_timeout"),
            ("58000", "system_error"),
            ("58030", "io_error"),
        ];
        let never = [
            ("22012", "division_by_zero"),
            ("23505", "unique_violation"),
            ("25P02", "in_failed_sql_transaction"),
            ("40002", "transaction_integrity_constraint_violation"),
            ("42601", "syntax_error"),
            ("42501", "insufficient_privilege"),
            ("54000", "program_limit_exceeded"),
            ("55000", "object_not_in_prerequisite_state"),
            ("58P01", "undefined_file"),
            ("XX001", "data_corrupted"),
        ];
        for (code, name) in later {
            assert!(is_temporary(&SqlState::from_code(code)), "{code} {name}");
        }
        for (code, name) in never {
            assert!(!is_temporary(&SqlState::from_code(code)), "{code} {name}");
        }
    }
}
