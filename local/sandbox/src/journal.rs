//! The journal: what must survive a SIGKILL, one JSON document per line, appended before the answer.
//!
//! One thread writes; lines that arrive during a write go out together with the next one. A process that is killed
//! loses nothing that was written; a machine that loses power may, because nothing is synced to the disk.
//! A last line that the kill left incomplete is cut off at the next start. Otherwise the file only grows.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use serde::de::DeserializeOwned;
use thiserror::Error;
use tokio::sync::{oneshot, watch};

use crate::error::SandboxError;

/// Bytes after which a write stops collecting further lines.
const WRITE_BYTES_MAX: usize = 1 << 20;
/// Attempts to lock a journal that another process has locked, and the pause between them.
const LOCK_ATTEMPTS: u32 = 40;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// The journal can no longer be written; the sandbox is stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the journal is closed")]
pub(crate) struct JournalClosed;

enum Command {
    Append(Vec<u8>, oneshot::Sender<()>),
    Close,
}

/// Handle of the writer; without a file every line counts as written at once.
pub(crate) struct Journal {
    commands: Option<mpsc::Sender<Command>>,
}

/// A line that was handed to the writer.
pub(crate) struct PendingLine(Option<oneshot::Receiver<()>>);

impl PendingLine {
    /// Waits until the line, and every line before it, is in the file.
    pub(crate) async fn written(self) -> Result<(), JournalClosed> {
        match self.0 {
            None => Ok(()),
            Some(ack) => ack.await.map_err(|_closed| JournalClosed),
        }
    }
}

impl Journal {
    /// A journal without a file.
    pub(crate) fn none() -> Self {
        Self { commands: None }
    }

    /// Starts the writer of a file that [`open`] has replayed. A failed write stops the sandbox.
    pub(crate) fn start(file: File, stop: watch::Sender<bool>) -> (Self, JoinHandle<()>) {
        let (commands, inbox) = mpsc::channel();
        let writer = std::thread::spawn(move || {
            if let Err(error) = write_all(file, &inbox) {
                tracing::error!(%error, "the journal cannot be written; the sandbox stops");
                stop.send_replace(true);
            }
        });
        (Self { commands: Some(commands) }, writer)
    }

    /// Lines reach the file in the order of these calls.
    pub(crate) fn append(&self, line: Vec<u8>) -> PendingLine {
        let Some(commands) = &self.commands else { return PendingLine(None) };
        let (ack, written) = oneshot::channel();
        // When the writer has ended, the acknowledgement is dropped with the command and `written` fails.
        commands.send(Command::Append(line, ack)).ok();
        PendingLine(Some(written))
    }

    /// An empty line: it counts as written when everything appended so far is in the file.
    pub(crate) fn barrier(&self) -> PendingLine {
        self.append(Vec::new())
    }

    /// Ends the writer after the lines that it already has.
    pub(crate) fn close(&self) {
        if let Some(commands) = &self.commands {
            commands.send(Command::Close).ok();
        }
    }
}

fn write_all(mut file: File, inbox: &mpsc::Receiver<Command>) -> std::io::Result<()> {
    let mut buffer = Vec::new();
    let mut acks = Vec::new();
    let mut closing = false;
    while !closing {
        let Ok(mut command) = inbox.recv() else { return Ok(()) };
        loop {
            match command {
                Command::Append(line, ack) => {
                    buffer.extend_from_slice(&line);
                    acks.push(ack);
                }
                Command::Close => closing = true,
            }
            if closing || buffer.len() >= WRITE_BYTES_MAX {
                break;
            }
            let Ok(next) = inbox.try_recv() else { break };
            command = next;
        }
        file.write_all(&buffer)?;
        buffer.clear();
        for ack in acks.drain(..) {
            // The caller may have stopped waiting; the line is in the file all the same.
            ack.send(()).ok();
        }
    }
    Ok(())
}

/// Opens a journal, locks it against a second sandbox, passes every record to `apply`, and cuts off an incomplete last
/// line.
pub(crate) async fn open<R: DeserializeOwned>(
    path: &Path,
    apply: impl FnMut(R),
) -> Result<File, SandboxError> {
    let failed = |source| SandboxError::Journal { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
    lock(&file, path).await?;
    let complete_bytes = replay(&file, path, apply)?;
    file.set_len(complete_bytes).map_err(failed)?;
    file.seek(SeekFrom::Start(complete_bytes)).map_err(failed)?;
    Ok(file)
}

/// Tries several times, because a process that was just killed may still hold its lock for a moment.
async fn lock(file: &File, path: &Path) -> Result<(), SandboxError> {
    for _ in 0..LOCK_ATTEMPTS {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_PAUSE).await,
            Err(TryLockError::Error(source)) => {
                return Err(SandboxError::Journal { path: path.to_owned(), source });
            }
        }
    }
    Err(SandboxError::JournalBusy { path: path.to_owned() })
}

/// Returns how many bytes at the start of the file are complete lines.
fn replay<R: DeserializeOwned>(
    file: &File,
    path: &Path,
    mut apply: impl FnMut(R),
) -> Result<u64, SandboxError> {
    let mut reader = BufReader::new(file);
    let mut complete_bytes = 0;
    let mut line = Vec::new();
    let mut number = 0;
    let mut unreadable: Option<serde_json::Error> = None;
    loop {
        line.clear();
        let read = reader
            .read_until(b'\n', &mut line)
            .map_err(|source| SandboxError::Journal { path: path.to_owned(), source })?;
        if read == 0 {
            return Ok(complete_bytes);
        }
        if let Some(source) = unreadable {
            // A kill can only tear the last line: with another one after it, this file is not a journal.
            return Err(SandboxError::JournalLine { path: path.to_owned(), line: number, source });
        }
        number += 1;
        match serde_json::from_slice::<R>(&line) {
            Ok(record) if line.ends_with(b"\n") => {
                apply(record);
                complete_bytes += u64::try_from(read).unwrap_or(0);
            }
            Ok(_unterminated) => return Ok(complete_bytes),
            Err(source) => unreadable = Some(source),
        }
    }
}
