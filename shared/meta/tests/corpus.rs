//! Reads a folder of real payloads, each with what must be read out of it, and compares.
//!
//! The folder is named by `META_CORPUS`; without one there is nothing to compare. Its `index.json` lists the cases in
//! its own vocabulary. A case is compared as far as this crate reads it: statuses, signatures, handshakes, errors, and
//! the calls that the client makes, which are replayed through real HTTP. What is in a webhook beside statuses must at
//! least be kept.
#![expect(clippy::expect_used, reason = "a broken expectation is a failed test")]
#![expect(clippy::indexing_slicing, reason = "a JSON value answers a missing member with null")]

#[path = "corpus/calls.rs"]
mod calls;
#[path = "corpus/errors.rs"]
mod errors;
#[path = "it/server.rs"]
#[expect(dead_code, reason = "shared with the client's own tests, which need more of it")]
mod server;
#[path = "corpus/webhooks.rs"]
mod webhooks;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// How a case went.
pub(crate) enum Verdict {
    /// What was read is what must be read.
    AsExpected,
    /// Nothing of what the case is about is read so far.
    Outside,
    /// The two differ.
    Wrong(String),
}

impl Verdict {
    /// Compares one thing.
    pub(crate) fn equal<T: PartialEq + std::fmt::Debug>(what: &str, read: &T, expected: &T) -> Self {
        if read == expected {
            Self::AsExpected
        } else {
            Self::Wrong(format!("{what}: read {read:?}, not {expected:?}"))
        }
    }

    /// The first that is wrong, or else the first that says anything.
    pub(crate) fn all(verdicts: impl IntoIterator<Item = Self>) -> Self {
        let mut sum = Self::Outside;
        for verdict in verdicts {
            match verdict {
                Self::Wrong(_) => return verdict,
                Self::AsExpected => sum = verdict,
                Self::Outside => {}
            }
        }
        sum
    }
}

/// The events of a case that are of one kind.
pub(crate) fn events<'a>(case: &'a Value, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    case["expect"].as_array().into_iter().flatten().filter(move |event| event["event"] == kind)
}

/// A member of an expectation, if it is listed.
pub(crate) fn listed<'a>(event: &'a Value, key: &str) -> Option<&'a Value> {
    event.as_object().and_then(|members| members.get(key))
}

fn folder() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/meta-corpus");
    let folder = std::env::var_os("META_CORPUS").map_or_else(beside, PathBuf::from);
    folder.join("index.json").is_file().then_some(folder)
}

async fn judge(folder: &Path, case: &Value) -> Verdict {
    let file = case["file"].as_str().expect("a case has a file");
    let bytes = fs::read(folder.join(file)).expect("a case's file can be read");
    let json = || serde_json::from_slice::<Value>(&bytes).expect("a case's file is JSON");
    match case["kind"].as_str().unwrap_or_default() {
        "webhook" | "webhook_raw" => webhooks::judge(case, &bytes),
        "webhook_sequence" => webhooks::judge_sequence(&json()),
        "webhook_verify" => webhooks::judge_handshake(case, &json()),
        "signature_vector" => webhooks::judge_signature(case, &json()),
        "graph_error" => errors::judge(case, &json()).await,
        "graph_exchange" | "graph_request" => calls::judge(case, &json()).await,
        _ => Verdict::Outside,
    }
}

#[tokio::test]
async fn everything_in_the_corpus_is_read_as_it_must_be() {
    let Some(folder) = folder() else {
        println!("skipped: no folder of payloads (META_CORPUS names one)");
        return;
    };
    let index = fs::read(folder.join("index.json")).expect("the index can be read");
    let index: Value = serde_json::from_slice(&index).expect("the index is JSON");
    let cases = index["cases"].as_array().expect("the index lists cases");
    let (mut as_expected, mut outside, mut wrong) = (0, 0, Vec::new());
    for case in cases {
        match judge(&folder, case).await {
            Verdict::AsExpected => as_expected += 1,
            Verdict::Outside => outside += 1,
            Verdict::Wrong(how) => {
                wrong.push(format!("{}: {how}", case["file"].as_str().unwrap_or_default()));
            }
        }
    }
    println!("{} cases, {as_expected} as expected, {outside} outside what is read so far", cases.len());
    assert!(as_expected > 0, "nothing was compared");
    assert!(wrong.is_empty(), "{} are read wrongly:\n{}", wrong.len(), wrong.join("\n"));
}
