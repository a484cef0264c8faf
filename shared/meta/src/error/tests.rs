use super::*;

fn read(body: &str) -> Option<GraphError> {
    GraphError::read(body.as_bytes())
}

#[test]
fn every_member_of_an_error_is_read() {
    let body = r#"{"error":{"message":"(#100) Invalid parameter","type":"OAuthException","code":100,
        "error_data":"{\"blame_field_specs\":[[\"name\"]]}","error_subcode":2388024,"is_transient":false,
        "error_user_title":"Exists","error_user_msg":"There is one of that name","fbtrace_id":"A1"}}"#;
    let error = read(body).expect("an error");
    let expected = GraphError {
        code: 100,
        subcode: Some(2_388_024),
        message: "(#100) Invalid parameter".to_owned(),
        details: None,
        blamed: vec!["name".to_owned()],
        kind: Some("OAuthException".to_owned()),
        is_transient: Some(false),
        user_title: Some("Exists".to_owned()),
        user_message: Some("There is one of that name".to_owned()),
        trace_id: Some("A1".to_owned()),
    };
    assert_eq!(error, expected);
    assert_eq!(error.class(), ErrorClass::TemplateExists);
    let text = "(#100) Invalid parameter: see name: Exists: There is one of that name";
    assert_eq!(error.to_string(), format!("{text} (code 100)"));
    assert_eq!(error.as_meta_error(), MetaError { code: 100, text: text.to_owned() });
}

#[test]
fn unusual_envelopes_are_read_as_far_as_possible() {
    for (body, read_as) in [
        (r#"{"error":{"code":1,"error_data":[1]}}"#, Some((1, "Meta gave no explanation"))),
        (r#"{"error":{"code":"190","message":"m","error_subcode":"463"}}"#, Some((190, "m"))),
        (r#"{"error":"busy","code":4}"#, Some((4, "busy"))),
        (r#"{"error":{"message":"m"},"code":131026}"#, Some((131_026, "m"))),
        (
            r#"{"success":false,"error":{"code":2,"message":7,"fbtrace_id":null}}"#,
            Some((2, "Meta gave no explanation")),
        ),
        (r#"{"error":{"message":"no code"}}"#, None),
        (r#"{"error":"busy"}"#, None),
        (r#"{"error":{"code":99999999999}}"#, None),
        (r#"{"error":null}"#, None),
        (r#"{"messages":[]}"#, None),
        ("[]", None),
        ("<html>", None),
        ("", None),
    ] {
        let error = read(body);
        let found = error.as_ref().map(|error| (error.code, error.message.as_str()));
        assert_eq!(found, read_as, "{body}");
    }
}

#[test]
fn a_stored_error_holds_no_phone_number() {
    let error =
        read(r#"{"error":{"code":131030,"message":"+15551234567 is not allowed"}}"#).expect("an error");
    assert_eq!(error.as_meta_error().text, "… is not allowed");
}

#[test]
fn the_example_answers_are_read() {
    let example = |name: &str| {
        let path = format!("{}/../../events/graph/{name}.json", env!("CARGO_MANIFEST_DIR"));
        GraphError::read(&std::fs::read(path).expect("an example"))
    };
    let class = |name: &str| example(name).map(|error| (error.class(), error.blamed));
    assert_eq!(class("throttled"), Some((ErrorClass::ThrottlePhone, Vec::new())));
    assert_eq!(class("template_exists"), Some((ErrorClass::TemplateExists, vec!["name".to_owned()])));
    assert_eq!(class("accepted"), None);
}
