//! `GET /admin/mail`

use api::{Allowed, App, schema};
use axum::Json;
use axum::extract::State;
use domain::access::email::EmailState;
use domain::problem::FieldError;
use domain::{EmailId, Problem};
use http_kit::{Cursor, Page, PageQuery, ProblemBody, ProblemResponse, Queried};
use ops::SuperAdmin;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::mail::EmailOut;

/// The e-mails that are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MailQuery {
    /// Rows at most; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// Only those in this state, such as `PARKED`.
    #[param(schema_with = schema::email_state_in_query)]
    state: Option<String>,
}

impl MailQuery {
    /// What is asked for, or every field that is wrong.
    fn read(self) -> Result<(Cursor<EmailId>, Option<EmailState>), Problem> {
        let mut wrong = Vec::new();
        let cursor = PageQuery { limit: self.limit, cursor: self.cursor }.cursor(&mut wrong);
        let state = self.state.as_deref().map(str::parse).transpose();
        let state = state.unwrap_or_else(|error| {
            wrong.push(FieldError::new("state", error));
            None
        });
        if wrong.is_empty() { Ok((cursor, state)) } else { Err(Problem::invalid(wrong)) }
    }
}

/// The e-mails to people who log in, newest first: what became of each, and why one did not leave.
///
/// Needs the role `SUPER_ADMIN`. They stay in the list for 90 days. One that was given up is `PARKED` and is sent again with
/// `POST /admin/mail/{id}/retry`.
#[utoipa::path(get, path = "/admin/mail", operation_id = "listMail", tag = "admin", security(("bearer" = [])), params(MailQuery), responses(
    (status = 200, body = Page<EmailOut>),
    (status = 403, body = ProblemBody),
    (status = 422, body = ProblemBody),
))]
pub(crate) async fn list(
    State(app): State<App>,
    Allowed(permit): Allowed<SuperAdmin>,
    Queried(query): Queried<MailQuery>,
) -> Result<Json<Page<EmailOut>>, ProblemResponse> {
    let (Cursor { before, limit }, state) = query.read()?;
    let emails = ops::access::emails::list(&app.platform, &permit, state, (before.0, limit)).await?;
    Ok(Json(Page::of(&emails, limit, |email| email.email_id)))
}
