//! Every call of the client has a test against the sandbox.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Calls without a test, and why.
const NOT_TESTED: [(&str, &str); 3] = [
    ("archive_templates", "the sandbox has no archive"),
    ("unarchive_templates", "the sandbox has no archive"),
    ("upload_example", "the sandbox accepts any handle of an example"),
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
fn every_call_of_the_client_is_tested_or_has_a_reason_not_to_be() {
    let calls = calls();
    assert!(calls.contains("send") && calls.contains("exchange_code"), "the calls are found: {calls:?}");
    let tests = texts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/client"));
    let tests: String = tests.iter().flat_map(|text| text.split_whitespace()).collect();
    let is_tested = |call: &str| tests.contains(&format!("client.{call}("));
    let exceptions: BTreeSet<&str> = NOT_TESTED.iter().map(|(call, _reason)| *call).collect();
    for call in &calls {
        assert!(
            is_tested(call) || exceptions.contains(call.as_str()),
            "meta::Client::{call} has no test against the sandbox: add one to tests/it/client"
        );
    }
    for call in exceptions {
        assert!(
            calls.contains(call) && !is_tested(call),
            "{call} is tested or no longer exists: remove it from NOT_TESTED"
        );
    }
}
