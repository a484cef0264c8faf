//! Access tokens: JWT (RFC 7519, RFC 8725) signed with ES256, good for a quarter of an hour.
//!
//! A token says who the caller is and nothing about what the caller may do: role and tenant are read again at every request.
//! The verifier fixes the algorithm and takes the key by `kid`; `exp`, `nbf`, `iat`, `iss`, `aud` and `sub` must all be there,
//! and a token that would be good for longer than ours is none.
//! Time is checked here and not by the library, against the process' own clock and without leeway.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cloud::Reloadable;
use domain::{Clock, SessionId, TenantId, UserId};
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use ops::kernel::security_event::SecurityEvent;
use serde::{Deserialize, Serialize};
use serde_json::json;
use thiserror::Error;

/// How long a token is good for.
pub const GOOD_FOR: SignedDuration = SignedDuration::from_mins(15);
/// How far two machines' clocks may differ.
const SKEW: SignedDuration = SignedDuration::from_secs(30);
const ISSUER: &str = "tidings";
const AUDIENCE: &str = "tidings-api";
/// RFC 9068: an access token, and nothing else that is signed with the same key.
const TYPE: &str = "at+jwt";
/// Longer than any token of ours.
const CHARS_MAX: usize = 2_048;

/// The user that a token was issued to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    pub tenant: TenantId,
    pub user: UserId,
    /// The session that the token belongs to; a token of the version before has none.
    pub session: Option<SessionId>,
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TokenError {
    /// Not a token of ours, or not for this.
    #[error("the token is not valid")]
    Invalid,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
}

impl From<TokenError> for SecurityEvent {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Invalid => Self::TokenRefused,
            TokenError::Expired => Self::TokenExpired,
        }
    }
}

/// The signing key cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a signing key must be a P-256 key in PKCS#8")]
pub struct BadKey;

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    tid: TenantId,
    /// The session's id, as `OpenID` Connect names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<SessionId>,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// The keys that tokens are signed and checked with.
pub struct Keys {
    signing: EncodingKey,
    kid: String,
    known: BTreeMap<String, DecodingKey>,
    jwks: serde_json::Value,
}

/// The keys as they are stored: PKCS#8, base64.
#[derive(Serialize, Deserialize)]
struct WrittenKeys {
    signing: String,
    #[serde(default)]
    older: Vec<String>,
}

impl Keys {
    /// The key that signs, and older ones whose tokens still count.
    pub fn new(signing: &[u8], older: &[Vec<u8>]) -> Result<Self, BadKey> {
        let (kid, jwk) = public_part(signing)?;
        let mut jwks = vec![jwk];
        for key in older {
            jwks.push(public_part(key)?.1);
        }
        let mut known = BTreeMap::new();
        for jwk in &jwks {
            let decoding = DecodingKey::from_ec_components(&jwk.x, &jwk.y).map_err(|_why| BadKey)?;
            known.insert(jwk.kid.clone(), decoding);
        }
        let jwks = json!({ "keys": jwks });
        Ok(Self { signing: EncodingKey::from_ec_der(signing), kid, known, jwks })
    }

    /// From `{"signing": "…", "older": ["…"]}`. The error quotes nothing of a key.
    pub fn from_json(text: &str) -> Result<Self, &'static str> {
        const WHY: &str = "must be JSON with signing and older, P-256 keys in PKCS#8, base64";
        let written: WrittenKeys = serde_json::from_str(text).map_err(|_quotes| WHY)?;
        let read = |text: &String| STANDARD.decode(text).map_err(|_quotes| WHY);
        let older = written.older.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Self::new(&read(&written.signing)?, &older).map_err(|BadKey| WHY)
    }

    /// A new key and no older ones, as [`Keys::from_json`] reads them.
    pub fn new_json() -> Result<String, BadKey> {
        let written = WrittenKeys { signing: STANDARD.encode(new_key()?), older: Vec::new() };
        serde_json::to_string(&written).map_err(|_impossible| BadKey)
    }
}

/// Makes and checks tokens.
pub struct Tokens {
    keys: Reloadable<Keys>,
    clock: Clock,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("kid", &self.keys.get().kid).finish_non_exhaustive()
    }
}

/// A new P-256 key in PKCS#8.
pub fn new_key() -> Result<Vec<u8>, BadKey> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_opaque| BadKey)?;
    let der = pair.to_pkcs8v1().map_err(|_opaque| BadKey)?;
    Ok(der.as_ref().to_vec())
}

impl Tokens {
    pub const fn new(keys: Reloadable<Keys>, clock: Clock) -> Self {
        Self { keys, clock }
    }

    /// A token for a user.
    pub fn issue(&self, subject: Subject) -> Result<String, TokenError> {
        let now = self.clock.now();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: subject.user,
            tid: subject.tenant,
            sid: subject.session,
            iat: now.as_second(),
            nbf: (now - SKEW).as_second(),
            exp: (now + GOOD_FOR).as_second(),
        };
        let keys = self.keys.get();
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(keys.kid.clone());
        header.typ = Some(TYPE.to_owned());
        jsonwebtoken::encode(&header, &claims, &keys.signing).map_err(|_why| TokenError::Invalid)
    }

    /// The user that a token was issued to, if it is valid now. A key that is not known may be one that was made a moment ago, so the
    /// keys are read again before the token is refused.
    pub async fn verify(&self, token: &str) -> Result<Subject, TokenError> {
        if token.len() > CHARS_MAX {
            return Err(TokenError::Invalid);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_why| TokenError::Invalid)?;
        // An extension that must be understood (`crit`, RFC 7515, 4.1.11): none is.
        let is_ours =
            header.alg == Algorithm::ES256 && header.typ.as_deref() == Some(TYPE) && header.crit.is_none();
        let kid = header.kid.filter(|_| is_ours).ok_or(TokenError::Invalid)?;
        let keys = self.keys.get();
        let keys = if keys.known.contains_key(&kid) { keys } else { self.keys.renew().await };
        self.check(token, keys.known.get(&kid).ok_or(TokenError::Invalid)?)
    }

    fn check(&self, token: &str, key: &DecodingKey) -> Result<Subject, TokenError> {
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.leeway = 0;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &validation)
            .map_err(|_why| TokenError::Invalid)?
            .claims;
        let now = self.clock.now().as_second();
        let is_long = claims.exp.checked_sub(claims.iat).is_none_or(|seconds| seconds > GOOD_FOR.as_secs());
        if is_long || now < claims.nbf {
            return Err(TokenError::Invalid);
        }
        if now >= claims.exp {
            return Err(TokenError::Expired);
        }
        Ok(Subject { tenant: claims.tid, user: claims.sub, session: claims.sid })
    }

    /// The public keys (RFC 7517), with which others can check tokens.
    pub fn jwks(&self) -> serde_json::Value {
        self.keys.get().jwks.clone()
    }
}

#[derive(Serialize)]
struct Jwk {
    kty: &'static str,
    crv: &'static str,
    alg: &'static str,
    r#use: &'static str,
    kid: String,
    x: String,
    y: String,
}

/// The public half of a key: the point as it stands in a certificate (SEC 1, uncompressed).
pub fn public_key(pkcs8: &[u8]) -> Result<Vec<u8>, BadKey> {
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map_err(|_why| BadKey)?;
    Ok(pair.public_key().as_ref().to_vec())
}

/// The public half of a key, named by its thumbprint (RFC 7638).
fn public_part(pkcs8: &[u8]) -> Result<(String, Jwk), BadKey> {
    const COORDINATE_BYTES: usize = 32;
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map_err(|_why| BadKey)?;
    let point = pair.public_key().as_ref();
    // Uncompressed (SEC 1): the byte 4, then x, then y.
    let coordinates =
        point.strip_prefix(&[4]).filter(|rest| rest.len() == 2 * COORDINATE_BYTES).ok_or(BadKey)?;
    let (x, y) = coordinates.split_at(COORDINATE_BYTES);
    let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
    let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    let kid = URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()));
    let jwk = Jwk { kty: "EC", crv: "P-256", alg: "ES256", r#use: "sig", kid: kid.clone(), x, y };
    Ok((kid, jwk))
}

/// Random bytes for secrets that are made on first run.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], BadKey> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::SecureRandom::fill(&SystemRandom::new(), &mut bytes).map_err(|_opaque| BadKey)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
