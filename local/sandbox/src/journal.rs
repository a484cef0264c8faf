//! The journal: what has to outlive a SIGKILL, one JSON document a line, appended before the answer.
//!
//! One thread writes; whatever has come in while it wrote goes out with the next write. A process that is killed
//! loses nothing that was written; a machine that loses power may, since nothing is synced to the disk.
//! A last line that was torn by the kill is cut off at the next start. The file is never shortened otherwise.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::{oneshot, watch};

use crate::SandboxError;
use crate::record::Record;
use crate::world::World;

/// Bytes that one write gathers before it stops looking for more.
const WRITE_BYTES_MAX: usize = 1 << 20;
/// How often, and how long apart, a journal that another process holds is tried again.
const LOCK_TRIES: u32 = 40;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// The journal cannot be written any more; the sandbox is stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the journal is closed")]
pub(crate) struct JournalGone;

enum Command {
    Append(Vec<u8>, oneshot::Sender<()>),
    Close,
}

/// Handle of the writer; without a file every promise is kept at once.
pub(crate) struct Journal {
    commands: Option<mpsc::Sender<Command>>,
}

/// A line on its way; [`Promise::kept`] waits until it is in the file.
pub(crate) struct Promise(Option<oneshot::Receiver<()>>);

impl Promise {
    /// Waits until the line, and every line before it, is in the file.
    pub(crate) async fn kept(self) -> Result<(), JournalGone> {
        match self.0 {
            None => Ok(()),
            Some(ack) => ack.await.map_err(|_closed| JournalGone),
        }
    }
}

impl Journal {
    /// A journal that keeps nothing.
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

    /// Hands a line over. Lines reach the file in the order of these calls.
    pub(crate) fn append(&self, line: Vec<u8>) -> Promise {
        let Some(commands) = &self.commands else { return Promise(None) };
        let (ack, promise) = oneshot::channel();
        // When the writer is gone the acknowledgement is dropped with the command, and the promise says so.
        commands.send(Command::Append(line, ack)).ok();
        Promise(Some(promise))
    }

    /// A promise that is kept when everything handed over so far is in the file.
    pub(crate) fn barrier(&self) -> Promise {
        self.append(Vec::new())
    }

    /// Tells the writer to finish.
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
            // Nobody waits any more: the line is in the file all the same.
            ack.send(()).ok();
        }
    }
    Ok(())
}

/// Opens a journal, replays it into `world`, cuts off a torn last line, and locks it against a second sandbox.
pub(crate) async fn open(path: &Path, world: &mut World) -> Result<File, SandboxError> {
    let failed = |source| SandboxError::Journal { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
    lock(&file, path).await?;
    let good = replay(&file, path, world)?;
    file.set_len(good).map_err(failed)?;
    file.seek(SeekFrom::Start(good)).map_err(failed)?;
    Ok(file)
}

/// A process that was just killed may need a moment to let go.
async fn lock(file: &File, path: &Path) -> Result<(), SandboxError> {
    for _ in 0..LOCK_TRIES {
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

/// Replays the lines and returns how many bytes of them are good.
fn replay(file: &File, path: &Path, world: &mut World) -> Result<u64, SandboxError> {
    let mut reader = BufReader::new(file);
    let mut good = 0;
    let mut line = Vec::new();
    let mut number = 0;
    let mut torn: Option<serde_json::Error> = None;
    loop {
        line.clear();
        let read = reader
            .read_until(b'\n', &mut line)
            .map_err(|source| SandboxError::Journal { path: path.to_owned(), source })?;
        if read == 0 {
            return Ok(good);
        }
        if let Some(source) = torn {
            // Only the last line can be torn: with another behind it this is some other file.
            return Err(SandboxError::JournalLine { path: path.to_owned(), line: number, source });
        }
        number += 1;
        match serde_json::from_slice::<Record>(&line) {
            Ok(record) if line.ends_with(b"\n") => {
                world.apply(record);
                good += u64::try_from(read).unwrap_or(0);
            }
            Ok(_without_its_end) => return Ok(good),
            Err(source) => torn = Some(source),
        }
    }
}
