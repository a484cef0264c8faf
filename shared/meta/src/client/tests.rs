use super::*;

fn client(base_url: &str, version: &str) -> Result<Client, ConfigError> {
    Client::new(Config {
        base_url: base_url.to_owned(),
        version: version.to_owned(),
        app_id: "1".to_owned(),
        app_secret: "s3cret".into(),
        call_timeout: Duration::from_secs(1),
    })
}

#[test]
fn a_version_that_meta_shut_down_is_refused_at_the_start() {
    for dead in ["v1.0", "v19.0", "v20.0"] {
        let refused = client("https://graph.facebook.com", dead).expect_err("dead");
        let words = format!(
            "Meta's API version is {dead}, which Meta has shut down; the oldest that works is v21.0, the newest known \
             is v26.0"
        );
        assert_eq!(refused.to_string(), words);
    }
    for malformed in
        ["", "26.0", "v26", "vx.0", "v26.x", "v+26.0", "v26.1", "v026.0", "v.0", "v26.0/", "v99999999999.0"]
    {
        let refused = client("https://graph.facebook.com", malformed);
        assert!(matches!(refused, Err(ConfigError::MalformedVersion(_))), "{malformed}");
    }
}

#[test]
fn live_and_future_versions_are_accepted() {
    for live in ["v21.0", "v26.0", "v27.0", "v100.0"] {
        assert!(client("https://graph.facebook.com", live).is_ok(), "{live}");
    }
}

#[test]
fn calls_to_the_api_host_go_to_a_stand_in_if_there_is_one() {
    for (base, url) in [
        ("https://graph.facebook.com", "https://api.facebook.com/v26.0/1/archive"),
        ("http://127.0.0.1:9", "http://127.0.0.1:9/v26.0/1/archive"),
    ] {
        let client = client(base, "v26.0").expect("a client");
        let request = client
            .authorized_at_api_host(
                Method::POST,
                &[object("1").expect("an id"), word("archive")],
                &"t".into(),
            )
            .build();
        let request = request.expect("a request");
        assert_eq!(request.url().as_str().split('?').next(), Some(url));
    }
}

#[test]
fn a_malformed_address_is_refused_at_the_start() {
    for malformed in [
        "",
        "graph.facebook.com",
        "ftp://a",
        "data:a",
        "http://",
        "https://a/?b=1",
        "https://a/#b",
        "https://a:b@c",
    ] {
        assert!(matches!(client(malformed, "v26.0"), Err(ConfigError::MalformedUrl(_))), "{malformed}");
    }
    for (base, root) in [
        ("http://127.0.0.1:9", "http://127.0.0.1:9/v26.0"),
        ("http://127.0.0.1:9/", "http://127.0.0.1:9/v26.0"),
        ("https://a/meta/", "https://a/meta/v26.0"),
    ] {
        assert_eq!(client(base, "v26.0").expect("a client").root.as_str(), root);
    }
}

#[test]
fn an_id_cannot_lead_to_another_path() {
    let client = client("https://a", "v26.0").expect("a client");
    let path = [object("77").expect("an id"), word("messages")];
    let request = client.authorized(Method::POST, &path, &"t".into()).build().expect("a request");
    assert_eq!(request.url().path(), "/v26.0/77/messages");
    for text in ["", "..", ".", "../..", "7/7?a#b", "7%2f", "me"] {
        assert!(matches!(object(text), Err(CallError::NotAnId(_))), "{text}");
    }
}

#[test]
fn debug_output_holds_no_secret() {
    let client = client("https://a", "v26.0").expect("a client");
    assert!(!format!("{client:?}").contains("s3cret"));
}
