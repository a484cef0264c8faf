use super::*;
use crate::scratch::Scratch;

/// A cargo that notes how it is called and vendors two parts of a server and an extension.
const CARGO: &str = r#"echo "$*" > "$(dirname "$0")/calls"
test -f Cargo.toml && test -f Cargo.lock && test -f src/lib.rs || exit 9
one=vendored/part-001/payload/files/runtime
two=vendored/part-002/payload/files/runtime
extension=vendored/contrib/payload/extensions/citext
mkdir -p $one/bin $two/bin $two/lib $extension/lib/postgresql $extension/share/postgresql/extension
: > $one/bin/initdb
: > $two/bin/postgres
: > $two/lib/libpq.so.5
: > $extension/lib/postgresql/citext.so
: > $extension/share/postgresql/extension/citext.control
mkdir vendored/digest"#;

#[test]
fn the_parts_are_merged_into_one_tree() {
    let scratch = Scratch::new();
    let merged = unpack(&scratch.program("cargo", CARGO), &scratch.0).unwrap();
    assert_eq!(scratch.text("calls").trim(), "vendor --locked --quiet vendored");
    for file in [
        "bin/initdb",
        "bin/postgres",
        "lib/libpq.so.5",
        "lib/postgresql/citext.so",
        "share/postgresql/extension/citext.control",
    ] {
        assert!(merged.join(file).is_file(), "{file}");
    }
    assert_eq!(candidate(&merged).dir, merged.join("bin"));
}

#[test]
fn a_cargo_that_fails_is_quoted() {
    let scratch = Scratch::new();
    let said = unpack(&scratch.program("cargo", "echo 'no matching package' >&2; exit 101"), &scratch.0);
    assert!(said.unwrap_err().contains("no matching package"));
}

#[test]
fn every_crate_is_pinned_with_a_checksum() {
    let pinned: Vec<_> = MANIFEST.lines().filter_map(|line| line.split_once(" = \"=")).collect();
    assert_eq!(pinned.len(), 4);
    for (name, version) in pinned {
        let entry = format!("name = \"{name}\"\nversion = \"{version}\n");
        let (_, rest) = LOCK.split_once(&entry).expect("the lock file has the crate in the pinned version");
        let (entry, _) = rest.split_once("[[package]]").unwrap_or((rest, ""));
        assert!(entry.contains("\nchecksum = \""), "{name}");
    }
}
