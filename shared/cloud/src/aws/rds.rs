//! A password that RDS takes from a caller with an IAM role: a signed URL, without its scheme.
//! <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html>

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use jiff::Timestamp;
use secrecy::SecretString;

use crate::CloudError;

/// The longest time that RDS allows.
const GOOD_FOR: Duration = Duration::from_mins(15);
/// Removed at the end: the signature is of a URL, the password has no scheme.
const SCHEME: &str = "https://";

/// The login that a token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseLogin {
    /// The instance's or the proxy's host name as RDS made it; no other works.
    pub host: String,
    pub port: u16,
    /// A role of Postgres.
    pub user: String,
}

/// The token for a region's database at a time.
pub(super) fn token(
    login: &DatabaseLogin,
    region: &str,
    credentials: &Credentials,
    now: Timestamp,
) -> Result<SecretString, CloudError> {
    let failed = |error: &dyn std::error::Error| CloudError::new(format!("no token for RDS: {error}"));
    let mut settings = SigningSettings::default();
    settings.expires_in = Some(GOOD_FOR);
    settings.signature_location = SignatureLocation::QueryParams;
    let identity = credentials.clone().into();
    let params = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("rds-db")
        .time(SystemTime::from(now))
        .settings(settings)
        .build()
        .map_err(|error| failed(&error))?;
    let DatabaseLogin { host, port, user } = login;
    if !user.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(CloudError::new(
            "a role for RDS may only have letters, digits and underscores in its name",
        ));
    }
    let url = format!("{SCHEME}{host}:{port}/?Action=connect&DBUser={user}");
    let signable = SignableRequest::new("GET", &url, std::iter::empty(), SignableBody::Bytes(&[]));
    let signable = signable.map_err(|error| failed(&error))?;
    let signed = sign(signable, &params.into()).map_err(|error| failed(&error))?;
    let mut request = http::Request::new(());
    *request.uri_mut() = url.parse().map_err(|error: http::uri::InvalidUri| failed(&error))?;
    let (instructions, _signature) = signed.into_parts();
    instructions.apply_to_request_http1x(&mut request);
    let url = request.uri().to_string();
    Ok(SecretString::from(url.strip_prefix(SCHEME).unwrap_or(&url)))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn login(host: &str, user: &str) -> DatabaseLogin {
        DatabaseLogin { host: host.to_owned(), port: 5432, user: user.to_owned() }
    }

    fn token_of(login: &DatabaseLogin) -> Result<SecretString, CloudError> {
        let credentials = Credentials::new("AKID", "secret", Some("session/+=".to_owned()), None, "test");
        token(login, "eu-central-1", &credentials, "2026-12-31T10:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_token_is_a_signed_url_without_its_scheme() {
        let token = token_of(&login("db.abc.eu-central-1.rds.amazonaws.com", "tidings_app")).unwrap();
        let (unsigned, signature) = token.expose_secret().split_once("&X-Amz-Signature=").unwrap();
        let (signature, session) = signature.split_once('&').unwrap();
        assert_eq!(
            unsigned,
            "db.abc.eu-central-1.rds.amazonaws.com:5432/?Action=connect&DBUser=tidings_app\
             &X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKID%2F20261231%2Feu-central-1%2Frds-db%2Faws4_request\
             &X-Amz-Date=20261231T100000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host"
        );
        assert_eq!(signature.len(), 64);
        assert_eq!(session, "X-Amz-Security-Token=session%2F%2B%3D");
    }

    #[test]
    fn a_token_is_good_for_one_host_and_one_role() {
        let token = |host, user| token_of(&login(host, user)).unwrap().expose_secret().to_owned();
        let signature = |token: String| token.split_once("Signature=").unwrap().1.to_owned();
        let all = [("a", "x"), ("b", "x"), ("a", "y")].map(|(host, user)| signature(token(host, user)));
        assert!(all[0] != all[1] && all[0] != all[2] && all[1] != all[2]);
        assert_eq!(token("a", "x"), token("a", "x"));
        for user in ["x&DBUser=y", "a b", "x%20"] {
            assert!(token_of(&login("a", user)).is_err(), "{user}");
        }
    }
}
