//! The thread that writes the journal.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::sync::oneshot;

use super::{Command, open_file};

/// Bytes after which a write stops collecting further lines.
const WRITE_BYTES_MAX: usize = 1 << 20;
/// How often lines are tried again that could not be written.
const RETRY_EVERY: Duration = Duration::from_secs(1);

/// Writes lines in their order. Those that cannot be written now stay in the buffer and are tried again; whoever waits for
/// them is refused at once.
pub(super) struct Writer {
    path: PathBuf,
    file: File,
    /// Bytes of the file that are whole lines.
    written: u64,
    buffer: Vec<u8>,
    acks: Vec<oneshot::Sender<()>>,
    is_failing: Arc<AtomicBool>,
}

impl Writer {
    pub(super) fn new(path: PathBuf, mut file: File, is_failing: Arc<AtomicBool>) -> Self {
        // Without a position in the file the first write fails and is tried again from its beginning.
        let written = file.stream_position().unwrap_or_default();
        Self { path, file, written, buffer: Vec::new(), acks: Vec::new(), is_failing }
    }

    pub(super) fn run(&mut self, inbox: &mpsc::Receiver<Command>) {
        let mut is_open = true;
        while is_open {
            is_open = self.collect(inbox);
            match self.write() {
                Ok(()) if self.is_failing.swap(false, Ordering::Relaxed) => {
                    tracing::info!("the journal is written again");
                }
                Ok(()) => {}
                Err(error) if !self.is_failing.swap(true, Ordering::Relaxed) => {
                    tracing::error!(%error, "the journal cannot be written; the sandbox accepts nothing until it can");
                }
                Err(_again) => {}
            }
            // After a failure this refuses them.
            self.acks.clear();
        }
    }

    /// Waits for lines and takes those that are there. False when none will follow.
    fn collect(&mut self, inbox: &mpsc::Receiver<Command>) -> bool {
        let mut next = if self.buffer.is_empty() {
            inbox.recv().map_err(|mpsc::RecvError| RecvTimeoutError::Disconnected)
        } else {
            inbox.recv_timeout(RETRY_EVERY)
        };
        loop {
            match next {
                Ok(Command::Append(line, ack)) => {
                    self.buffer.extend_from_slice(&line);
                    self.acks.push(ack);
                }
                Ok(Command::Replace(lines)) => self.replace(&lines),
                Ok(Command::Close) | Err(RecvTimeoutError::Disconnected) => return false,
                Err(RecvTimeoutError::Timeout) => return true,
            }
            if self.buffer.len() >= WRITE_BYTES_MAX {
                return true;
            }
            let Ok(command) = inbox.try_recv() else { return true };
            next = Ok(command);
        }
    }

    /// Writes the file anew. Lines that wait are part of `lines`. When that fails the old file goes on.
    fn replace(&mut self, lines: &[u8]) {
        let draft = self.path.with_extension("draft");
        match write_whole(&draft, &self.path, lines) {
            Ok(file) => {
                self.file = file;
                self.written = u64::try_from(lines.len()).unwrap_or_default();
                self.buffer.clear();
                self.is_failing.store(false, Ordering::Relaxed);
            }
            Err(error) => tracing::warn!(%error, "the journal cannot be written anew; the old one goes on"),
        }
    }

    fn write(&mut self) -> std::io::Result<()> {
        if self.is_failing.load(Ordering::Relaxed) {
            // A part of the lines may be there.
            self.file.set_len(self.written)?;
            self.file.seek(SeekFrom::Start(self.written))?;
        }
        self.file.write_all(&self.buffer)?;
        self.written += u64::try_from(self.buffer.len()).unwrap_or_default();
        self.buffer.clear();
        for ack in self.acks.drain(..) {
            // The caller may have stopped waiting; the line is in the file all the same.
            ack.send(()).ok();
        }
        Ok(())
    }
}

/// A file with these lines, locked before it has the journal's name.
fn write_whole(draft: &Path, path: &Path, lines: &[u8]) -> std::io::Result<File> {
    let mut file = open_file(draft)?;
    file.try_lock()?;
    file.set_len(0)?;
    file.write_all(lines)?;
    std::fs::rename(draft, path)?;
    Ok(file)
}
