//! What can go wrong between us and Postgres, as what the caller can do about it.

use domain::problem::Kind;
use domain::{Problem, with_causes};
use thiserror::Error;
use tokio_postgres::error::SqlState;

/// A failed operation on the database.
#[derive(Debug, Error)]
pub enum StoreError {
    /// No connection, a broken one, or a time-out of the server: try later. Whether a commit under way took effect is not
    /// known.
    #[error("the database cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("constraint {0} refused the change")]
    Constraint(String),
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

/// Codes with which the server ends a correct statement or session: a time-out of the role
/// (`migrations/V8__time_outs.sql`), or a shutdown, as in a failover to the other zone.
const TEMPORARY: [SqlState; 6] = [
    SqlState::LOCK_NOT_AVAILABLE,
    SqlState::QUERY_CANCELED,
    SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    SqlState::IDLE_SESSION_TIMEOUT,
    SqlState::ADMIN_SHUTDOWN,
    SqlState::CRASH_SHUTDOWN,
];

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
            let is_temporary = TEMPORARY.contains(refused.code());
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
            Self::Unavailable(_) | Self::Statement { .. } | Self::Inconsistent { .. } => false,
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
                Self::new(Kind::Unavailable)
            }
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
