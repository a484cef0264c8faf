//! How a function connects to the database.

use cloud::aws::{Aws, DatabaseLogin};
use cloud::{Secret, Secrets};
use domain::Clock;
use secrecy::ExposeSecret;
use serde::Deserialize;
use std::sync::Arc;
use store::{Access, Password};

use super::BootError;
use super::environment::{optional, required};

/// The value of `DATABASE_PASSWORD` for authentication by IAM.
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
        Some(_arn) => Some(by_secret_or_iam(aws, clock, &url)),
    };
    Ok(Access { password, ..url.as_str().into() })
}

/// A token is signed for the host's own name, a port and a user; signing it needs no call.
fn by_iam(aws: Aws, clock: Clock, url: &str) -> Result<Password, BootError> {
    let (host, port, user) = store::address(url)?;
    let login = DatabaseLogin { host, port, user };
    Ok(Password::asked(move || {
        let token = aws.rds_token(&login, clock.now());
        async move { Ok(token?.expose_secret().to_owned()) }
    }))
}

/// RDS takes the secret's password until the owner is a member of `rds_iam`, which creating the app's role can cause; from
/// then on it takes a token. A URL of several hosts is not one of RDS, and has no token.
fn by_secret_or_iam(aws: &Aws, clock: &Clock, url: &str) -> Password {
    let password = by_secret(aws.secrets());
    match by_iam(aws.clone(), clock.clone(), url) {
        Ok(token) => password.or(token),
        Err(_) => password,
    }
}

/// Read for each connection: RDS changes its master user's password by itself.
fn by_secret(secrets: Arc<dyn Secrets>) -> Password {
    Password::asked(move || {
        let secrets = Arc::clone(&secrets);
        async move {
            let text = secrets.read(Secret::Database).await?;
            // The parser's own error quotes what it read.
            let account: Account = serde_json::from_str(text.expose_secret())
                .map_err(|_quotes| "the secret is not JSON with a password")?;
            Ok(account.password)
        }
    })
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::mpsc;

    use super::*;

    /// Returns the same secret for every id.
    async fn secrets_manager(secret: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answer = serde_json::json!({ "SecretString": secret }).to_string();
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        url
    }

    async fn rest_of_message(client: &mut TcpStream) -> Vec<u8> {
        let length = client.read_u32().await.unwrap();
        let mut rest = vec![0; usize::try_from(length).unwrap() - 4];
        client.read_exact(&mut rest).await.unwrap();
        rest
    }

    /// Asks for a password in plain text, as PAM does, and refuses it; returns the one that it got.
    async fn refuse(client: &mut TcpStream) -> String {
        rest_of_message(client).await;
        client.write_all(b"R\0\0\0\x08\0\0\0\x03").await.unwrap();
        assert_eq!(client.read_u8().await.unwrap(), b'p');
        let password = rest_of_message(client).await;
        client.write_all(b"E\0\0\0\x20SFATAL\0C28000\0MPAM refused\0\0").await.unwrap();
        String::from_utf8(password).unwrap().trim_end_matches('\0').to_owned()
    }

    async fn refuse_all(server: TcpListener, refused: mpsc::UnboundedSender<String>) {
        while let Ok((mut client, _)) = server.accept().await {
            refused.send(refuse(&mut client).await).unwrap();
        }
    }

    #[tokio::test]
    async fn when_the_password_of_the_owner_is_refused_a_token_of_iam_is_tried() {
        let secrets = secrets_manager(r#"{"password":"of the secret"}"#).await;
        let aws = Aws::new(move |variable| match variable {
            "AWS_ENDPOINT_URL" => Some(secrets.clone()),
            "AWS_SESSION_TOKEN" => None,
            _ => Some("eu-central-1".to_owned()),
        });
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("postgres://tidings_admin@{}/tidings", server.local_addr().unwrap());
        let password = by_secret_or_iam(&aws.unwrap(), &Clock::System, &url);
        let access = Access { password: Some(password), ..url.as_str().into() };
        let (refused, mut passwords) = mpsc::unbounded_channel();
        tokio::spawn(refuse_all(server, refused));
        assert!(store::migrate::status(&access).await.is_err());
        let passwords = [passwords.try_recv(), passwords.try_recv(), passwords.try_recv()];
        assert_eq!(passwords[0].as_deref(), Ok("of the secret"));
        assert!(
            passwords[1].as_ref().unwrap().contains("Action=connect&DBUser=tidings_admin&"),
            "{passwords:?}"
        );
        assert!(passwords[2].is_err(), "there is no third try");
    }
}
