//! What can be forgotten: a call of the client that nobody tries against the sandbox.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Calls that no test here makes, and why.
const NOT_TRIED: [(&str, &str); 3] = [
    ("archive_templates", "the sandbox has no archive"),
    ("unarchive_templates", "the sandbox has no archive"),
    ("upload_example", "the sandbox takes any handle of an example"),
];

/// The texts of all Rust files of a folder, at any depth.
fn texts(folder: &Path) -> Vec<String> {
    let mut folders: Vec<PathBuf> = vec![folder.to_path_buf()];
    let mut texts = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                texts.push(fs::read_to_string(path).expect("a text"));
            }
        }
    }
    texts
}

/// The names of the client's public calls.
fn calls() -> BTreeSet<String> {
    let sources = texts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/meta/src"));
    let name = |rest: &str| rest.split(['(', '<']).next().unwrap_or_default().to_owned();
    sources.iter().flat_map(|text| text.split("pub async fn ").skip(1).map(name)).collect()
}

#[test]
fn every_call_of_the_client_is_tried_or_its_absence_has_a_reason() {
    let calls = calls();
    assert!(calls.contains("send") && calls.contains("exchange_code"), "the calls are found: {calls:?}");
    let tests = texts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/client"));
    let tests: String = tests.iter().flat_map(|text| text.split_whitespace()).collect();
    let tried = |call: &str| tests.contains(&format!("client.{call}("));
    let excused: BTreeSet<&str> = NOT_TRIED.iter().map(|(call, _reason)| *call).collect();
    for call in &calls {
        assert!(
            tried(call) || excused.contains(call.as_str()),
            "nobody tries meta::Client::{call} against the sandbox: write a test of it in tests/it/client"
        );
    }
    for call in excused {
        assert!(
            calls.contains(call) && !tried(call),
            "{call} is tried or gone: take it off the list of what is not tried"
        );
    }
}
