//! Other programs: each in its own process group, with its output in files and a time limit, ended when this program ends.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

use tidings::error::LocalError;

const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Time for a program to end after SIGTERM before it is killed.
const ENDING: Duration = Duration::from_secs(5);
/// Lines of a failure's output that are shown.
const LINES_SHOWN: usize = 25;

/// A program that runs beside us. Its whole group is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Program {
    name: String,
    child: Child,
    group: Option<Pid>,
    out: PathBuf,
    err: PathBuf,
}

/// How a program that was waited for ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub is_fine: bool,
    /// Its standard output.
    pub out: String,
    /// The end of everything that it wrote.
    pub tail: String,
}

impl Ran {
    /// Nothing, or the end of what it wrote.
    pub fn verdict(&self) -> Result<(), String> {
        if self.is_fine { Ok(()) } else { Err(format!("\n{}", self.tail)) }
    }
}

impl Program {
    /// Starts it; what it writes goes to `NAME.out` and `NAME.err` of the folder. Its standard input stays open until we
    /// end, however we end, so that a program which listens to that can end as well.
    pub fn start(folder: &Path, name: &str, mut command: Command) -> Result<Self, LocalError> {
        let (out, err) = (folder.join(format!("{name}.out")), folder.join(format!("{name}.err")));
        let failed = |path: &Path| {
            let path = path.to_path_buf();
            move |source| LocalError::File { what: "start a program that writes to", path, source }
        };
        command
            .process_group(0)
            .kill_on_drop(true)
            .stdin(Stdio::piped())
            .stdout(File::create(&out).map_err(failed(&out))?)
            .stderr(File::create(&err).map_err(failed(&err))?);
        let child = command.spawn().map_err(|source| LocalError::File {
            what: "run",
            path: PathBuf::from(command.as_std().get_program()),
            source,
        })?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Ok(Self { name: name.to_owned(), child, group, out, err })
    }

    /// An error with the end of its log when it has ended by itself.
    pub fn check(&mut self) -> Result<(), LocalError> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(_)) | Err(_) => {
                Err(LocalError::Call(format!("{} ended by itself; it wrote:\n{}", self.name, self.tail())))
            }
        }
    }

    /// The end of what it wrote so far.
    pub fn tail(&self) -> String {
        format!("{}\n{}", tail(&self.out), tail(&self.err)).trim().to_owned()
    }

    /// Ends the whole group and waits for it.
    pub async fn stop(mut self) {
        self.signal(Signal::TERM);
        if tokio::time::timeout(ENDING, self.child.wait()).await.is_err() {
            tracing::debug!(self.name, "did not end after SIGTERM");
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group
            && let Err(error) = kill_process_group(group, signal)
        {
            tracing::trace!(%error, self.name, "the group is gone already");
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// Runs a program to its end, behind a spinner that shows its last line.
pub(crate) async fn run(
    folder: &Path,
    name: &str,
    command: Command,
    limit: Duration,
) -> Result<Ran, LocalError> {
    let spinner = spinner(name);
    let mut program = Program::start(folder, name, command)?;
    // A program that is waited for reads no input.
    drop(program.child.stdin.take());
    let (out, err) = (folder.join(format!("{name}.out")), folder.join(format!("{name}.err")));
    let started = Instant::now();
    let status = loop {
        match tokio::time::timeout(LOOK_EVERY, program.child.wait()).await {
            Ok(status) => break status.ok(),
            Err(_) if started.elapsed() > limit => break None,
            Err(_) => spinner.set_message(format!("{name}: {}", last_line(&err))),
        }
    };
    spinner.finish_and_clear();
    let late = if started.elapsed() > limit {
        format!("\nkilled after {} s", limit.as_secs())
    } else {
        String::new()
    };
    Ok(Ran {
        is_fine: status.as_ref().is_some_and(ExitStatus::success),
        out: read(&out),
        tail: format!("{}{late}", program.tail()),
    })
}

/// A spinner; silent without a terminal.
pub(crate) fn spinner(what: &str) -> ProgressBar {
    let spinner = ProgressBar::new_spinner().with_message(what.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed:>4} {wide_msg}") {
        spinner.set_style(style);
    }
    spinner.enable_steady_tick(LOOK_EVERY);
    spinner
}

fn read(path: &Path) -> String {
    std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn tail(path: &Path) -> String {
    let text = read(path);
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(LINES_SHOWN)..).unwrap_or_default().join("\n")
}

fn last_line(path: &Path) -> String {
    const WIDTH: usize = 100;
    let text = read(path);
    let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    last.trim().chars().filter(|sign| !sign.is_control()).take(WIDTH).collect()
}
