//! The journal: what must survive a SIGKILL, one JSON document per line, appended before the answer.
//!
//! One thread writes; lines that arrive during a write go out together with the next one. A process that is killed
//! loses nothing that was written; a machine that loses power may, because nothing is synced to the disk.
//! A last line that the kill left incomplete is cut off at the next start. A file that has grown large is written anew
//! with what is still needed, so that it stays bounded. While it cannot be written, as on a full disk, nothing new is
//! accepted, and what was is written as soon as it can be.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::de::DeserializeOwned;
use thiserror::Error;
use tokio::sync::oneshot;

use crate::error::SandboxError;

mod writer;

use writer::Writer;

/// Bytes after which the file is written anew, with what is still needed. When that alone is more than half of this,
/// it may grow to twice as much.
const BYTES_MAX: u64 = 64 << 20;
/// Attempts to lock a journal that another process has locked, and the pause between them.
const LOCK_ATTEMPTS: u32 = 40;
const LOCK_PAUSE: Duration = Duration::from_millis(50);
/// The file holds tokens: it is its owner's alone.
const MODE: u32 = 0o600;

/// The journal cannot be written for now, or the sandbox is stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the journal cannot be written")]
pub(crate) struct JournalUnavailable;

enum Command {
    Append(Vec<u8>, oneshot::Sender<()>),
    /// All lines that take the place of those before.
    Replace(Vec<u8>),
    Close,
}

/// Handle of the writer; without a file every line counts as written at once.
pub(crate) struct Journal {
    commands: Option<mpsc::Sender<Command>>,
    is_failing: Arc<AtomicBool>,
    /// Bytes of all lines, once they are written.
    bytes: AtomicU64,
    bytes_max: AtomicU64,
}

/// A line that was handed to the writer.
pub(crate) struct PendingLine(Option<oneshot::Receiver<()>>);

impl PendingLine {
    /// Waits until the line, and every line before it, is in the file.
    pub(crate) async fn written(self) -> Result<(), JournalUnavailable> {
        match self.0 {
            None => Ok(()),
            Some(ack) => ack.await.map_err(|_closed| JournalUnavailable),
        }
    }
}

impl Journal {
    /// A journal without a file.
    pub(crate) fn none() -> Self {
        Self {
            commands: None,
            is_failing: Arc::default(),
            bytes: AtomicU64::new(0),
            bytes_max: AtomicU64::new(u64::MAX),
        }
    }

    /// Starts the writer of a file that [`open`] has replayed.
    pub(crate) fn start(path: PathBuf, file: File) -> (Self, JoinHandle<()>) {
        let (commands, inbox) = mpsc::channel();
        let is_failing = Arc::<AtomicBool>::default();
        // A length that cannot be read counts from here.
        let bytes = AtomicU64::new(file.metadata().map_or(0, |metadata| metadata.len()));
        let mut writer = Writer::new(path, file, Arc::clone(&is_failing));
        let writer = std::thread::spawn(move || writer.run(&inbox));
        (Self { commands: Some(commands), is_failing, bytes, bytes_max: AtomicU64::new(BYTES_MAX) }, writer)
    }

    /// Whether it is time to [`Journal::replace`] its lines.
    pub(crate) fn is_large(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) > self.bytes_max.load(Ordering::Relaxed)
    }

    /// Puts lines in the place of all before.
    pub(crate) fn replace(&self, lines: Vec<u8>) {
        let bytes = u64::try_from(lines.len()).unwrap_or(u64::MAX);
        self.bytes.store(bytes, Ordering::Relaxed);
        self.bytes_max.store(BYTES_MAX.max(bytes.saturating_mul(2)), Ordering::Relaxed);
        if let Some(commands) = &self.commands {
            commands.send(Command::Replace(lines)).ok();
        }
    }

    /// Refuses what would have to be written while nothing can be.
    pub(crate) fn check(&self) -> Result<(), JournalUnavailable> {
        if self.is_failing.load(Ordering::Relaxed) { Err(JournalUnavailable) } else { Ok(()) }
    }

    /// Lines reach the file in the order of these calls.
    pub(crate) fn append(&self, line: Vec<u8>) -> PendingLine {
        let Some(commands) = &self.commands else { return PendingLine(None) };
        self.bytes.fetch_add(u64::try_from(line.len()).unwrap_or_default(), Ordering::Relaxed);
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

fn open_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false).mode(MODE).open(path)?;
    // An older file may have another mode.
    file.set_permissions(Permissions::from_mode(MODE))?;
    Ok(file)
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
    let mut file = open_file(path).map_err(failed)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_after_those_that_took_the_place_of_all_before_follow_them() {
        let path = std::env::temp_dir().join(format!("journal-{}.jsonl", uuid::Uuid::new_v4()));
        let file = open(&path, |_record: serde_json::Value| {}).await.unwrap();
        let (journal, writer) = Journal::start(path.clone(), file);
        let before = journal.append(b"1\n".to_vec());
        journal.replace(b"2\n".to_vec());
        let after = journal.append(b"3\n".to_vec());
        before.written().await.unwrap();
        after.written().await.unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "2\n3\n");
        let other = open_file(&path).unwrap();
        assert!(other.try_lock().is_err(), "the new file is locked as the old one was");
        journal.close();
        writer.join().unwrap();
        std::fs::remove_file(&path).unwrap();
    }
}
