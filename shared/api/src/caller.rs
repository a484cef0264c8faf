//! Who calls, as an argument of the handler: the permission is the argument's type.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use domain::Problem;
use domain::problem::Kind;
use http_kit::{CameFrom, ProblemResponse, UnknownSender};
use ops::kernel::permit::Permit;
use ops::kernel::security_event::{SecurityEvent, note};

use crate::app::App;

/// The caller, known to have permit `P`. Token, user and tenant were checked for this request (I30).
///
/// It stands before the body among a handler's arguments, so that a caller without the permit learns nothing from a body
/// that is wrong; and [`Keyed`](crate::Keyed) finds the caller that it checked.
#[derive(Clone, Copy, Debug)]
pub struct Allowed<P>(pub P);

impl<P: Permit + Send> FromRequestParts<App> for Allowed<P> {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ProblemResponse> {
        let refused = |why: &str| Problem::new(Kind::Unauthenticated).with_detail(why);
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let (_, token) = token.ok_or_else(|| refused("send the header Authorization: Bearer <token>"))?;
        let subject = app.tokens.verify(token.trim()).await.map_err(|error| {
            note(SecurityEvent::from(error), None);
            refused(&error.to_string())
        })?;
        tracing::Span::current().record("tenant", tracing::field::display(subject.tenant));
        let CameFrom(source) = CameFrom::of(parts);
        let found = (subject.tenant, subject.user, subject.session);
        let caller = ops::access::login::caller(&app.platform, found, source).await?;
        let caller = caller.ok_or_else(|| {
            note(SecurityEvent::TokenRefused, Some(subject.user));
            refused("the user or its tenant is no longer active")
        })?;
        parts.extensions.insert(caller);
        parts.extensions.remove::<UnknownSender>();
        Ok(Self(P::check(caller).inspect_err(|_forbidden| {
            note(SecurityEvent::PermissionDenied, Some(subject.user));
        })?))
    }
}
