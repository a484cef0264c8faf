//! A mail server on loopback, and the e-mails that it received.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tokio::process::Command;

use crate::deploy_check::aws::free_port;
use crate::deploy_check::program::Program;
use crate::deploy_check::site::Site;
use crate::deploy_check::tools::Tool;
use crate::mail_folder::MailFolder;
use tidings::error::LocalError;

const LOOK_EVERY: Duration = Duration::from_millis(100);
const START_LIMIT: Duration = Duration::from_secs(15);

#[derive(Debug)]
pub(crate) struct MailServer {
    program: Program,
    folder: PathBuf,
    pub port: u16,
}

impl MailServer {
    pub async fn start(site: &Site, name: &str) -> Result<Self, LocalError> {
        let (folder, port) = (site.folder(name)?, free_port()?);
        let mut command = Command::new(Tool::Ministack.program(site, "python"));
        command.arg(site.script("mail_server.py")).arg(&folder).arg(port.to_string());
        let program = Program::start(&site.logs(), name, command)?;
        let mut server = Self { program, folder, port };
        let since = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            server.program.check()?;
            if since.elapsed() > START_LIMIT {
                return Err(LocalError::Call("the mail server did not listen".to_owned()));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(server)
    }

    /// The e-mails that it received.
    pub fn folder(&self) -> MailFolder {
        MailFolder(self.folder.clone())
    }

    pub async fn stop(self) {
        self.program.stop().await;
    }
}
