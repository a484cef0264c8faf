//! Log lines for people, held back while a start shows its progress on the same terminal.

use std::io::{Write, stderr};
use std::sync::{Mutex, PoisonError};

/// Where [`Logs::Text`](crate::Logs::Text) goes: standard error, or here while lines are held back.
static HELD: Mutex<Option<Vec<u8>>> = Mutex::new(None);

/// Holds lines back from now on.
pub fn hold() {
    HELD.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default();
}

/// Writes what was held back; from now on lines go to standard error at once.
pub fn release() {
    let held = HELD.lock().unwrap_or_else(PoisonError::into_inner).take();
    // A closed standard error is not an error.
    drop(stderr().write_all(&held.unwrap_or_default()));
}

/// Writes to standard error, unless lines are held back.
pub(crate) struct StandardError;

impl Write for StandardError {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match HELD.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(held) => held.write(bytes),
            None => stderr().write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        stderr().flush()
    }
}
