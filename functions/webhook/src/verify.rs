//! Meta's signature over the raw bytes of a webhook.

use axum::http::HeaderMap;
use cloud::Reloadable;
use meta::MetaApp;
use meta::signature::{self, SignatureError};

/// The header with the signature.
const SIGNATURE: &str = "x-hub-signature-256";

/// A signature that is wrong may be right with a secret that was changed a moment ago.
pub(crate) async fn verify(
    app: &Reloadable<MetaApp>,
    signature: Option<&str>,
    bytes: &[u8],
) -> Result<(), SignatureError> {
    match signature::verify(&app.get().secrets(), signature, bytes) {
        Err(SignatureError::Wrong) => signature::verify(&app.renew().await.secrets(), signature, bytes),
        known => known,
    }
}

/// The signature: two were refused before, and a gateway that joins them makes one that is malformed.
pub(crate) fn signature_of(headers: &HeaderMap) -> Option<String> {
    headers.get(SIGNATURE)?.to_str().ok().map(str::to_owned)
}
