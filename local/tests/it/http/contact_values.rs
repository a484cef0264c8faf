//! What a message is filled with: the values of the request and those that a file left with a contact.

use serde_json::{Value, json};

use super::people::Home;
use super::raw_api::Answer;

/// Imports a contact whose JSON is written as it stands.
async fn import_text(home: &Home, row: &str) -> Answer {
    let body = format!(r#"{{"contacts":[{row}]}}"#);
    home.api.post("/contacts/import").bearer(&home.token).raw_json(body).send().await
}

/// The message was delivered, filled with these values and no others. A message is sent with what is stored with it.
async fn assert_read_with(home: &Home, sent: &Answer, values: &[&str]) {
    assert_eq!(home.status_of(sent).await, "READ", "{values:?}");
    let quoted: Vec<String> = values.iter().map(|value| format!("$v${value}$v$")).collect();
    let check = format!(
        "DO $$ BEGIN ASSERT (SELECT variables = ARRAY[{}]::text[] FROM messages WHERE message_id = '{}'), \
         'it was filled with other values'; END $$",
        quoted.join(", "),
        sent.text_of("id")
    );
    home.system.db.execute(&check).await;
}

#[tokio::test]
async fn a_number_of_any_length_is_sent_digit_by_digit() {
    let home = Home::new().await;
    let template = home.template("order", "UTILITY", &["order"]).await;
    for (at, digits) in [
        "9007199254740993",
        "18446744073709551617",
        "-12345678901234567890",
        "1.10",
        "0.30000000000000000001",
        "100000000000000000000000000000000000001",
    ]
    .iter()
    .enumerate()
    {
        let phone = format!("+491515550001{at}");
        let row = format!(r#"{{"phone":"{phone}","attributes":{{"order":{digits}}}}}"#);
        assert_eq!(import_text(&home, &row).await.success()["imported"], 1, "{digits}");
        let listed = home.api.get("/contacts?limit=1").bearer(&home.token).send().await;
        assert!(listed.text.contains(&format!(r#""order": {digits}}}"#)), "{digits}: {}", listed.text);
        assert_read_with(&home, &home.send(&template, &phone, json!({})).await, &[digits]).await;
    }
    let phone = "+4915155500010";
    let number = home.send(&template, phone, json!({ "order": 12_345_678_901_234_567_890_u64 })).await;
    number.assert_invalid("variables.order", "a number in the request is no text");
}

#[tokio::test]
async fn a_number_that_a_program_shortened_to_an_exponent_is_refused_with_its_row_and_as_a_text_it_is_sent() {
    let home = Home::new().await;
    for number in ["1.2345678901234568e+22", "1e5", "1E-7", "-2e0", "1e400", "1e-20000"] {
        for attributes in
            [format!(r#"{{"order":{number}}}"#), format!(r#"{{"more":{{"orders":["e",{number}]}}}}"#)]
        {
            let wrong = format!(r#"{{"phone":"+4915155500021","attributes":{attributes}}}"#);
            let answer = import_text(&home, &wrong).await;
            answer.assert_invalid("contacts[0].attributes", number);
            assert!(answer.text.contains("exponent"), "{number}: {}", answer.text);
        }
    }
    let wrong = r#"{"phone":"+4915155500021","attributes":{"order":1e22}}"#;
    let right = r#"{"phone":"+4915155500022","attributes":{"order":"1e22","1e5":true}}"#;
    let answer = import_text(&home, &format!("{wrong},{right}")).await;
    let body = answer.success();
    assert_eq!((&body["imported"], &body["rejected"]), (&json!(1), &json!(1)), "{body}");
    assert_eq!(body["rejections"][0]["field"], "attributes", "{body}");
    let template = home.template("order", "UTILITY", &["order"]).await;
    assert_read_with(&home, &home.send(&template, "+4915155500022", json!({})).await, &["1e22"]).await;
}

#[tokio::test]
async fn what_a_file_leaves_around_a_value_or_a_heading_is_not_sent() {
    let home = Home::new().await;
    let template = home.template("city", "UTILITY", &["city"]).await;
    for (at, (attributes, value)) in [
        (json!({ "city": "New York\r" }), "New York"),
        (json!({ "city": "New York\r\n" }), "New York"),
        (json!({ "city\r": "New York" }), "New York"),
        (json!({ "\u{feff}city": "\u{202a}New York\u{202c}" }), "New York"),
        (json!({ " city ": "\u{a0}New York\t" }), "New York"),
        (json!({ "city": "New\r\nYork" }), "New York"),
        (json!({ "city": "York", "city\r": "New York" }), "York"),
    ]
    .into_iter()
    .enumerate()
    {
        let phone = format!("+491515550003{at}");
        home.import(json!([{ "phone": phone, "attributes": attributes }])).await.success();
        let sent = home.send(&template, &phone, json!({})).await;
        assert_eq!(sent.status, 201, "{attributes}: {}", sent.text);
        assert_read_with(&home, &sent, &[value]).await;
    }
}

#[tokio::test]
async fn a_contacts_value_that_shows_nothing_gives_way_to_the_name_or_is_asked_for() {
    let home = Home::new().await;
    let template = home.template("city", "UTILITY", &["city"]).await;
    for (at, nothing) in
        ["\u{200b}", "\u{feff} ", "\u{2800}", "\u{202a}\u{202c}", "\r\n"].into_iter().enumerate()
    {
        let phone = format!("+491515550004{at}");
        let row =
            json!({ "phone": phone, "name": "Ana", "attributes": { "name": nothing, "city": nothing } });
        home.import(json!([row])).await.success();
        let welcome = home.send(&home.tenant.template, &phone, json!({})).await;
        assert_read_with(&home, &welcome, &["Ana"]).await;
        home.send(&template, &phone, json!({})).await.assert_invalid("variables.city", nothing);
        let content = json!({ "name": "nothing", "content": nothing });
        let refused = home.api.post("/templates").bearer(&home.token).json(&content).send().await;
        refused.assert_invalid("content", nothing);
    }
}

#[tokio::test]
async fn a_value_that_meta_would_refuse_is_refused_however_it_comes_and_the_most_that_meta_takes_arrives() {
    let home = Home::new().await;
    let (phone, balance) = ("+4915155500050", home.tenant.balance().await);
    home.import(
        json!([{ "phone": phone, "name": "a     b", "attributes": { "city": "New\u{3000}    York" } }]),
    )
    .await
    .success();
    let due = (home.system.clock.now() + jiff::SignedDuration::from_mins(5)).to_string();
    for (key, value) in [
        json!({}),
        json!({ "name": "     a" }),
        json!({ "name": "a     " }),
        json!({ "name": "a\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}b" }),
        json!({ "name": "a\r\nb" }),
        json!({ "name": "a\u{b}b" }),
        json!({ "name": "a\u{85}b" }),
    ]
    .into_iter()
    .enumerate()
    {
        let refused = home.send(&home.tenant.template, phone, value.clone()).await;
        refused.assert_invalid("variables.name", &value.to_string());
        let later = json!({
            "templateId": home.tenant.template, "contactId": home.contact(phone).await["id"], "scheduleTime": due,
            "idempotencyKey": key.to_string(), "variables": value,
        });
        let refused = home.api.post("/messages/schedule").bearer(&home.token).json(&later).send().await;
        refused.assert_invalid("variables.name", &value.to_string());
    }
    let city = home.template("city", "UTILITY", &["city"]).await;
    home.send(&city, phone, json!({})).await.assert_invalid("variables.city", "the contact's attribute");
    assert_eq!(home.tenant.balance().await, balance, "nothing was debited");
    for value in ["a    b", "a    b    c", " a ", "a\u{a0}b", "\u{1f600}\u{202e}", "{{1}}"] {
        let sent = home.send(&home.tenant.template, phone, json!({ "name": value })).await;
        assert_read_with(&home, &sent, &[value]).await;
    }
    home.system.assert_clean().await;
}

#[tokio::test]
async fn one_bad_row_among_thousands_costs_that_row() {
    let home = Home::new().await;
    for wrong in [
        json!({ "phone": "+49 12" }),
        json!({ "phone": "+4915155500060", "name": "x".repeat(201) }),
        json!({ "phone": "+4915155500060", "attributes": ["a"] }),
        json!({ "phone": "+4915155500060", "name": 5 }),
        Value::Null,
    ] {
        let mut rows: Vec<Value> = (0..2_000)
            .map(|number| json!({ "phone": format!("+4915255{number:06}"), "name": "Ana\r" }))
            .collect();
        rows.insert(1_000, wrong.clone());
        let answer = home.import(json!(rows)).await;
        let body = answer.success();
        assert_eq!(body["rejected"], 1, "{wrong}: {body}");
        assert_eq!(body["rejections"][0]["index"], 1_000, "{wrong}: {body}");
        let taken = body["imported"].as_u64().unwrap() + body["skipped"].as_u64().unwrap();
        assert_eq!(taken, 2_000, "{wrong}");
    }
    let newest = home.api.get("/contacts?limit=1").bearer(&home.token).send().await;
    assert_eq!(newest.success()["data"][0]["name"], "Ana");
}
