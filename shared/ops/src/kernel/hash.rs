//! SHA-256, of what is stored only as a hash.

use aws_lc_rs::digest::{SHA256, digest};

/// The 32 bytes of the hash.
pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}
