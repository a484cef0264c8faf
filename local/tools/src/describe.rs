//! Writes the description that `/openapi.json` answers. A test compares the file with the code.

use std::path::Path;

use tidings::error::LocalError;
use tidings::say::say;

/// The file that the deployed function holds.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../functions/admin/src/about/openapi.json");

pub(crate) fn run() -> Result<(), LocalError> {
    let text = tidings::api::written_description().map_err(|error| LocalError::Call(error.to_string()))?;
    let path = Path::new(FILE);
    std::fs::write(path, text).map_err(|source| LocalError::File {
        what: "write",
        path: path.to_path_buf(),
        source,
    })?;
    say("functions/admin/src/about/openapi.json holds the description of this code.");
    Ok(())
}
