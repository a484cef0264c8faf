//! Where a request came from.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::access::Source;

/// The address of a request's client, among its extensions. Whoever receives the connection puts it there: the server on
/// one machine, or API Gateway. It is never taken from a header that the client wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// Where a request came from, as an argument of a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CameFrom(pub Source);

impl CameFrom {
    pub fn of(parts: &Parts) -> Self {
        let peer = parts.extensions.get::<Peer>();
        Self(peer.map_or(Source::UNKNOWN, |peer| Source::from(peer.0)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for CameFrom {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}
