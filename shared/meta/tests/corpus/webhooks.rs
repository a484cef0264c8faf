//! Webhooks, their signature and their handshake.

use domain::update::{StatusUpdate, Update};
use meta::{signature, webhook};
use serde_json::Value;

use crate::{Verdict, events, listed};

/// A webhook's body: its statuses are read, and whatever else it says is kept.
pub(crate) fn judge(case: &Value, body: &[u8]) -> Verdict {
    let outcome = case["outcome"].as_str().unwrap_or_default();
    let Ok(updates) = webhook::parse(body) else {
        let may_be_refused = matches!(outcome, "reject" | "process_or_reject");
        return if may_be_refused { Verdict::AsExpected } else { Verdict::Wrong("refused".to_owned()) };
    };
    let statuses: Vec<&StatusUpdate> = updates.iter().filter_map(status).collect();
    let kept = updates.len() - statuses.len();
    if outcome == "reject" || outcome == "ignore" {
        return Verdict::equal("statuses of what moves nothing", &statuses.len(), &0);
    }
    let expected: Vec<&Value> =
        events(case, "message_status").filter(|event| event["known_status"] != Value::Bool(false)).collect();
    let is_summed = expected.iter().any(|event| event.get("count").is_some());
    let count = expected.iter().map(|event| event["count"].as_u64().unwrap_or(1)).sum::<u64>();
    let read = u64::try_from(statuses.len()).expect("a small count");
    let mut verdicts = vec![Verdict::equal("statuses", &read, &count)];
    if !is_summed {
        verdicts.extend(statuses.iter().zip(&expected).map(|(read, event)| compare(read, event)));
    }
    let others = case["expect"].as_array().map_or(0, Vec::len) - expected.len();
    if others > 0 && kept == 0 {
        verdicts.push(Verdict::Wrong("what stands beside the statuses is lost".to_owned()));
    }
    match Verdict::all(verdicts) {
        Verdict::AsExpected if expected.is_empty() => Verdict::Outside,
        verdict => verdict,
    }
}

fn status(update: &Update) -> Option<&StatusUpdate> {
    match update {
        Update::Status(status) => Some(status),
        Update::Kept(_) => None,
    }
}

fn compare(read: &StatusUpdate, event: &Value) -> Verdict {
    // A voice message that was played was opened.
    let word = match event["status"].as_str() {
        Some("played") => Some("read"),
        word => word,
    };
    let seconds = read.occurred_at.map(jiff::Timestamp::as_second);
    let attempt = event["callback_data"].as_str().and_then(|text| text.parse().ok()).map(domain::AttemptId);
    let mut verdicts = vec![
        Verdict::equal("wamid", &Some(read.wamid.0.as_str()), &event["wamid"].as_str()),
        Verdict::equal("status", &Some(read.status.as_str()), &word),
        Verdict::equal("attempt", &read.attempt_id, &attempt),
    ];
    if let Some(timestamp) = listed(event, "timestamp") {
        verdicts.push(Verdict::equal("timestamp", &seconds, &timestamp.as_i64()));
    }
    if let Some(number) = listed(event, "phone_number_id") {
        verdicts.push(Verdict::equal("number", &Some(read.phone_number_id.0.as_str()), &number.as_str()));
    }
    let error = &event["errors"][0];
    if let (Some(code), Some(read)) = (error["code"].as_i64(), &read.error) {
        verdicts.push(Verdict::equal("error code", &i64::from(read.code), &code));
        let words = [error["title"].as_str(), error["details"].as_str()];
        let all_said = words.into_iter().flatten().all(|words| read.text.contains(words));
        verdicts.push(Verdict::equal("all of the error's words are kept", &all_said, &true));
    }
    let has_error = read.error.is_some();
    verdicts.push(Verdict::equal("an error", &has_error, &(word == Some("failed") && error.is_object())));
    Verdict::all(verdicts)
}

/// Bodies in order of arrival. What they lead to is decided elsewhere; here none of them may be refused.
pub(crate) fn judge_sequence(bodies: &Value) -> Verdict {
    let refused = bodies.as_array().into_iter().flatten().find(|body| {
        body.get("http_response_pending").is_none() && webhook::parse(body.to_string().as_bytes()).is_err()
    });
    refused.map_or(Verdict::Outside, |body| Verdict::Wrong(format!("refused {body}")))
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
