//! Uploads of template examples.

use meta::templates::NewUpload;
use serde_json::json;

use crate::server::{APP_ID, Reply, Server, token};

#[tokio::test]
async fn a_header_example_is_uploaded_in_two_calls() {
    let replies = [json!({"id": "upload:MTphd==?sig=ARZ"}), json!({"h": "4::aW"})];
    let server = Server::answering(replies.iter().map(|body| Reply::json(200, body))).await;
    let new = NewUpload { file_name: "a.jpg", file_type: "image/jpeg", bytes: "\u{1}pixels".into() };
    assert_eq!(server.client().upload_example(&token(), &new).await.expect("a handle"), "4::aW");
    let calls = server.calls();
    assert_eq!(
        calls[0].line(),
        format!("POST /v26.0/{APP_ID}/uploads?file_length=7&file_name=a.jpg&file_type=image/jpeg")
    );
    assert_eq!(calls[1].line(), "POST /v26.0/upload:MTphd==?sig=ARZ");
    assert_eq!(
        (&calls[1].headers["authorization"], &calls[1].headers["file_offset"]),
        (&"OAuth token".parse().expect("a value"), &"0".parse().expect("a value"))
    );
    assert_eq!(calls[1].body, json!("\u{1}pixels"));
}
