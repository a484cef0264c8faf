//! How an e-mail leaves: by SMTP, or into a folder on a machine that has no mail server.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use cloud::Reloadable;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncFileTransport, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use serde::Deserialize;
use thiserror::Error;

/// How long connecting may take, at each address of the server's and at each try.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long handing an e-mail over may take, a second login included. `lettre` limits no command to a server that it is
/// connected to, so the function would wait for a silent server until Lambda ends it; then the whole batch would be
/// delivered again, with the e-mails that have left. A server that works answers within a second or two; `main.rs` leaves
/// time for this beside the rest of a record.
const HAND_OVER_WITHIN: Duration = Duration::from_secs(12);

/// The mail server.
#[derive(Clone, Debug)]
pub struct Server {
    /// Such as `smtp.gmail.com`.
    pub host: String,
    /// 587 (STARTTLS) or 465 (TLS at once).
    pub port: u16,
    /// How long handing an e-mail over may take.
    pub within: Duration,
}

impl Server {
    /// With the time-out of the deployed function.
    pub fn new(host: String, port: u16) -> Self {
        Self { host, port, within: HAND_OVER_WITHIN }
    }
}

/// The account at the mail server.
#[derive(Clone, Deserialize)]
pub struct Login {
    pub user: String,
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

/// A mail server's code for a wrong login (RFC 4954, 6).
const LOGIN_REFUSED: u16 = 535;

/// Why an e-mail did not leave.
#[derive(Debug, Error)]
pub enum TransportError {
    /// An address is not one, for example.
    #[error("the e-mail cannot be written: {0}")]
    NotWritten(String),
    /// The server's text stays out of the log: it tends to quote the recipient's address.
    #[error("the mail server refused it with {0}")]
    Refused(u16),
    #[error("the mail server could not be reached")]
    Smtp(#[source] smtp::Error),
    /// It may have taken it all the same.
    #[error("the mail server did not answer within {0:?}")]
    Slow(Duration),
    #[error("the e-mail could not be written into the folder")]
    File(#[from] lettre::transport::file::Error),
}

impl TransportError {
    /// Whether no later try can succeed (RFC 5321, 4.2.1: 5yz). A refused login (53z) is not about the e-mail.
    pub(crate) const fn is_final(&self) -> bool {
        match self {
            Self::NotWritten(_) => true,
            Self::Refused(code) => matches!(code, 500..=529 | 540..=599),
            Self::Smtp(_) | Self::Slow(_) | Self::File(_) => false,
        }
    }

    /// Whether the server asked to try again later (RFC 5321, 4.2.1: 4yz).
    pub(crate) const fn is_busy(&self) -> bool {
        matches!(self, Self::Refused(400..=499))
    }
}

impl From<smtp::Error> for TransportError {
    fn from(error: smtp::Error) -> Self {
        error.status().map_or_else(|| Self::Smtp(error), |code| Self::Refused(code.into()))
    }
}

pub enum Transport {
    Smtp(Server, Reloadable<Login>),
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

    /// Hands an e-mail over, within the server's time-out.
    pub async fn send(&self, email: Message) -> Result<(), TransportError> {
        match self {
            Self::Folder(folder) => folder.send(email).await.map(drop).map_err(TransportError::from),
            Self::Smtp(server, login) => {
                tokio::time::timeout(server.within, log_in_and_hand_over(server, login, &email))
                    .await
                    .map_err(|_elapsed| TransportError::Slow(server.within))?
            }
        }
    }
}

/// A refused login may have been changed a moment ago, so it is read again once.
async fn log_in_and_hand_over(
    server: &Server,
    login: &Reloadable<Login>,
    email: &Message,
) -> Result<(), TransportError> {
    match hand_over(server, &login.get(), email).await {
        Err(TransportError::Refused(LOGIN_REFUSED)) => {
            let login = login.renew().await;
            hand_over(server, &login, email).await
        }
        outcome => outcome,
    }
}

/// By SMTP, never unencrypted, except to a server on this machine. No connection stays open between e-mails: a frozen
/// process would lose it.
async fn hand_over(server: &Server, login: &Login, email: &Message) -> Result<(), TransportError> {
    const TLS_AT_ONCE: u16 = 465;
    let host = server.host.as_str();
    let builder = if host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()) {
        AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
    } else if server.port == TLS_AT_ONCE {
        AsyncSmtpTransport::<Tokio1Executor>::relay(host)?
    } else {
        AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(host)?
    };
    let builder = builder.port(server.port).timeout(Some(CONNECT_WITHIN));
    let builder = if login.user.is_empty() {
        builder
    } else {
        builder.credentials(Credentials::new(login.user.clone(), login.password.clone()))
    };
    builder.build().send(email.clone()).await.map(drop).map_err(TransportError::from)
}

#[cfg(test)]
mod tests {
    use domain::access::email::EmailKind;
    use domain::with_causes;
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;

    use super::*;

    async fn listening(within: Duration) -> (TcpListener, Transport) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Server { within, ..Server::new("127.0.0.1".to_owned(), port) };
        let no_login = Login { user: String::new(), password: String::new() };
        (listener, Transport::Smtp(server, Reloadable::fixed(no_login)))
    }

    async fn refuse_the_recipient(listener: TcpListener) {
        let mut lines = BufReader::new(listener.accept().await.unwrap().0);
        lines.write_all(b"220 here\r\n").await.unwrap();
        let mut line = String::new();
        while lines.read_line(&mut line).await.unwrap_or(0) > 0 {
            let is_recipient = line.starts_with("RCPT");
            let answer = if is_recipient { "550 5.1.1 <o@acme.com> is unknown\r\n" } else { "250 yes\r\n" };
            lines.write_all(answer.as_bytes()).await.unwrap();
            line.clear();
        }
    }

    fn email() -> Message {
        use crate::email::tests::{draft, sender};
        sender().message(&draft(EmailKind::Welcome, "Acme", "o@acme.com")).unwrap()
    }

    #[tokio::test]
    async fn a_refusal_is_logged_with_its_code_and_without_its_text() {
        let (listener, transport) = listening(HAND_OVER_WITHIN).await;
        tokio::spawn(refuse_the_recipient(listener));
        let refused = transport.send(email()).await.unwrap_err();
        assert_eq!(with_causes(&refused), "the mail server refused it with 550");
        assert!(refused.is_final() && !refused.is_busy());
    }

    #[test]
    fn a_refusal_for_now_and_a_wrong_login_are_tried_again() {
        for code in [421, 450, 451, 452] {
            let refused = TransportError::Refused(code);
            assert!(refused.is_busy() && !refused.is_final(), "{code}");
        }
        for code in [530, 534, LOGIN_REFUSED] {
            let refused = TransportError::Refused(code);
            assert!(!refused.is_busy() && !refused.is_final(), "{code}");
        }
    }

    #[tokio::test]
    async fn a_server_that_connects_and_stays_silent_is_not_waited_for() {
        let within = Duration::from_millis(100);
        let (_listener, transport) = listening(within).await;
        // The kernel takes the connection; nothing is sent on it.
        let slow = transport.send(email()).await.unwrap_err();
        assert!(matches!(slow, TransportError::Slow(after) if after == within), "{slow}");
    }
}
