//! Rebuilds the crate when a migration is added: `include_str!` notices an edited file, not a new one.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
