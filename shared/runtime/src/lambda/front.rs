//! CloudFront in front of the API, where the operator put it there (docs/operations.md, "CloudFront and WAF in front").
//!
//! CloudFront adds a header with a secret to what it sends, in place of one that a client wrote. With the setting the API is
//! answered to CloudFront alone, and a request comes from the address that CloudFront saw: API Gateway sees CloudFront's.
//! The setting is the secret's hash, so that no function holds the secret. Several, separated by commas, let a new secret
//! take over from the old one.

use std::net::IpAddr;
use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use axum::http::HeaderMap;
use domain::Problem;
use domain::problem::Kind;

use super::BootError;
use super::environment::optional;

const SETTING: &str = "CLOUDFRONT_SECRET_SHA256";
/// A custom header of the origin:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/add-origin-custom-headers.html>.
const SECRET: &str = "x-origin-secret";
/// An address and a port, without brackets around an IPv6 address:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/adding-cloudfront-headers.html>.
const VIEWER: &str = "cloudfront-viewer-address";

type Hash = [u8; SHA256_OUTPUT_LEN];

/// Who is in front of the API.
#[derive(Clone, Debug, Default)]
pub(super) struct Front(Arc<[Hash]>);

impl Front {
    pub fn from_environment() -> Result<Self, BootError> {
        Self::parse(&optional(SETTING).unwrap_or_default())
    }

    /// Nothing: API Gateway is called directly.
    pub fn parse(text: &str) -> Result<Self, BootError> {
        let wrong = |_no_hash| BootError::Setting {
            name: SETTING,
            why: "is not a list of SHA-256 hashes, each of 64 hexadecimal digits".to_owned(),
        };
        let hash = |text: &str| {
            let mut hash = Hash::default();
            hex::decode_to_slice(text.trim(), &mut hash).map(|()| hash)
        };
        let texts = text.split(',').filter(|text| !text.trim().is_empty());
        Ok(Self(texts.map(hash).collect::<Result<_, _>>().map_err(wrong)?))
    }

    /// The address that a request came from, when API Gateway saw this one. A request that did not come through CloudFront,
    /// where there is one, is refused; its headers say nothing.
    pub fn peer(&self, headers: &mut HeaderMap, seen: Option<IpAddr>) -> Result<Option<IpAddr>, Problem> {
        if self.0.is_empty() {
            return Ok(seen);
        }
        let secret = headers.remove(SECRET).ok_or_else(around)?;
        let hash = digest(&SHA256, secret.as_bytes());
        // Each is compared, and each in constant time.
        let same =
            self.0.iter().filter(|known| verify_slices_are_equal(known.as_slice(), hash.as_ref()).is_ok());
        if same.count() == 0 {
            return Err(around());
        }
        let viewer = headers.get(VIEWER).and_then(|value| viewer(value.to_str().ok()?));
        if viewer.is_none() {
            tracing::warn!(
                "CloudFront does not say who called: add CloudFront-Viewer-Address to what it sends"
            );
        }
        Ok(viewer.or(seen))
    }
}

fn around() -> Problem {
    Problem::new(Kind::NotFound).with_detail("the API is not at this address")
}

fn viewer(text: &str) -> Option<IpAddr> {
    let (address, _port) = text.trim().rsplit_once(':')?;
    address.trim_matches(['[', ']']).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(secret: &str) -> String {
        hex::encode(digest(&SHA256, secret.as_bytes()))
    }

    fn peer(front: &str, headers: &[(&'static str, &str)]) -> Result<String, Kind> {
        let mut map: HeaderMap =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let seen = "192.0.2.1".parse().ok();
        let peer = Front::parse(front).unwrap().peer(&mut map, seen);
        assert!(front.is_empty() || !map.contains_key(SECRET), "nothing behind sees the secret");
        peer.map(|address| address.unwrap().to_string()).map_err(|problem| problem.kind)
    }

    #[test]
    fn the_viewers_address_counts_only_together_with_the_secret() {
        let (old, new) = (hash("old"), hash("new"));
        let both = format!("{old}, {new}");
        let viewer = (VIEWER, "198.51.100.9:46532");
        for (front, headers, expected) in [
            ("", vec![viewer], Ok("192.0.2.1")),
            ("", vec![viewer, (SECRET, "old")], Ok("192.0.2.1")),
            (&old, vec![viewer, (SECRET, "old")], Ok("198.51.100.9")),
            (&both, vec![viewer, (SECRET, "new")], Ok("198.51.100.9")),
            (&both, vec![viewer, (SECRET, "old")], Ok("198.51.100.9")),
            (&old, vec![viewer], Err(Kind::NotFound)),
            (&old, vec![viewer, (SECRET, "new")], Err(Kind::NotFound)),
            (&old, vec![viewer, (SECRET, &old)], Err(Kind::NotFound)),
            (&old, vec![viewer, (SECRET, "old,old")], Err(Kind::NotFound)),
            (&old, vec![viewer, (SECRET, "")], Err(Kind::NotFound)),
            (&old, vec![(SECRET, "old")], Ok("192.0.2.1")),
            (&old, vec![(SECRET, "old"), (VIEWER, "no address")], Ok("192.0.2.1")),
            (&old, vec![(SECRET, "old"), (VIEWER, "2001:db8:1:2::9:9985")], Ok("2001:db8:1:2::9")),
            (&old, vec![(SECRET, "old"), (VIEWER, "[2001:db8::7]:443")], Ok("2001:db8::7")),
        ] {
            let peer = peer(front, &headers);
            assert_eq!(peer.as_deref(), expected.as_deref(), "{front} {headers:?}");
        }
    }

    #[test]
    fn a_setting_that_is_no_hash_does_not_start_and_is_not_taken_for_none() {
        for wrong in
            ["the secret itself", &hash("x")[1..], &format!("{}0", hash("x")), "g".repeat(64).as_str()]
        {
            let error = Front::parse(wrong).unwrap_err().to_string();
            assert!(error.starts_with("CLOUDFRONT_SECRET_SHA256 is not"), "{error}");
            assert!(!error.contains(wrong), "it may be the secret");
        }
    }
}
