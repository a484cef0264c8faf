//! Ids in paths.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use domain::Problem;
use domain::problem::Kind;

use crate::problem::ProblemResponse;

/// The id in a path. A text that is not an id is answered like an id that does not exist: 404.
#[derive(Clone, Copy, Debug)]
pub struct IdInPath<T>(pub T);

impl<S: Send + Sync, T: FromStr> FromRequestParts<S> for IdInPath<T> {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ProblemResponse> {
        let not_found = || Problem::new(Kind::NotFound);
        // Axum refuses a path that is not UTF-8.
        let Path(text) =
            Path::<String>::from_request_parts(parts, state).await.map_err(|_not_utf8| not_found())?;
        Ok(text.parse().map(Self).map_err(|_not_an_id| not_found())?)
    }
}
