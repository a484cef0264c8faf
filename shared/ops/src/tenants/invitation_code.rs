//! The code of an invitation: 256 random bits, kept by their hash.

use crate::kernel::hash::sha256;

/// What every code begins with.
const MARK: &str = "tdi_";

pub(crate) fn new() -> String {
    format!("{MARK}{}", hex::encode(rand::random::<[u8; 32]>()))
}

/// The hash that an invitation is kept by. A code is often pasted with a blank.
pub(crate) fn hash_of(code: &str) -> Vec<u8> {
    sha256(code.trim().as_bytes())
}
