//! How a letter leaves: by SMTP, or into a folder on a machine that has no mail.

use std::fmt;
use std::path::PathBuf;

use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncFileTransport, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

/// Where mail is handed over.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// Such as `smtp.gmail.com`.
    pub host: String,
    /// 587 (STARTTLS) or 465 (TLS at once).
    pub port: u16,
    /// The login.
    pub user: String,
    /// Its password.
    pub password: SecretString,
}

/// Why a letter did not leave.
#[derive(Debug, Error)]
pub enum TransportError {
    /// It cannot be written: an address is none.
    #[error("the letter cannot be written: {0}")]
    Letter(String),
    /// The mail server did not take it.
    #[error("the mail server did not take it")]
    Smtp(#[from] lettre::transport::smtp::Error),
    /// It could not be put into the folder.
    #[error("it could not be put into the folder")]
    File(#[from] lettre::transport::file::Error),
}

/// One way out.
pub enum Transport {
    /// A mail server.
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    /// A folder of `.eml` files, for a machine without mail.
    Folder(AsyncFileTransport<Tokio1Executor>),
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Smtp(_) => "Smtp",
            Self::Folder(_) => "Folder",
        })
    }
}

impl Transport {
    /// By SMTP, never in the clear. No connection is kept between letters: a frozen process would lose it.
    pub fn smtp(settings: &SmtpSettings) -> Result<Self, TransportError> {
        const TLS_AT_ONCE: u16 = 465;
        let builder = if settings.port == TLS_AT_ONCE {
            AsyncSmtpTransport::<Tokio1Executor>::relay(&settings.host)?
        } else {
            AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(&settings.host)?
        };
        let login = Credentials::new(settings.user.clone(), settings.password.expose_secret().to_owned());
        Ok(Self::Smtp(builder.port(settings.port).credentials(login).build()))
    }

    /// Into a folder, which must be there.
    pub fn folder(path: PathBuf) -> Self {
        Self::Folder(AsyncFileTransport::new(path))
    }

    /// Hands a letter over.
    pub async fn send(&self, letter: Message) -> Result<(), TransportError> {
        match self {
            Self::Smtp(smtp) => smtp.send(letter).await.map(drop).map_err(TransportError::from),
            Self::Folder(folder) => folder.send(letter).await.map(drop).map_err(TransportError::from),
        }
    }
}
