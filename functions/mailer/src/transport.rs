//! How a letter leaves: by SMTP, or into a folder on a machine that has no mail.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use cloud::Kept;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncFileTransport, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use serde::Deserialize;
use thiserror::Error;

/// How long connecting may take, at each address of the server's and at each try.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long handing a letter over may take, with everything that belongs to it: a second login too. `lettre` limits no
/// command to a server that has let it in, so one that falls silent would be waited for until Lambda ends the function.
/// Then nobody says which letters of the batch have left, and all of them would leave again. A server that works answers
/// within a second or two; `main.rs` leaves room for this beside the rest of a record.
const HAND_OVER_WITHIN: Duration = Duration::from_secs(12);

/// The mail server.
#[derive(Clone, Debug)]
pub struct Server {
    /// Such as `smtp.gmail.com`.
    pub host: String,
    /// 587 (STARTTLS) or 465 (TLS at once).
    pub port: u16,
    /// How long it may take over a letter.
    pub within: Duration,
}

impl Server {
    /// At that address, given the time that the deployed function has for it.
    pub fn new(host: String, port: u16) -> Self {
        Self { host, port, within: HAND_OVER_WITHIN }
    }
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
    /// The mail server refused it with this code. Its words stay out of the log: they tend to quote whom the letter is to.
    #[error("the mail server refused it with {0}")]
    Refused(u16),
    /// The mail server could not be spoken to.
    #[error("the mail server did not take it")]
    Smtp(#[source] smtp::Error),
    /// The mail server did not come to an end with it. It may have taken it all the same.
    #[error("the mail server was not done with it after {0:?}")]
    Slow(Duration),
    /// It could not be put into the folder.
    #[error("it could not be put into the folder")]
    File(#[from] lettre::transport::file::Error),
}

impl From<smtp::Error> for TransportError {
    fn from(error: smtp::Error) -> Self {
        error.status().map_or_else(|| Self::Smtp(error), |code| Self::Refused(code.into()))
    }
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

    /// Hands a letter over, in the time that the server is given.
    pub async fn send(&self, letter: Message) -> Result<(), TransportError> {
        match self {
            Self::Folder(folder) => folder.send(letter).await.map(drop).map_err(TransportError::from),
            Self::Smtp(server, login) => {
                tokio::time::timeout(server.within, log_in_and_hand_over(server, login, &letter))
                    .await
                    .map_err(|_elapsed| TransportError::Slow(server.within))?
            }
        }
    }
}

/// A login that is refused may have been changed a moment ago, so it is read again once.
async fn log_in_and_hand_over(
    server: &Server,
    login: &Kept<Login>,
    letter: &Message,
) -> Result<(), TransportError> {
    match hand_over(server, &login.get(), letter).await {
        Err(TransportError::Refused(LOGIN_REFUSED)) => {
            let login = login.renew().await;
            hand_over(server, &login, letter).await
        }
        outcome => outcome,
    }
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
    let builder = builder.port(server.port).timeout(Some(CONNECT_WITHIN));
    let builder = if login.user.is_empty() {
        builder
    } else {
        builder.credentials(Credentials::new(login.user.clone(), login.password.clone()))
    };
    builder.build().send(letter.clone()).await.map(drop).map_err(TransportError::from)
}

#[cfg(test)]
mod tests {
    use domain::with_causes;
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;

    use super::*;

    async fn listening(within: Duration) -> (TcpListener, Transport) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Server { within, ..Server::new("127.0.0.1".to_owned(), port) };
        let nobody = Login { user: String::new(), password: String::new() };
        (listener, Transport::Smtp(server, Kept::fixed(nobody)))
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

    fn letter() -> Message {
        crate::letter::welcome("a@tidings.test", "o@acme.com", "Acme", "http://h/").unwrap()
    }

    #[tokio::test]
    async fn a_server_that_refuses_a_letter_is_told_by_its_code_and_not_by_its_words() {
        let (listener, transport) = listening(HAND_OVER_WITHIN).await;
        tokio::spawn(refuse_the_recipient(listener));
        let refused = transport.send(letter()).await.unwrap_err();
        assert_eq!(with_causes(&refused), "the mail server refused it with 550");
    }

    #[tokio::test]
    async fn a_server_that_lets_a_letter_in_and_falls_silent_is_not_waited_for() {
        let within = Duration::from_millis(100);
        let (_listener, transport) = listening(within).await;
        // The kernel takes the connection; nobody speaks on it.
        let slow = transport.send(letter()).await.unwrap_err();
        assert!(matches!(slow, TransportError::Slow(after) if after == within), "{slow}");
    }
}
