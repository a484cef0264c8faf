//! The handshake by which Meta verifies a webhook's address.

use subtle::ConstantTimeEq;
use thiserror::Error;

/// Why the handshake is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HandshakeRefused {
    /// `hub.mode` is not `subscribe`.
    #[error("hub.mode must be subscribe, as Meta sends it when the address of the webhook is saved")]
    Mode,
    /// `hub.verify_token` is not ours.
    #[error(
        "hub.verify_token is not the verify token of this installation: enter the same one in the webhook settings of the \
         Meta app"
    )]
    Token,
    /// No `hub.challenge`.
    #[error("hub.challenge is missing, which Meta sends with every handshake")]
    Challenge,
}

/// Answers `GET ?hub.mode&hub.verify_token&hub.challenge` with exactly the challenge (Meta: webhooks, verification). An
/// empty `expected` accepts no token.
pub fn handshake(
    mode: Option<&str>,
    token: Option<&str>,
    challenge: Option<&str>,
    expected: &str,
) -> Result<String, HandshakeRefused> {
    if mode != Some("subscribe") {
        return Err(HandshakeRefused::Mode);
    }
    let is_ours = token.is_some_and(|token| token.as_bytes().ct_eq(expected.as_bytes()).into());
    if !is_ours || expected.is_empty() {
        return Err(HandshakeRefused::Token);
    }
    challenge.map(str::to_owned).ok_or(HandshakeRefused::Challenge)
}
