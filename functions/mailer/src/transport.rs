//! How a letter leaves: by SMTP, or into a folder on a machine that has no mail.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use cloud::Kept;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncFileTransport, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use serde::Deserialize;
use thiserror::Error;

/// The mail server.
#[derive(Clone, Debug)]
pub struct Server {
    /// Such as `smtp.gmail.com`.
    pub host: String,
    /// 587 (STARTTLS) or 465 (TLS at once).
    pub port: u16,
}

/// The account that letters are handed over with.
#[derive(Clone, Deserialize)]
pub struct Login {
    /// Its name.
    pub user: String,
    /// Its password.
    pub password: String,
}

impl Login {
    /// From `{"user": "…", "password": "…"}`. The error quotes nothing.
    pub fn from_json(text: &str) -> Result<Self, &'static str> {
        serde_json::from_str(text).map_err(|_quotes| "must be JSON with user and password")
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login")
    }
}

/// What a mail server says to a login that it does not know (RFC 4954, 6).
const LOGIN_REFUSED: u16 = 535;

/// Why a letter did not leave.
#[derive(Debug, Error)]
pub enum TransportError {
    /// It cannot be written: an address is none.
    #[error("the letter cannot be written: {0}")]
    Letter(String),
    /// The mail server did not take it.
    #[error("the mail server did not take it")]
    Smtp(#[from] smtp::Error),
    /// It could not be put into the folder.
    #[error("it could not be put into the folder")]
    File(#[from] lettre::transport::file::Error),
}

/// One way out.
pub enum Transport {
    /// A mail server.
    Smtp(Server, Kept<Login>),
    /// A folder of `.eml` files, for a machine without mail.
    Folder(AsyncFileTransport<Tokio1Executor>),
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Smtp(..) => "Smtp",
            Self::Folder(_) => "Folder",
        })
    }
}

impl Transport {
    /// Into a folder, which must be there.
    pub fn folder(path: PathBuf) -> Self {
        Self::Folder(AsyncFileTransport::new(path))
    }

    /// Hands a letter over. A login that is refused may have been changed a moment ago, so it is read again once.
    pub async fn send(&self, letter: Message) -> Result<(), TransportError> {
        match self {
            Self::Folder(folder) => folder.send(letter).await.map(drop).map_err(TransportError::from),
            Self::Smtp(server, login) => match hand_over(server, &login.get(), &letter).await {
                Err(TransportError::Smtp(refused)) if is_login_refused(&refused) => {
                    let login = login.renew().await;
                    hand_over(server, &login, &letter).await
                }
                outcome => outcome,
            },
        }
    }
}

fn is_login_refused(error: &smtp::Error) -> bool {
    error.status().is_some_and(|code| u16::from(code) == LOGIN_REFUSED)
}

/// By SMTP, never in the clear, except to a server on this machine. No connection is kept between letters: a frozen
/// process would lose it.
async fn hand_over(server: &Server, login: &Login, letter: &Message) -> Result<(), TransportError> {
    const TLS_AT_ONCE: u16 = 465;
    let host = server.host.as_str();
    let builder = if host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()) {
        AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
    } else if server.port == TLS_AT_ONCE {
        AsyncSmtpTransport::<Tokio1Executor>::relay(host)?
    } else {
        AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(host)?
    };
    let builder = builder.port(server.port);
    let builder = if login.user.is_empty() {
        builder
    } else {
        builder.credentials(Credentials::new(login.user.clone(), login.password.clone()))
    };
    builder.build().send(letter.clone()).await.map(drop).map_err(TransportError::from)
}
