//! Every kind of message in Meta's format.

use domain::messages::Outcome;
use domain::{PhoneNumber, Wamid};
use meta::send::{
    Action, ButtonValue, CardValue, ContactCard, ContactName, ContactPhone, Content, Currency, FlowAction,
    FlowName, HeaderValue, Interactive, InteractiveCard, InteractiveHeader, ListRow, ListSection, Location,
    MediaMessage, MediaSource, Message, OrderStatus, Parameter, ParameterValue, ProductSection, Reaction,
    Recipient, ReplyButton, SendOptions, TemplateButtonValue, TemplateMessage, Text,
};
use serde_json::{Value, json};

use crate::sending::number;
use crate::server::{Reply, Server, token};

fn text(text: &str) -> String {
    text.to_owned()
}

fn accepted() -> Value {
    json!({"messages": [{"id": "wamid.1", "message_status": "held_for_quality_assessment"}],
        "contacts": [{"input": "US.1", "user_id": "US.1"}]})
}

fn to_phone() -> Recipient {
    Recipient::Phone(PhoneNumber::from_stored(text("+15551234567")))
}

async fn sent(message: &Message) -> Value {
    let server = Server::answering([Reply::json(200, &accepted())]).await;
    let answer = server.client().send(&token(), &number(), message).await;
    assert_eq!(answer.outcome, Outcome::Accepted(Wamid(text("wamid.1"))));
    let call = server.call();
    assert_eq!(call.line(), "POST /v26.0/106540352242922/messages");
    call.body
}

/// The part of the request that holds the content.
async fn content_of(content: Content) -> Value {
    let mut body = sent(&Message { to: to_phone(), content, options: SendOptions::default() }).await;
    let members = body.as_object_mut().expect("an object");
    assert_eq!(members.remove("to"), Some(json!("+15551234567")));
    assert_eq!(members.remove("messaging_product"), Some(json!("whatsapp")));
    assert_eq!(members.remove("recipient_type"), Some(json!("individual")));
    body
}

fn hello() -> Content {
    Content::Text(Text { body: text("hello"), preview_url: None })
}

#[tokio::test]
async fn a_message_goes_to_a_number_a_user_or_a_group_with_its_options() {
    let options = SendOptions {
        reply_to: Some(Wamid(text("wamid.0"))),
        callback_data: Some(text("attempt")),
        identity_key_hash: Some(text("DF2l")),
        messaging_account_id: Some(text("9")),
    };
    let body = sent(&Message { to: Recipient::User(text("US.1")), content: hello(), options }).await;
    let expected = json!({"messaging_product": "whatsapp", "recipient_type": "individual", "recipient": "US.1",
        "context": {"message_id": "wamid.0"}, "biz_opaque_callback_data": "attempt",
        "recipient_identity_key_hash": "DF2l", "messaging_account_id": "9", "type": "text",
        "text": {"body": "hello"}});
    assert_eq!(body, expected);
    let group =
        Message { to: Recipient::Group(text("g")), content: hello(), options: SendOptions::default() };
    let body = sent(&group).await;
    assert_eq!(
        (&body["recipient_type"], &body["to"], &body["recipient"]),
        (&json!("group"), &json!("g"), &json!(null))
    );
}

#[tokio::test]
async fn an_accepted_message_is_read_even_with_unusual_members() {
    let odd = json!({"messages": [{"id": "wamid.1", "message_status": 7}], "contacts": "none"});
    for (answer, status, user) in
        [(accepted(), Some("held_for_quality_assessment"), Some("US.1")), (odd, None, None)]
    {
        let server = Server::answering([Reply::json(200, &answer)]).await;
        let message = Message { to: to_phone(), content: hello(), options: SendOptions::default() };
        let accepted = server.client().send(&token(), &number(), &message).await.accepted.expect("an id");
        assert_eq!(accepted.wamid, Wamid(text("wamid.1")));
        assert_eq!((accepted.message_status.as_deref(), accepted.user_id.as_deref()), (status, user));
    }
}

#[tokio::test]
async fn files_locations_contacts_and_reactions_have_metas_format() {
    let id = || MediaSource::Id(text("7"));
    let link = || MediaSource::Link(text("https://a/b"));
    let place = Location { latitude: 37.5, longitude: -122.0, name: Some(text("HQ")), address: None };
    let card = ContactCard {
        name: ContactName {
            formatted_name: text("Ada L"),
            first_name: Some(text("Ada")),
            ..ContactName::default()
        },
        phones: vec![ContactPhone { phone: Some(text("+1")), kind: Some(text("WORK")), wa_id: None }],
        ..ContactCard::default()
    };
    let reaction = |emoji: Option<&str>| {
        Content::Reaction(Reaction { message_id: Wamid(text("wamid.0")), emoji: emoji.map(str::to_owned) })
    };
    for (content, expected) in [
        (
            Content::Media(MediaMessage::Image { source: id(), caption: Some(text("c")) }),
            json!({"type": "image", "image": {"id": "7", "caption": "c"}}),
        ),
        (
            Content::Media(MediaMessage::Video { source: link(), caption: None }),
            json!({"type": "video", "video": {"link": "https://a/b"}}),
        ),
        (
            Content::Media(MediaMessage::Audio { source: id(), voice: Some(true) }),
            json!({"type": "audio", "audio": {"id": "7", "voice": true}}),
        ),
        (
            Content::Media(MediaMessage::Document {
                source: id(),
                caption: None,
                filename: Some(text("a.pdf")),
            }),
            json!({"type": "document", "document": {"id": "7", "filename": "a.pdf"}}),
        ),
        (Content::Media(MediaMessage::Sticker(id())), json!({"type": "sticker", "sticker": {"id": "7"}})),
        (
            Content::Location(place),
            json!({"type": "location", "location": {"latitude": 37.5, "longitude": -122.0, "name": "HQ"}}),
        ),
        (
            Content::Contacts(vec![card]),
            json!({"type": "contacts", "contacts": [{"name": {"formatted_name": "Ada L", "first_name": "Ada"},
                "phones": [{"phone": "+1", "type": "WORK"}]}]}),
        ),
        (
            reaction(Some("👍")),
            json!({"type": "reaction", "reaction": {"message_id": "wamid.0", "emoji": "👍"}}),
        ),
        (reaction(None), json!({"type": "reaction", "reaction": {"message_id": "wamid.0", "emoji": ""}})),
    ] {
        assert_eq!(content_of(content).await, expected);
    }
}

#[tokio::test]
async fn every_variable_of_a_template_is_filled_in() {
    let button = |index, value| TemplateButtonValue { index, value };
    let amount = Currency { fallback_value: text("$1"), code: text("USD"), amount_1000: 1_000 };
    let sections = vec![ProductSection { title: Some(text("New")), product_retailer_ids: vec![text("p1")] }];
    let card = CardValue {
        header: Some(HeaderValue::Product { catalog_id: text("9"), product_retailer_id: text("p1") }),
        body: vec![Parameter::text("x")],
        buttons: vec![button(0, ButtonValue::QuickReply(text("more")))],
    };
    let template = TemplateMessage {
        header: Some(HeaderValue::Image(MediaSource::Id(text("7")))),
        body: vec![
            Parameter { name: Some(text("first_name")), value: ParameterValue::Text(text("Ada")) },
            Parameter { name: None, value: ParameterValue::Currency(amount) },
        ],
        buttons: vec![
            button(0, ButtonValue::CopyCode(text("25OFF"))),
            button(1, ButtonValue::Url(text("end"))),
            button(2, ButtonValue::Flow { token: Some(text("t")), data: Some(json!({"a": null})) }),
            button(3, ButtonValue::Catalog { thumbnail_product_retailer_id: None }),
            button(4, ButtonValue::Products { thumbnail_product_retailer_id: Some(text("p1")), sections }),
            button(5, ButtonValue::VoiceCall { ttl_minutes: Some(9), payload: None }),
        ],
        cards: vec![card],
        offer_ends_ms: Some(1_209_600_000),
        order_status: Some(OrderStatus {
            reference_id: text("r"),
            status: text("shipped"),
            description: None,
        }),
        ..TemplateMessage::of_texts("offer", "en_US", &[])
    };
    let body = content_of(Content::Template(Box::new(template))).await;
    assert_eq!(
        (&body["template"]["name"], &body["template"]["language"]["code"]),
        (&json!("offer"), &json!("en_US"))
    );
    let tapped = |index: u8, kind: &str, parameter: Value| json!({"type": "button", "sub_type": kind, "index": index, "parameters": [parameter]});
    let components = json!([
        {"type": "header", "parameters": [{"type": "image", "image": {"id": "7"}}]},
        {"type": "body", "parameters": [{"type": "text", "text": "Ada", "parameter_name": "first_name"},
            {"type": "currency", "currency": {"fallback_value": "$1", "code": "USD", "amount_1000": 1000}}]},
        {"type": "limited_time_offer", "parameters": [
            {"type": "limited_time_offer", "limited_time_offer": {"expiration_time_ms": 1_209_600_000}}]},
        {"type": "carousel", "cards": [{"card_index": 0, "components": [
            {"type": "header", "parameters": [
                {"type": "product", "product": {"catalog_id": "9", "product_retailer_id": "p1"}}]},
            {"type": "body", "parameters": [{"type": "text", "text": "x"}]},
            tapped(0, "quick_reply", json!({"type": "payload", "payload": "more"})),
        ]}]},
        tapped(0, "copy_code", json!({"type": "coupon_code", "coupon_code": "25OFF"})),
        tapped(1, "url", json!({"type": "text", "text": "end"})),
        tapped(2, "flow", json!({"type": "action", "action": {"flow_token": "t", "flow_action_data": {"a": null}}})),
        {"type": "button", "sub_type": "catalog", "index": 3},
        tapped(4, "mpm", json!({"type": "action", "action": {"thumbnail_product_retailer_id": "p1",
            "sections": [{"title": "New", "product_items": [{"product_retailer_id": "p1"}]}]}})),
        tapped(5, "voice_call", json!({"type": "ttl_minutes", "ttl_minutes": 9})),
        {"type": "order_status", "parameters": [{"type": "order_status",
            "order_status": {"reference_id": "r", "order": {"status": "shipped"}}}]},
    ]);
    assert_eq!(body["template"]["components"], components);
}

fn interactive(action: Action) -> Content {
    Content::Interactive(Box::new(Interactive {
        header: Some(InteractiveHeader::Text(text("head"))),
        body: Some(text("body")),
        footer: None,
        action,
    }))
}

/// The interactive part of the request.
async fn tapped(action: Action) -> Value {
    let mut body = content_of(interactive(action)).await;
    assert_eq!(body["interactive"]["header"], json!({"type": "text", "text": "head"}));
    assert_eq!(body["interactive"]["body"], json!({"text": "body"}));
    json!([body["interactive"]["type"].take(), body["interactive"]["action"].take()])
}

fn to_address() -> Action {
    Action::Url { display_text: text("Go"), url: text("https://a") }
}

#[tokio::test]
async fn buttons_lists_links_and_flows_have_metas_format() {
    let flow = FlowAction {
        flow: FlowName::Id(text("7")),
        cta: text("Go"),
        token: None,
        message_version: text("3"),
        mode: None,
        action: Some(text("navigate")),
        payload: Some(json!({"screen": "S"})),
    };
    let row = ListRow { id: text("r"), title: text("Row"), description: None };
    let card = InteractiveCard {
        header: Some(InteractiveHeader::Image(MediaSource::Link(text("https://a/b")))),
        body: None,
        action: to_address(),
    };
    let url = json!({"name": "cta_url", "parameters": {"display_text": "Go", "url": "https://a"}});
    for (action, expected) in [
        (
            Action::Buttons(vec![ReplyButton { id: text("y"), title: text("Yes") }]),
            json!(["button", {"buttons": [{"type": "reply", "reply": {"id": "y", "title": "Yes"}}]}]),
        ),
        (
            Action::List {
                button: text("All"),
                sections: vec![ListSection { title: None, rows: vec![row] }],
            },
            json!(["list", {"button": "All", "sections": [{"rows": [{"id": "r", "title": "Row"}]}]}]),
        ),
        (to_address(), json!(["cta_url", url])),
        (
            Action::Flow(flow),
            json!(["flow", {"name": "flow", "parameters": {"flow_message_version": "3", "flow_id": "7",
                "flow_cta": "Go", "flow_action": "navigate", "flow_action_payload": {"screen": "S"}}}]),
        ),
        (
            Action::Carousel(vec![card]),
            json!(["carousel", {"cards": [{"card_index": 0, "type": "cta_url", "action": url,
                "header": {"type": "image", "image": {"link": "https://a/b"}}}]}]),
        ),
    ] {
        assert_eq!(tapped(action).await, expected);
    }
}

#[tokio::test]
async fn products_requests_calls_and_orders_have_metas_format() {
    let no_call = Action::VoiceCall { display_text: None, ttl_minutes: None, payload: None };
    let call = Action::VoiceCall { display_text: Some(text("Call")), ttl_minutes: Some(9), payload: None };
    let status =
        OrderStatus { reference_id: text("r"), status: text("shipped"), description: Some(text("d")) };
    for (action, expected) in [
        (
            Action::Product { catalog_id: text("9"), product_retailer_id: text("p") },
            json!(["product", {"catalog_id": "9", "product_retailer_id": "p"}]),
        ),
        (
            Action::ProductList { catalog_id: text("9"), sections: vec![] },
            json!(["product_list", {"catalog_id": "9", "sections": []}]),
        ),
        (
            Action::Catalog { thumbnail_product_retailer_id: None },
            json!(["catalog_message", {"name": "catalog_message"}]),
        ),
        (Action::LocationRequest, json!(["location_request_message", {"name": "send_location"}])),
        (Action::ContactRequest, json!(["request_contact_info", {"name": "request_contact_info"}])),
        (
            Action::Address { country: text("IN"), parameters: json!({"values": {"city": "P"}}) },
            json!(["address_message",
                {"name": "address_message", "parameters": {"country": "IN", "values": {"city": "P"}}}]),
        ),
        (no_call, json!(["voice_call", {"name": "voice_call"}])),
        (
            call,
            json!(["voice_call", {"name": "voice_call", "parameters": {"display_text": "Call", "ttl_minutes": 9}}]),
        ),
        (Action::CallPermission, json!(["call_permission_request", {"name": "call_permission_request"}])),
        (
            Action::Order(json!({"a": 1})),
            json!(["order_details", {"name": "review_and_pay", "parameters": {"a": 1}}]),
        ),
        (
            Action::OrderStatus(status),
            json!(["order_status", {"name": "review_order", "parameters": {"reference_id": "r",
                "order": {"status": "shipped", "description": "d"}}}]),
        ),
    ] {
        assert_eq!(tapped(action).await, expected);
    }
}

#[tokio::test]
async fn a_received_message_is_marked_as_read_and_typing_is_shown() {
    let done = Reply::json(200, &json!({"success": true}));
    let server = Server::answering([done.clone(), done]).await;
    for is_typing in [false, true] {
        let read = server.client().mark_read(&token(), &number(), &Wamid(text("wamid.0")), is_typing).await;
        read.expect("marked");
    }
    let mut expected = json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.0"});
    let calls = server.calls();
    assert_eq!(calls[0].body, expected);
    expected["typing_indicator"] = json!({"type": "text"});
    assert_eq!(calls[1].body, expected);
}
