//! Runs a program with a time limit, and looks a process up.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// The longest pause between two looks at something we wait for.
const PAUSE_MAX: Duration = Duration::from_millis(20);

/// How long a finished program's output may still be on its way.
const OUTPUT_LATE_MAX: Duration = Duration::from_secs(1);

/// Bytes of a failed program's output that are passed on.
const SAID_CHARS_MAX: usize = 2_000;

/// What a program that succeeded wrote to its standard output; otherwise the end of its output, or why it
/// could not run. It is killed at `limit`.
pub(crate) fn run(command: &mut Command, limit: Duration) -> Result<String, String> {
    run_with(command, Stdio::null(), limit)
}

/// The same for a program that must not outlive a lock of ours: it gets the locked file as its standard input,
/// so that the lock is held until the program has ended, even if we are killed before.
pub(crate) fn run_holding(command: &mut Command, lock: &File, limit: Duration) -> Result<String, String> {
    let lock = lock.try_clone().map_err(|error| format!("the lock cannot be passed on: {error}"))?;
    run_with(command, Stdio::from(lock), limit)
}

fn run_with(command: &mut Command, stdin: Stdio, limit: Duration) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let cannot = |error: io::Error| format!("{name}: {error}");
    let command = command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(cannot)?;
    let stdout = collect(child.stdout.take());
    let stderr = collect(child.stderr.take());
    let Some(status) = poll(limit, || child.try_wait().transpose()) else {
        child.kill().and_then(|()| child.wait()).map_err(cannot)?;
        return Err(format!("{name}: killed after {} s", limit.as_secs()));
    };
    let status = status.map_err(cannot)?;
    let stdout = stdout.recv_timeout(OUTPUT_LATE_MAX).unwrap_or_default();
    if status.success() {
        return Ok(stdout);
    }
    let stderr = stderr.recv_timeout(OUTPUT_LATE_MAX).unwrap_or_default();
    Err(format!("{name}: {status}: {}", tail(format!("{stdout}\n{stderr}").trim())))
}

/// Looks every few milliseconds, ever more slowly, until `look` sees something or the limit has passed.
pub(crate) fn poll<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let started = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(seen) = look() {
            return Some(seen);
        }
        if started.elapsed() >= limit {
            return None;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// The end of a long text, which usually holds the reason.
pub(crate) fn tail(text: &str) -> &str {
    let start = text.char_indices().rev().nth(SAID_CHARS_MAX).map_or(0, |(index, _)| index);
    text.get(start..).unwrap_or(text)
}

/// Reads a pipe to its end on a new thread, so that a program with much output does not block.
fn collect(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (send, receive) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // A broken pipe ends the text early; a reader who has given up is not waited for.
        drop(pipe.map(|mut pipe| pipe.read_to_end(&mut bytes)));
        drop(send.send(String::from_utf8_lossy(&bytes).into_owned()));
    });
    receive
}

/// What a process id from a pid file refers to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProcessState {
    Gone,
    /// Ended, but its parent never waited for it; it still counts as alive for Postgres.
    Zombie,
    /// The id belongs to another program.
    OtherProgram,
    /// A postmaster that works in the given data folder.
    Postmaster,
}

/// The state of process `pid`; `data` distinguishes our postmaster from others.
pub(crate) fn state(pid: u32, data: &Path) -> ProcessState {
    if Path::new("/proc/self/stat").exists() {
        process_state_by_proc(pid, data)
    } else {
        process_state_by_ps(pid)
    }
}

/// Linux: a postmaster's working folder is its data folder; state and name are in `/proc/<pid>/stat`.
fn process_state_by_proc(pid: u32, data: &Path) -> ProcessState {
    let process = Path::new("/proc").join(pid.to_string());
    let Ok(stat) = fs::read_to_string(process.join("stat")) else { return ProcessState::Gone };
    let is_ours = match (fs::read_link(process.join("cwd")), data.canonicalize()) {
        (Ok(folder), Ok(data)) => Some(folder == data),
        // Without the right to look (a container's root may lack it) the name has to do.
        (Err(_), _) | (_, Err(_)) => None,
    };
    match parse_stat(&stat) {
        Some((_, 'Z' | 'X')) => ProcessState::Zombie,
        Some((name, _)) if is_ours.unwrap_or_else(|| is_postmaster(name)) => ProcessState::Postmaster,
        Some(_) | None => ProcessState::OtherProgram,
    }
}

/// Whether a program of this name may be a postmaster; some distributions wrap it (`.postgres-wrapp`).
fn is_postmaster(name: &str) -> bool {
    name.contains("postgres") || name.contains("postmaster")
}

/// Elsewhere: `ps` knows state and name.
fn process_state_by_ps(pid: u32) -> ProcessState {
    let mut ps = Command::new("ps");
    ps.args(["-o", "stat=,comm=", "-p", &pid.to_string()]);
    let Ok(output) = run(&mut ps, Duration::from_secs(5)) else { return ProcessState::Gone };
    let output = output.trim();
    if output.starts_with('Z') {
        ProcessState::Zombie
    } else if is_postmaster(output) {
        ProcessState::Postmaster
    } else {
        ProcessState::OtherProgram
    }
}

/// Name and state from `<pid> (<name>) <state> …`; the name may itself hold parentheses.
fn parse_stat(stat: &str) -> Option<(&str, char)> {
    let (head, rest) = stat.rsplit_once(") ")?;
    let (_, name) = head.split_once('(')?;
    Some((name, rest.chars().next()?))
}

#[cfg(test)]
mod tests;
