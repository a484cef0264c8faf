//! Compares what this crate reads from a folder of real payloads with what must be read.
//!
//! `META_CORPUS` names the folder, relative to the workspace's root or to the test's working directory; without it the
//! folder is looked for beside the workspace. Without a folder the test compares nothing. `index.json` lists the cases
//! in its own vocabulary: every member of an expectation must be read so, and no event may be read that is not listed.
//! Calls are replayed through real HTTP. An unknown kind of case or event counts as a deviation.
#![expect(clippy::expect_used, reason = "a broken expectation is a failed test")]
#![expect(clippy::indexing_slicing, reason = "a JSON value answers a missing member with null")]

#[path = "corpus/calls.rs"]
mod calls;
#[path = "corpus/errors.rs"]
mod errors;
#[path = "corpus/events.rs"]
mod events;
#[path = "corpus/pricing.rs"]
mod pricing;
#[path = "corpus/sequences.rs"]
mod sequences;
#[path = "it/server.rs"]
#[expect(dead_code, reason = "shared with the client's own tests, which need more of it")]
mod server;
#[path = "corpus/webhooks.rs"]
mod webhooks;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::Value;

/// Cases with a wrong expectation, and the proof. They are printed, and count as expected.
const WRONG_CASES: &[(&str, &str)] = &[];

/// The result of a case.
pub(crate) enum Verdict {
    AsExpected,
    /// The case is about something that this crate does not read or call.
    Outside,
    /// What was read differs from the expectation.
    Wrong(String),
}

impl Verdict {
    pub(crate) fn equal<T: PartialEq + std::fmt::Debug>(what: &str, read: &T, expected: &T) -> Self {
        if read == expected {
            Self::AsExpected
        } else {
            Self::Wrong(format!("{what}: read {read:?}, not {expected:?}"))
        }
    }

    /// The first wrong verdict, or else the first that compared something.
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
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let places = match env::var_os("META_CORPUS") {
        Some(named) => vec![root.join(&named), PathBuf::from(named)],
        None => vec![root.join("../shared/meta-corpus")],
    };
    places.into_iter().find(|folder| folder.join("index.json").is_file())
}

async fn judge(folder: &Path, case: &Value) -> Verdict {
    let file = case["file"].as_str().expect("a case has a file");
    let bytes = fs::read(folder.join(file)).expect("a case's file can be read");
    let json = || serde_json::from_slice::<Value>(&bytes).expect("a case's file is JSON");
    match case["kind"].as_str().unwrap_or_default() {
        "webhook" | "webhook_raw" => webhooks::judge(case, &bytes),
        "webhook_sequence" => sequences::judge(case, &json()),
        "webhook_verify" => webhooks::judge_handshake(case, &json()),
        "signature_vector" => webhooks::judge_signature(case, &json()),
        "embedded_signup_event" => webhooks::judge_signup(case, &bytes),
        "graph_error" => errors::judge(case, &json()).await,
        "graph_exchange" | "graph_request" => calls::judge(case, &json()).await,
        other => Verdict::Wrong(format!("a kind of case that is not known: {other}")),
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
    let mut kinds: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for case in cases {
        let file = case["file"].as_str().unwrap_or_default();
        let (all, good) = kinds.entry(case["kind"].as_str().unwrap_or_default()).or_default();
        *all += 1;
        let mistaken = WRONG_CASES.iter().find(|(wrong, _)| *wrong == file);
        match judge(&folder, case).await {
            Verdict::Wrong(how) if mistaken.is_none() => wrong.push(format!("{file}: {how}")),
            Verdict::Outside => outside += 1,
            Verdict::AsExpected | Verdict::Wrong(_) => {
                as_expected += 1;
                *good += 1;
            }
        }
        if let Some((_, why)) = mistaken {
            println!("the case {file} is mistaken: {why}");
        }
    }
    for (kind, (all, good)) in kinds {
        println!("{good:4} of {all:4} {kind}");
    }
    if outside > 0 {
        println!("{outside} outside what is read so far");
    }
    println!("{} cases, {as_expected} as expected", cases.len());
    assert!(as_expected > 0, "nothing was compared");
    assert!(wrong.is_empty(), "{} are read wrongly:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_pricing_of_every_status_in_the_corpus_is_in_its_update() {
    let Some(folder) = folder() else {
        println!("skipped: no folder of payloads (META_CORPUS names one)");
        return;
    };
    let said = pricing::compare(&folder);
    println!("{said} statuses say what Meta charges");
    assert!(said > 0, "nothing was compared");
}
