//! Says when the embedded migrations are stale: `include_str!` notices an edited file, not a new one.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
