//! What a message is filled with: the values of the request and those that a file left with a contact.

use serde_json::json;

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
