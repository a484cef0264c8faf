//! Meta's question, when the webhook is set up, whether we expect it.

use subtle::ConstantTimeEq;
use thiserror::Error;

/// Not Meta, or not for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HandshakeRefused {
    /// `hub.mode` is not `subscribe`.
    #[error("hub.mode must be subscribe")]
    Mode,
    /// `hub.verify_token` is not ours.
    #[error("hub.verify_token is wrong")]
    Token,
    /// No `hub.challenge`.
    #[error("hub.challenge is missing")]
    Challenge,
}

/// The answer to `GET ?hub.mode&hub.verify_token&hub.challenge`: the challenge, exactly (Meta: webhooks, verification).
/// An `expected` that is empty lets nobody in.
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
