//! Properties that hold for any bytes.

use domain::updates::UpdateBatch;
use proptest::prelude::*;

use super::*;

/// JSON made of the words that the parser looks for, in unexpected places.
fn random_json() -> impl Strategy<Value = Value> {
    let words = [
        "entry",
        "changes",
        "field",
        MESSAGES,
        "value",
        "statuses",
        "metadata",
        "id",
        "status",
        "errors",
        "code",
        "contacts",
        "event",
        "history",
        "threads",
        "type",
        "pricing",
        "conversation",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(&["sent", "failed", MESSAGES, OBJECT, "", "call", "system", "\u{0}"][..])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(words.to_vec()), inner), 0..6).prop_map(|members| {
                members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            }),
        ]
    })
}

/// A webhook with random JSON in one of the places that matter.
fn damaged() -> impl Strategy<Value = Value> {
    let places = [
        "/entry",
        "/entry/0",
        "/entry/0/id",
        "/entry/0/time",
        "/entry/0/changes",
        "/entry/0/changes/0",
        "/entry/0/changes/0/field",
        "/entry/0/changes/0/value",
        "/entry/0/changes/0/value/contacts",
        "/entry/0/changes/0/value/metadata",
        "/entry/0/changes/0/value/metadata/phone_number_id",
        "/entry/0/changes/0/value/statuses",
        "/entry/0/changes/0/value/statuses/0",
        "/entry/0/changes/0/value/statuses/0/id",
        "/entry/0/changes/0/value/statuses/0/status",
        "/entry/0/changes/0/value/statuses/0/timestamp",
        "/entry/0/changes/0/value/statuses/0/pricing",
        "/entry/0/changes/0/value/statuses/0/conversation",
        "/entry/0/changes/0/value/statuses/0/errors",
    ];
    let fields =
        ["messages", "calls", "history", "account_update", "message_template_status_update", "unknown"];
    let place = prop::sample::select(places.to_vec());
    (place, random_json(), prop::sample::select(fields.to_vec())).prop_map(|(place, random_json, field)| {
        let sound = json!({"id": "a", "status": "failed", "timestamp": "1700000000", "errors": [{"code": 1}],
            "pricing": {"billable": true, "category": "utility"}, "conversation": {"id": "c", "origin": {"type": "utility"}}});
        let mut body = statuses(&json!([sound, {"id": "b", "status": "sent"}]));
        body["entry"][0]["changes"][0]["field"] = json!(field);
        *body.pointer_mut(place).expect("a place") = random_json;
        body
    })
}

/// A status whose members may be anything that Meta has been seen to write, and worse.
fn status() -> impl Strategy<Value = Value> {
    let ids = || {
        prop::sample::select(vec![
            json!("a"),
            json!(""),
            json!(5),
            json!(-5),
            json!(null),
            json!("\u{e9}\""),
            json!([]),
        ])
    };
    let words = || {
        prop::sample::select(vec![json!("sent"), json!("read"), json!("teleported"), json!(null), json!(1)])
    };
    let keys = [
        "recipient_id",
        "recipient_user_id",
        "recipient_participant_id",
        "participant_recipient_id",
        "timestamp",
        "biz_opaque_callback_data",
    ];
    let pricing = prop::sample::select(vec![
        json!({"billable": true, "pricing_model": "PMP"}),
        json!(null),
        json!("free"),
        json!({"type": 1}),
    ]);
    (
        ids(),
        words(),
        prop::collection::vec((prop::sample::select(keys.to_vec()), ids()), 0..4),
        pricing,
        errors(),
    )
        .prop_map(|(id, word, more, pricing, errors)| {
            let mut status = json!({"id": id, "status": word, "pricing": pricing, "errors": errors});
            for (key, value) in more {
                status[key] = value;
            }
            status
        })
}

/// Errors as Meta writes them, and worse.
fn errors() -> impl Strategy<Value = Value> {
    let error = |(code, text, data): (Value, Value, Value)| json!({"code": code, "title": text, "error_data": data, "error_subcode": 33});
    let one = (
        prop::sample::select(vec![
            json!(100),
            json!("131026"),
            json!(-1),
            json!(null),
            json!(1.5),
            json!("x"),
        ]),
        prop::sample::select(vec![json!("title"), json!(""), json!(null), json!(7)]),
        prop::sample::select(vec![
            json!({"details": "why"}),
            json!({"details": ""}),
            json!("why"),
            json!(null),
            json!({"blame_field_specs": [["a"]]}),
        ]),
    );
    prop_oneof![
        4 => prop::collection::vec(one.prop_map(error), 0..3).prop_map(Value::from),
        1 => Just(json!([null])),
        1 => Just(json!(null)),
        1 => Just(json!("none")),
    ]
}

fn without_parts<'a>(events: &[Event<'a>]) -> Vec<Event<'a>> {
    events.iter().map(|event| Event { fragment: None, ..event.clone() }).collect()
}

proptest! {
    #[test]
    fn damaged_webhooks_are_parsed_and_stored_elements_parse_the_same_again(body in damaged()) {
        for update in parse(body.to_string().as_bytes()).unwrap_or_default() {
            if let Update::Unhandled(unhandled) = update {
                let parsed_again = match unhandled.raw.as_str() {
                    Some(text) => parse(text.as_bytes()),
                    None => parse(unhandled.raw.to_string().as_bytes()),
                };
                let parsed_again = parsed_again.expect("a webhook");
                prop_assert!(parsed_again.contains(&Update::Unhandled(unhandled)), "{parsed_again:?}");
            }
        }
    }

    #[test]
    fn both_parsers_return_the_same(all in prop::collection::vec(status(), 0..4)) {
        let body = statuses(&all.into()).to_string();
        if let Some(fast) = fast::read(body.as_bytes()) {
            let any_shape = read_any_shape(body.as_bytes()).expect("a webhook");
            prop_assert_eq!(&fast, &without_parts(&any_shape));
            let mut updates = Vec::new();
            for event in &any_shape {
                updates::push(event, &mut updates);
            }
            prop_assert_eq!(parse(body.as_bytes()).expect("a webhook"), updates);
        }
    }

    #[test]
    fn any_bytes_are_parsed_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        drop(parse(&bytes));
    }

    #[test]
    fn a_real_body_with_changed_bytes_is_parsed_or_refused_and_survives_the_queue(
        seed in prop::sample::select(seeds()), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = seed;
        for (index, byte) in changes {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        let before = bytes.len();
        if let Ok(updates) = parse(&bytes) {
            let batch = UpdateBatch { updates };
            let text = serde_json::to_string(&batch).expect("JSON");
            // Each fragment repeats only the short members of its entry and its list.
            prop_assert!(text.len() < 20 * before + 2_000, "{} bytes out of {before}", text.len());
            prop_assert_eq!(serde_json::from_str::<UpdateBatch>(&text).expect("an update"), batch);
        }
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/webhooks");
    let files = std::fs::read_dir(folder).expect("a folder of webhooks");
    let seeds: Vec<Vec<u8>> =
        files.map(|file| std::fs::read(file.expect("a file").path()).expect("a webhook")).collect();
    assert!(!seeds.is_empty());
    seeds
}

#[test]
fn every_example_is_read_completely() {
    for seed in seeds() {
        let events = read(&seed).expect("a webhook");
        assert!(!events.is_empty());
        let unreadable = events
            .iter()
            .find(|event| matches!(event.data, EventData::Unreadable(_) | EventData::OtherField));
        assert!(unreadable.is_none(), "{unreadable:?}");
    }
}

#[test]
fn statuses_in_metas_usual_format_take_the_single_pass() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/webhooks/statuses.json");
    let example = std::fs::read(example).expect("an example");
    let events = fast::read(&example).expect("the usual format");
    assert_eq!(events, without_parts(&read_any_shape(&example).expect("a webhook")));
}
