//! Webhooks, their signature and their handshake; the login window's message.

use meta::accounts::Signup;
use meta::{signature, webhook};
use serde_json::Value;

use crate::events::{alike, compare, is_aside, told};
use crate::sequences::without_repetition;
use crate::{Verdict, events, listed};

/// A webhook's body: the events that it must be read as, and no others.
pub(crate) fn judge(case: &Value, body: &[u8]) -> Verdict {
    let outcome = case["outcome"].as_str().unwrap_or_default();
    let read: Vec<Value> = match webhook::read(body) {
        Ok(events) => events.iter().map(told).collect(),
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
        // What is put aside is no event.
        "reject" => Verdict::equal("nothing of it moves anything", &moves_nothing, &true),
        "ignore" if !moves_nothing => Verdict::Wrong("something of it is acted on".to_owned()),
        // The rotten ones are kept beside the good ones.
        "ignore" | "process_partial" => exactly(&is_aside),
        "process_or_ignore" | "process_or_reject" if moves_nothing => Verdict::AsExpected,
        "process_or_ignore" | "process_or_reject" => exactly(&|_| true),
        // A member that Meta added since is kept beside what is read.
        "process" => exactly(&is_unknown),
        other => Verdict::Wrong(format!("an outcome that is not known: {other}")),
    }
}

/// The login window's message.
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

/// `{request: {query}}`, with the token that is configured in the notes.
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
        let said = listed(event, "answer").map_or(Verdict::Outside, |said| {
            Verdict::equal("answer", &answer.as_deref().ok(), &said.as_str())
        });
        Verdict::all([accepted, said])
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
