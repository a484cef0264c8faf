//! A second process that holds a cluster: this test binary again, told to run one test that waits.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

use cluster::{Options, start};

use crate::home::Home;

/// Tells the helper which home to use.
const VARIABLE: &str = "CLUSTER_TEST_HOLD";

/// The other process; it holds its cluster until its standard input ends.
pub struct Holder {
    process: Child,
    /// Kept open: a test harness that cannot print fails.
    _output: BufReader<ChildStdout>,
    server: u32,
}

impl Holder {
    pub fn new(home: &Home) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "helper::holds_a_cluster_until_its_input_ends", "--ignored", "--nocapture"])
            .env(VARIABLE, home.options().home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut lines = output.by_ref().lines().map_while(Result::ok);
        let server = lines.find_map(|line| line.split_once("server=")?.1.parse().ok());
        Self { process, _output: output, server: server.expect("the helper names its server") }
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

    /// Lets the other process end in good order.
    pub fn finish(mut self) {
        drop(self.process.stdin.take());
        self.process.wait().unwrap();
    }
}

#[test]
#[ignore = "run by Holder in a process of its own"]
fn holds_a_cluster_until_its_input_ends() {
    let Some(home) = std::env::var_os(VARIABLE) else { return };
    let cluster = start(&Options::from_environment(home)).unwrap();
    println!("\nserver={}", cluster.pid());
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}
