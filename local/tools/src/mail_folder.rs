//! A folder of e-mails, and the links in them.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tidings::error::LocalError;

const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Each e-mail is a file `*.eml`.
#[derive(Clone, Debug)]
pub(crate) struct MailFolder(pub PathBuf);

impl MailFolder {
    /// Waits for an e-mail to that address and returns the secret of the link in it.
    pub async fn secret_for(&self, to: &str, limit: Duration) -> Result<String, LocalError> {
        let since = Instant::now();
        while since.elapsed() < limit {
            if let Some(secret) = self.email_to(to).as_deref().and_then(secret_of) {
                return Ok(secret);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Err(LocalError::Call(format!("no e-mail with a link to {to} arrived within {} s", limit.as_secs())))
    }

    fn email_to(&self, to: &str) -> Option<String> {
        let files = std::fs::read_dir(&self.0).into_iter().flatten().filter_map(Result::ok);
        let emails = files.filter(|file| file.path().extension().is_some_and(|kind| kind == "eml"));
        emails
            .filter_map(|file| std::fs::read_to_string(file.path()).ok())
            .find(|email| email.lines().any(|line| line.starts_with("To:") && line.contains(to)))
    }
}

/// The text after the last `=` of the link, with line breaks removed.
fn secret_of(email: &str) -> Option<String> {
    let (_, text) =
        email.replace("\r\n", "\n").split_once("\n\n").map(|(a, b)| (a.to_owned(), b.to_owned()))?;
    let text = if email.to_lowercase().contains("quoted-printable") {
        text.replace("=\n", "").replace("=3D", "=")
    } else {
        text
    };
    let link = text.split_whitespace().find(|word| word.contains("/auth/set-password"))?;
    link.rsplit(['=', '#']).next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_read_from_plain_and_from_folded_emails() {
        let plain = "To: a@b.c\r\n\r\nHello,\r\n\r\nhttps://h/auth/set-password?s=abc-1_2\r\n";
        assert_eq!(secret_of(plain).as_deref(), Some("abc-1_2"));
        let folded = "Content-Transfer-Encoding: quoted-printable\r\n\r\nhttps://h/auth/set-password?s=3Dabc=\r\ndef\r\n";
        assert_eq!(secret_of(folded).as_deref(), Some("abcdef"));
    }
}
