//! A mail server on loopback, and the letters that came to it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tokio::process::Command;

use crate::deploy_check::aws::free_port;
use crate::deploy_check::program::Program;
use crate::deploy_check::site::Site;
use crate::deploy_check::tools::Tool;
use tidings::error::LocalError;

const LOOK_EVERY: Duration = Duration::from_millis(100);
const START_LIMIT: Duration = Duration::from_secs(15);

/// The mail server.
#[derive(Debug)]
pub(crate) struct Letters {
    program: Program,
    folder: PathBuf,
    /// Its port.
    pub port: u16,
}

impl Letters {
    /// Starts it.
    pub async fn start(site: &Site, name: &str) -> Result<Self, LocalError> {
        let (folder, port) = (site.folder(name)?, free_port()?);
        let mut command = Command::new(Tool::Ministack.program(site, "python"));
        command.arg(site.script("letters.py")).arg(&folder).arg(port.to_string());
        let program = Program::start(&site.logs(), name, command)?;
        let mut letters = Self { program, folder, port };
        let since = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            letters.program.check()?;
            if since.elapsed() > START_LIMIT {
                return Err(LocalError::Call("the mail server did not listen".to_owned()));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(letters)
    }

    /// Waits for a letter to somebody and gives the secret of the link in it.
    pub async fn secret_for(&self, to: &str, limit: Duration) -> Result<String, LocalError> {
        let since = Instant::now();
        while since.elapsed() < limit {
            if let Some(secret) = self.letter_to(to).as_deref().and_then(secret_of) {
                return Ok(secret);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Err(LocalError::Call(format!("no letter with a link came to {to} within {} s", limit.as_secs())))
    }

    fn letter_to(&self, to: &str) -> Option<String> {
        let files = std::fs::read_dir(&self.folder).into_iter().flatten().filter_map(Result::ok);
        let letters = files.filter(|file| file.path().extension().is_some_and(|kind| kind == "eml"));
        letters
            .filter_map(|file| std::fs::read_to_string(file.path()).ok())
            .find(|letter| letter.lines().any(|line| line.starts_with("To:") && line.contains(to)))
    }

    /// Ends it.
    pub async fn stop(self) {
        self.program.stop().await;
    }
}

/// Whatever stands after the last `=` of the link: what a person would click on, its line breaks undone.
fn secret_of(letter: &str) -> Option<String> {
    let (_, text) =
        letter.replace("\r\n", "\n").split_once("\n\n").map(|(a, b)| (a.to_owned(), b.to_owned()))?;
    let text = if letter.to_lowercase().contains("quoted-printable") {
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
    fn the_secret_is_read_from_plain_and_from_folded_letters() {
        let plain = "To: a@b.c\r\n\r\nHello,\r\n\r\nhttps://h/auth/set-password?s=abc-1_2\r\n";
        assert_eq!(secret_of(plain).as_deref(), Some("abc-1_2"));
        let folded = "Content-Transfer-Encoding: quoted-printable\r\n\r\nhttps://h/auth/set-password?s=3Dabc=\r\ndef\r\n";
        assert_eq!(secret_of(folded).as_deref(), Some("abcdef"));
    }
}
