//! Who calls, as an argument of the handler: the permission is the argument's type.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use domain::access::Source;
use domain::problem::Kind;
use domain::{Problem, UserId};
use http_kit::{CameFrom, ProblemResponse, Rates, UnknownSender};
use ops::access::callers::{self, Called, KEY_MARK};
use ops::kernel::permit::Permit;
use ops::kernel::security_event::{SecurityEvent, note};

use crate::app::App;

/// The caller, known to have permit `P`. Token or key, user and tenant were checked, and the request was counted, for
/// this request (I30).
///
/// It stands before the body among a handler's arguments, so that a caller without the permit learns nothing from a body
/// that is wrong; and [`Keyed`](crate::Keyed) finds the caller that it checked.
#[derive(Clone, Copy, Debug)]
pub struct Allowed<P>(pub P);

impl<P: Permit + Send> FromRequestParts<App> for Allowed<P> {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ProblemResponse> {
        let CameFrom(source) = CameFrom::of(parts);
        let (called, user) = match Credential::of(parts)? {
            Credential::Key(key) => (by_key(app, key, source).await?, None),
            Credential::Token(token) => by_token(app, token, source).await?,
        };
        tracing::Span::current().record("tenant", tracing::field::display(called.caller.tenant));
        if let Some(rates) = parts.extensions.get::<Rates>() {
            rates.note(called.rates.clone(), app.platform.clock.now());
        }
        called.check_rate()?;
        parts.extensions.insert(called.caller);
        parts.extensions.remove::<UnknownSender>();
        Ok(Self(P::check(called.caller).inspect_err(|_forbidden| {
            note(SecurityEvent::PermissionDenied, user);
        })?))
    }
}

/// What a request proves its caller with.
enum Credential<'a> {
    /// An access token, from a login.
    Token(&'a str),
    /// An API key.
    Key(&'a str),
}

impl<'a> Credential<'a> {
    fn of(parts: &'a Parts) -> Result<Self, ProblemResponse> {
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let bearer = header
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let (_, credential) =
            bearer.ok_or_else(|| refused("send the header Authorization: Bearer <token or API key>"))?;
        let credential = credential.trim();
        let is_key = credential.starts_with(KEY_MARK);
        Ok(if is_key { Self::Key(credential) } else { Self::Token(credential) })
    }
}

async fn by_token(
    app: &App,
    token: &str,
    source: Source,
) -> Result<(Called, Option<UserId>), ProblemResponse> {
    let subject = app.tokens.verify(token).await.map_err(|error| {
        note(SecurityEvent::from(error), None);
        refused(&error.to_string())
    })?;
    tracing::Span::current().record("tenant", tracing::field::display(subject.tenant));
    let found = (subject.tenant, subject.user, subject.session);
    let called = callers::person(&app.platform, found, source).await?;
    let called = called.ok_or_else(|| {
        note(SecurityEvent::TokenRefused, Some(subject.user));
        refused("the user or its tenant is no longer active")
    })?;
    Ok((called, Some(subject.user)))
}

async fn by_key(app: &App, key: &str, source: Source) -> Result<Called, ProblemResponse> {
    let called = callers::program(&app.platform, key, source).await?;
    called.ok_or_else(|| {
        note(SecurityEvent::TokenRefused, None);
        refused("the API key is not valid: it was mistyped, has expired or was revoked")
    })
}

fn refused(why: &str) -> ProblemResponse {
    Problem::new(Kind::Unauthenticated).with_detail(why).into()
}
