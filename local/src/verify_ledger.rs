//! Checks an exported proof of a ledger, without a database and without the platform.

use std::path::Path;

use ops::billing::proof::{self, Verified};

use crate::error::LocalError;
use crate::say::say;

/// Says what the proof in the file proves, or fails with the first thing that is wrong.
pub fn run(file: &Path) -> Result<(), LocalError> {
    let unreadable = |source| LocalError::File { what: "read", path: file.to_owned(), source };
    let text = std::fs::read_to_string(file).map_err(unreadable)?;
    let proven = proof::verify(&text).map_err(|error| LocalError::Call(error.to_string()))?;
    let Verified { tenant, entries, seals, balance, last_hash } = proven;
    say(format!(
        "The ledger of {tenant} is unchanged: {entries} entries under {seals} seals, the balance after them is {balance}.\n\
         Compare the last hash with one that you kept: {last_hash}"
    ));
    Ok(())
}
