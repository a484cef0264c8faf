//! A second process that holds a cluster: this test binary again, which runs one test that waits.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use cluster::{Fetch, Options, start};

use crate::home::Home;

const VARIABLE: &str = "CLUSTER_TEST_HOLD";

/// The other process; it holds its cluster until its standard input ends.
pub struct Holder {
    process: Child,
    /// Kept open: a test harness that cannot print fails.
    _output: BufReader<ChildStdout>,
    server: u32,
}

impl Holder {
    /// Starts the other process and waits until its cluster answers.
    pub fn new(home: &Home) -> Self {
        Self::of(&mut command(&home.options().home))
    }

    /// The same for a command made by [`command`].
    pub fn of(command: &mut Command) -> Self {
        let mut process = command.spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut lines = output.by_ref().lines().map_while(Result::ok);
        let server = lines.find_map(|line| line.split_once("server=")?.1.parse().ok());
        Self { process, _output: output, server: server.expect("the helper names its server") }
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The postmaster it holds.
    pub fn server(&self) -> u32 {
        self.server
    }

    /// Kills the other process as `kill -9` does; returns the postmaster it leaves behind.
    pub fn kill(mut self) -> u32 {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.server
    }

    /// Waits for the other process to end of itself; returns the postmaster it leaves behind.
    pub fn wait(mut self) -> u32 {
        self.process.wait().unwrap();
        self.server
    }

    /// Lets the other process end in good order.
    pub fn finish(mut self) {
        drop(self.process.stdin.take());
        self.process.wait().unwrap();
    }
}

/// This test binary as the other process, before a shell's umask of 077: the strictest that users have.
pub fn command(home: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", r#"umask 077; exec "$0" "$@""#])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "helper::holds_a_cluster_until_its_input_ends", "--ignored", "--nocapture"])
        .env(VARIABLE, home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

#[test]
#[ignore = "run by Holder in a new process"]
fn holds_a_cluster_until_its_input_ends() {
    let Some(home) = std::env::var_os(VARIABLE) else { return };
    let cluster = start(&Options { fetch: Fetch::Never, ..Options::from_environment(home) }).unwrap();
    println!("\nserver={}", cluster.pid());
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}
