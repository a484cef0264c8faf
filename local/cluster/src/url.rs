//! The connection URL of a server that listens on a unix socket.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// `postgresql://<user>@<folder>/<database>`, with the folder percent-encoded in the place of the host, as
/// libpq and tokio-postgres accept it.
pub(crate) fn over_socket(folder: &Path, user: &str, database: &str) -> String {
    let (folder, user) = (encode(folder.as_os_str().as_bytes()), encode(user.as_bytes()));
    format!("postgresql://{user}@{folder}/{}", encode(database.as_bytes()))
}

/// Percent-encodes all but the unreserved characters of RFC 3986, section 2.3.
fn encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, &byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            write!(text, "%{byte:02X}").ok();
        }
        text
    })
}

#[cfg(test)]
mod tests;
