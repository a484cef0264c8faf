//! Webhooks, their signature and handshake, and the login window's event.

use meta::accounts::Signup;
use meta::{signature, webhook};
use serde_json::Value;

use crate::events::{alike, compare, in_corpus_words, is_aside};
use crate::sequences::without_repetition;
use crate::{Verdict, events, listed};

/// A webhook's body: exactly the expected events must be read.
pub(crate) fn judge(case: &Value, body: &[u8]) -> Verdict {
    let outcome = case["outcome"].as_str().unwrap_or_default();
    let read: Vec<Value> = match webhook::read(body) {
        Ok(events) => events.iter().map(in_corpus_words).collect(),
        Err(_) if matches!(outcome, "reject" | "process_or_reject") => return Verdict::AsExpected,
        Err(error) => return Verdict::Wrong(format!("refused: {error}")),
    };
    let moves_nothing = read.iter().all(is_aside);
    let expected = case["expect"].as_array().map_or(&[][..], Vec::as_slice);
    let is_unknown = |event: &Value| event["event"] == "other_field";
    let exactly = |more: &dyn Fn(&Value) -> bool| match compare(&read, expected, more) {
        Verdict::Wrong(how) => match compare(&without_repetition(&read), expected, more) {
            Verdict::AsExpected => Verdict::AsExpected,
            Verdict::Wrong(_) | Verdict::Outside => Verdict::Wrong(how),
        },
        verdict => verdict,
    };
    match outcome {
        // An unhandled element is not an event.
        "reject" => Verdict::equal("nothing of it moves anything", &moves_nothing, &true),
        "ignore" if !moves_nothing => Verdict::Wrong("something of it is acted on".to_owned()),
        // Malformed elements are stored beside the valid ones.
        "ignore" | "process_partial" => exactly(&is_aside),
        "process_or_ignore" | "process_or_reject" if moves_nothing => Verdict::AsExpected,
        "process_or_ignore" | "process_or_reject" => exactly(&|_| true),
        // A member that Meta added later is stored beside what is read.
        "process" => exactly(&is_unknown),
        other => Verdict::Wrong(format!("an outcome that is not known: {other}")),
    }
}

/// The login window's event.
pub(crate) fn judge_signup(case: &Value, message: &[u8]) -> Verdict {
    let outcome = case["outcome"].as_str().unwrap_or_default();
    let signup = match Signup::read(message) {
        Ok(signup) => serde_json::to_value(signup).expect("JSON"),
        Err(_) if outcome != "process" => return Verdict::AsExpected,
        Err(error) => return Verdict::Wrong(format!("refused: {error}")),
    };
    Verdict::all(events(case, "signup").map(|event| {
        let members = event.as_object().into_iter().flatten().filter(|(key, _)| *key != "event");
        Verdict::all(
            members.map(|(key, wanted)| Verdict::equal(key, &alike(&signup[key.as_str()], wanted), &true)),
        )
    }))
}

/// `{request: {query}}`; the notes name the configured token.
pub(crate) fn judge_handshake(case: &Value, exchange: &Value) -> Verdict {
    let notes = case["notes"].as_str().and_then(|notes| notes.strip_prefix("configured token: "));
    let Some(expected) = notes.and_then(|notes| notes.split(';').next()) else { return Verdict::Outside };
    let query = |name: &str| exchange["request"]["query"][name].as_str();
    let answer = webhook::handshake(
        query("hub.mode"),
        query("hub.verify_token"),
        query("hub.challenge"),
        expected.trim(),
    );
    Verdict::all(events(case, "verify").map(|event| {
        let accepted = Verdict::equal("accepted", &Some(answer.is_ok()), &event["accept"].as_bool());
        let answered = listed(event, "answer").map_or(Verdict::Outside, |expected| {
            Verdict::equal("answer", &answer.as_deref().ok(), &expected.as_str())
        });
        Verdict::all([accepted, answered])
    }))
}

/// `{app_secret, body_utf8, header}`.
pub(crate) fn judge_signature(case: &Value, vector: &Value) -> Verdict {
    let text = |key: &str| vector[key].as_str().unwrap_or_default();
    let header = vector["header"].as_object().into_iter().flatten();
    let header = header
        .filter(|(name, _)| name.eq_ignore_ascii_case("x-hub-signature-256"))
        .find_map(|(_, v)| v.as_str());
    let is_valid =
        signature::verify(&[text("app_secret").into()], header, text("body_utf8").as_bytes()).is_ok();
    Verdict::all(
        events(case, "signature")
            .map(|event| Verdict::equal("valid", &Some(is_valid), &event["valid"].as_bool())),
    )
}
