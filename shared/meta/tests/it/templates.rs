//! Templates: every component, and every call.

use domain::Category;
use meta::PageQuery;
use meta::templates::{
    Archived, Examples, FlowSource, LimitedTimeOffer, MediaFormat, NewTemplate, OtpApp, OtpApps, OtpButton,
    OtpKind, TemplateBody, TemplateButton, TemplateCard, TemplateContent, TemplateEdit, TemplateFooter,
    TemplateHeader, TemplateOptions, TemplateQuery, TemplateSelection,
};
use serde_json::{Value, json};

use crate::server::{Reply, Server, token};

fn text(text: &str) -> String {
    text.to_owned()
}

fn new(content: TemplateContent) -> NewTemplate {
    NewTemplate {
        name: text("offer"),
        language: text("en_US"),
        category: Category::Marketing.into(),
        content,
        options: TemplateOptions::default(),
    }
}

/// The request that creates this template.
async fn request_for(new: &NewTemplate) -> Value {
    let server = Server::answering([Reply::json(200, &json!({"id": "1"}))]).await;
    server.client().create_template(&token(), "1", new).await.expect("a template");
    server.call().body
}

async fn components(content: TemplateContent) -> Value {
    request_for(&new(content)).await["components"].clone()
}

#[tokio::test]
async fn named_variables_have_named_examples() {
    let examples = Examples::Named(vec![(text("first_name"), text("Ada"))]);
    let header = TemplateHeader::Text { text: text("Hi {{first_name}}"), examples: examples.clone() };
    let body = TemplateBody::Text { text: text("{{first_name}}, look!"), examples };
    let content = TemplateContent { header: Some(header), body: Some(body), ..TemplateContent::default() };
    let body = request_for(&new(content)).await;
    assert_eq!(body["parameter_format"], "NAMED");
    let named = json!([{"param_name": "first_name", "example": "Ada"}]);
    let expected = json!([
        {"type": "HEADER", "format": "TEXT", "text": "Hi {{first_name}}", "example": {"header_text_named_params": named}},
        {"type": "BODY", "text": "{{first_name}}, look!", "example": {"body_text_named_params": named}},
    ]);
    assert_eq!(body["components"], expected);
}

#[tokio::test]
async fn every_header_has_metas_format() {
    let file = |format| TemplateHeader::Media { format, handle: Some(text("4::a")) };
    let shown = json!({"header_handle": ["4::a"]});
    let numbered = Examples::Positional(vec![text("May")]);
    for (header, expected) in [
        (
            TemplateHeader::Text { text: text("{{1}}"), examples: numbered },
            json!({"format": "TEXT", "text": "{{1}}", "example": {"header_text": ["May"]}}),
        ),
        (file(MediaFormat::Image), json!({"format": "IMAGE", "example": shown})),
        (file(MediaFormat::Video), json!({"format": "VIDEO", "example": shown})),
        (file(MediaFormat::Gif), json!({"format": "GIF", "example": shown})),
        (file(MediaFormat::Document), json!({"format": "DOCUMENT", "example": shown})),
        (TemplateHeader::Media { format: MediaFormat::Image, handle: None }, json!({"format": "IMAGE"})),
        (TemplateHeader::Location, json!({"format": "LOCATION"})),
        (TemplateHeader::Product, json!({"format": "PRODUCT"})),
    ] {
        let mut expected = expected;
        expected["type"] = json!("HEADER");
        let body = components(TemplateContent { header: Some(header), ..TemplateContent::default() }).await;
        assert_eq!(body, json!([expected]));
    }
}

#[tokio::test]
async fn every_button_has_metas_type() {
    let label = || text("Tap");
    let app = || OtpApp { package_name: text("com.example"), signature_hash: text("K8a") };
    let apps = json!([{"package_name": "com.example", "signature_hash": "K8a"}]);
    let otp = |kind| TemplateButton::Otp(OtpButton { kind, text: None });
    let flow = |flow, action: Option<&str>, navigate_screen: Option<&str>| TemplateButton::Flow {
        text: label(),
        flow,
        action: action.map(str::to_owned),
        navigate_screen: navigate_screen.map(str::to_owned),
    };
    let listed = OtpApps::Listed(vec![app()]);
    let one_tap = OtpKind::OneTap { autofill_text: Some(text("Fill")), apps: OtpApps::Beside(app()) };
    let zero_tap = OtpKind::ZeroTap { autofill_text: None, apps: listed, terms_accepted: true };
    for (button, expected) in [
        (TemplateButton::QuickReply { text: label() }, json!({"type": "QUICK_REPLY", "text": "Tap"})),
        (
            TemplateButton::Url { text: label(), url: text("https://a/{{1}}"), example: Some(text("b")) },
            json!({"type": "URL", "text": "Tap", "url": "https://a/{{1}}", "example": ["b"]}),
        ),
        (
            TemplateButton::PhoneNumber { text: label(), phone_number: text("+15550051310") },
            json!({"type": "PHONE_NUMBER", "text": "Tap", "phone_number": "+15550051310"}),
        ),
        (
            TemplateButton::CopyCode { example: text("25OFF") },
            json!({"type": "COPY_CODE", "example": "25OFF"}),
        ),
        (otp(OtpKind::CopyCode), json!({"type": "OTP", "otp_type": "COPY_CODE"})),
        (
            otp(one_tap),
            json!({"type": "OTP", "otp_type": "ONE_TAP", "autofill_text": "Fill", "package_name": "com.example",
                "signature_hash": "K8a"}),
        ),
        (
            otp(zero_tap),
            json!({"type": "OTP", "otp_type": "ZERO_TAP", "zero_tap_terms_accepted": true, "supported_apps": apps}),
        ),
        (
            flow(FlowSource::Id(text("7")), Some("navigate"), Some("WELCOME")),
            json!({"type": "FLOW", "text": "Tap", "flow_id": "7", "flow_action": "navigate",
                "navigate_screen": "WELCOME"}),
        ),
        (
            flow(FlowSource::Name(text("f")), None, None),
            json!({"type": "FLOW", "text": "Tap", "flow_name": "f"}),
        ),
        (
            flow(FlowSource::Json(text("{}")), None, None),
            json!({"type": "FLOW", "text": "Tap", "flow_json": "{}"}),
        ),
        (TemplateButton::Catalog { text: label() }, json!({"type": "CATALOG", "text": "Tap"})),
        (TemplateButton::MultiProduct { text: label() }, json!({"type": "MPM", "text": "Tap"})),
        (TemplateButton::SingleProduct { text: label() }, json!({"type": "SPM", "text": "Tap"})),
        (TemplateButton::Order { text: label() }, json!({"type": "ORDER_DETAILS", "text": "Tap"})),
        (
            TemplateButton::VoiceCall { text: label(), ttl_minutes: Some(100) },
            json!({"type": "VOICE_CALL", "text": "Tap", "ttl_minutes": 100}),
        ),
        (TemplateButton::RequestContactInfo, json!({"type": "REQUEST_CONTACT_INFO"})),
    ] {
        let body = components(TemplateContent { buttons: vec![button], ..TemplateContent::default() }).await;
        assert_eq!(body, json!([{"type": "BUTTONS", "buttons": [expected]}]));
    }
}

#[tokio::test]
async fn offers_cards_and_options_have_metas_format() {
    let card = TemplateCard {
        header: Some(TemplateHeader::Product),
        body: None,
        buttons: vec![TemplateButton::SingleProduct { text: text("View") }],
    };
    let content = TemplateContent {
        limited_time_offer: Some(LimitedTimeOffer { text: text("Soon over"), has_expiration: Some(true) }),
        footer: Some(TemplateFooter::Text(text("Bye"))),
        cards: vec![card.clone(), card],
        asks_to_call: true,
        ..TemplateContent::default()
    };
    let card = json!({"components": [{"type": "HEADER", "format": "PRODUCT"},
        {"type": "BUTTONS", "buttons": [{"type": "SPM", "text": "View"}]}]});
    let expected = json!([
        {"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": "Soon over", "has_expiration": true}},
        {"type": "FOOTER", "text": "Bye"},
        {"type": "CAROUSEL", "cards": [card, card]},
        {"type": "CALL_PERMISSION_REQUEST"},
    ]);
    assert_eq!(components(content).await, expected);
    let options = TemplateOptions {
        message_send_ttl_seconds: Some(60),
        allow_category_change: Some(true),
        ..TemplateOptions::default()
    };
    let body = request_for(&NewTemplate { options, ..new(TemplateContent::default()) }).await;
    let expected = json!({"name": "offer", "language": "en_US", "category": "MARKETING",
        "message_send_ttl_seconds": 60, "allow_category_change": true});
    assert_eq!(body, expected, "no components, and no parameter format without variables");
}

#[tokio::test]
async fn an_edit_holds_only_what_changes() {
    let done = Reply::json(200, &json!({"success": true}));
    let server = Server::answering([done.clone(), done]).await;
    let client = server.client();
    let edit = TemplateEdit { category: Some(Category::Utility.into()), ..TemplateEdit::default() };
    client.edit_template(&token(), "77", &edit).await.expect("changed");
    let content = TemplateContent::of_body("Hi {{1}}!", &[text("Ada")]);
    let edit = TemplateEdit {
        content: Some(content),
        message_send_ttl_seconds: Some(-1),
        ..TemplateEdit::default()
    };
    client.edit_template(&token(), "77", &edit).await.expect("changed");
    let calls = server.calls();
    assert_eq!(
        (calls[0].line().as_str(), &calls[0].body),
        ("POST /v26.0/77", &json!({"category": "UTILITY"}))
    );
    let component = json!({"type": "BODY", "text": "Hi {{1}}!", "example": {"body_text": [["Ada"]]}});
    let expected =
        json!({"components": [component], "parameter_format": "POSITIONAL", "message_send_ttl_seconds": -1});
    assert_eq!(calls[1].body, expected);
}

#[tokio::test]
async fn templates_are_deleted_by_name_by_id_and_several_at_once() {
    let done = Reply::json(200, &json!({"success": true}));
    let server = Server::answering(vec![done; 3]).await;
    let ids = [text("5"), text("6")];
    for selection in [
        TemplateSelection::Name("a"),
        TemplateSelection::One { id: "5", name: "a" },
        TemplateSelection::Ids(&ids),
    ] {
        server.client().delete_templates(&token(), "1", selection).await.expect("taken away");
    }
    let lines: Vec<String> = server.calls().iter().map(crate::server::Call::line).collect();
    let expected = ["name=a", "hsm_id=5&name=a", "hsm_ids=[5,6]"]
        .map(|query| format!("DELETE /v26.0/1/message_templates?{query}"));
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn a_list_has_filters_and_a_template_has_fields() {
    let one = json!({"id": "7", "quality_score": {"score": "GREEN", "date": 1_758_754_645}, "components": [
        {"type": "carousel", "cards": [{"components": [{"type": "body", "text": "{{1}}"}]}]},
        {"type": "BUTTONS", "buttons": [{"type": "url", "text": "Go", "url": "https://a"}]}]});
    let replies = [json!({"data": [], "paging": {}}), one].map(|body| Reply::json(200, &body));
    let server = Server::answering(replies).await;
    let client = server.client();
    let query = TemplateQuery {
        page: PageQuery { fields: &["name", "status"], limit: Some(5), after: Some("C") },
        name: Some("a"),
        language: Some("en_US"),
        status: Some("APPROVED"),
        category: Some("UTILITY"),
        ..TemplateQuery::default()
    };
    let page = client.list_templates(&token(), "1", &query).await.expect("a page");
    assert_eq!((page.items.len(), page.next()), (0, None));
    let template = client.template(&token(), "7", &["quality_score"]).await.expect("a template");
    let quality = template.quality.as_ref().map(|quality| (quality.score.as_str(), quality.since));
    assert_eq!(quality, Some(("GREEN", Some(1_758_754_645))));
    let cards = &template.component("CAROUSEL").expect("a carousel").cards;
    assert_eq!((cards[0][0].kind.as_str(), cards[0][0].variables()), ("BODY", vec!["1"]));
    let buttons = &template.component("BUTTONS").expect("buttons").buttons;
    assert_eq!((buttons[0].kind.as_str(), buttons[0].url.as_deref()), ("URL", Some("https://a")));
    let calls = server.calls();
    let expected = "GET /v26.0/1/message_templates?after=C&category=UTILITY&fields=name,status&language=en_US&limit=5\
        &name=a&status=APPROVED";
    assert_eq!(calls[0].line(), expected);
    assert_eq!(calls[1].line(), "GET /v26.0/7?fields=quality_score");
}

#[tokio::test]
async fn templates_are_archived_unarchived_and_unpaused() {
    let replies = [
        json!({"archived_templates": ["5"], "failed_templates": {"6": "Only approved ones"}}),
        json!({"unarchived_templates": ["5"], "failed_templates": []}),
        json!({"success": true}),
    ];
    let server = Server::answering(replies.iter().map(|body| Reply::json(200, body))).await;
    let client = server.client();
    let ids = [text("5"), text("6")];
    let archived = client.archive_templates(&token(), "1", &ids).await.expect("archived");
    let failed = std::collections::BTreeMap::from([(text("6"), text("Only approved ones"))]);
    assert_eq!(archived, Archived { done: vec![text("5")], failed });
    let back = client.unarchive_templates(&token(), "1", &ids[..1]).await.expect("taken back");
    assert_eq!(back, Archived { done: vec![text("5")], ..Archived::default() });
    client.unpause_template(&token(), "5").await.expect("woken");
    let calls = server.calls();
    assert_eq!(calls[0].body, json!({"hsm_ids": ["5", "6"]}));
    let lines: Vec<String> = calls.iter().map(crate::server::Call::line).collect();
    let expected = [
        "POST /v26.0/1/message_templates/archive",
        "POST /v26.0/1/message_templates/unarchive",
        "POST /v26.0/5/unpause",
    ];
    assert_eq!(lines, expected);
}
