//! How a function gets into the database.

use cloud::aws::{Aws, DatabaseLogin};
use cloud::{Secret, Secrets};
use domain::Clock;
use secrecy::ExposeSecret;
use serde::Deserialize;
use std::sync::Arc;
use store::{Access, Password};

use super::BootError;
use super::environment::{optional, required};

/// What `DATABASE_PASSWORD` says when IAM lets the function in.
const BY_IAM: &str = "iam";

#[derive(Deserialize)]
struct Account {
    password: String,
}

/// Where the database is, and how each of its connections gets its password.
pub(super) fn access(aws: &Aws, clock: &Clock) -> Result<Access, BootError> {
    let url = required("DATABASE_URL")?;
    let password = match optional("DATABASE_PASSWORD").as_deref() {
        None => None,
        Some(BY_IAM) => Some(by_iam(aws.clone(), clock.clone(), &url)?),
        Some(_arn) => Some(by_secret(aws.secrets())),
    };
    Ok(Access { password, ..url.as_str().into() })
}

/// A token is signed for the host's own name, a port and a user; signing it asks nobody.
fn by_iam(aws: Aws, clock: Clock, url: &str) -> Result<Password, BootError> {
    let (host, port, user) = store::address(url)?;
    let login = DatabaseLogin { host, port, user };
    Ok(Password::asked(move || {
        let token = aws.rds_token(&login, clock.now());
        async move { Ok(token?.expose_secret().to_owned()) }
    }))
}

/// Read for each connection: RDS changes its master user's password by itself.
fn by_secret(secrets: Arc<dyn Secrets>) -> Password {
    Password::asked(move || {
        let secrets = Arc::clone(&secrets);
        async move {
            let text = secrets.read(Secret::Database).await?;
            // The parser's own error quotes what it read.
            let account: Account = serde_json::from_str(text.expose_secret())
                .map_err(|_quotes| "the secret is no JSON with a password")?;
            Ok(account.password)
        }
    })
}
