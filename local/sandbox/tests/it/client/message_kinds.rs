//! One message of every kind that the client can send.

use domain::Wamid;
use meta::send::{
    Action, ContactCard, ContactName, Content, FlowAction, FlowName, Interactive, InteractiveCard,
    InteractiveHeader, ListRow, ListSection, Location, MediaMessage, MediaSource, OrderStatus,
    ProductSection, Reaction, ReplyButton, Text,
};
use serde_json::json;

/// The name of a kind. A new kind does not compile until it is named here; a test fails until it has a message below.
pub(super) fn kind_of(content: &Content) -> &'static str {
    match content {
        Content::Template(_) => "template",
        Content::Text(_) => "text",
        Content::Media(media) => match media {
            MediaMessage::Image { .. } => "image",
            MediaMessage::Video { .. } => "video",
            MediaMessage::Audio { .. } => "audio",
            MediaMessage::Document { .. } => "document",
            MediaMessage::Sticker(_) => "sticker",
        },
        Content::Location(_) => "location",
        Content::Contacts(_) => "contacts",
        Content::Reaction(_) => "reaction",
        Content::Interactive(interactive) => match &interactive.action {
            Action::Buttons(_) => "buttons",
            Action::List { .. } => "list",
            Action::Url { .. } => "url",
            Action::Flow(_) => "flow",
            Action::Product { .. } => "product",
            Action::ProductList { .. } => "product list",
            Action::Catalog { .. } => "catalog",
            Action::LocationRequest => "location request",
            Action::ContactRequest => "contact request",
            Action::Address { .. } => "address",
            Action::VoiceCall { .. } => "voice call",
            Action::CallPermission => "call permission",
            Action::Order(_) => "order",
            Action::OrderStatus(_) => "order status",
            Action::Carousel(_) => "carousel",
        },
    }
}

/// All names of [`kind_of`] but `template`; templates have their own file.
pub(super) const KINDS: [&str; 24] = [
    "text",
    "image",
    "video",
    "audio",
    "document",
    "sticker",
    "location",
    "contacts",
    "reaction",
    "buttons",
    "list",
    "url",
    "flow",
    "product",
    "product list",
    "catalog",
    "location request",
    "contact request",
    "address",
    "voice call",
    "call permission",
    "order",
    "order status",
    "carousel",
];

fn text(text: &str) -> String {
    text.to_owned()
}

pub(super) fn link() -> MediaSource {
    MediaSource::Link(text("https://example.org/file"))
}

fn uploaded() -> MediaSource {
    MediaSource::Id(text("1234567890"))
}

pub(super) fn every_kind() -> Vec<Content> {
    let plain = [
        Content::Text(Text { body: text("Good morning"), preview_url: Some(true) }),
        Content::Location(Location {
            latitude: 52.5,
            longitude: 13.4,
            name: Some(text("Here")),
            address: None,
        }),
        Content::Contacts(vec![ContactCard {
            name: ContactName {
                formatted_name: text("Ada"),
                first_name: Some(text("Ada")),
                ..ContactName::default()
            },
            ..ContactCard::default()
        }]),
        Content::Reaction(Reaction { message_id: Wamid(text("wamid.theirs")), emoji: Some(text("👍")) }),
    ];
    let media = [
        MediaMessage::Image { source: link(), caption: Some(text("A picture")) },
        MediaMessage::Video { source: uploaded(), caption: None },
        MediaMessage::Audio { source: uploaded(), voice: Some(true) },
        MediaMessage::Document { source: link(), caption: None, filename: Some(text("bill.pdf")) },
        MediaMessage::Sticker(link()),
    ];
    let interactive = actions().into_iter().map(|action| {
        Content::Interactive(Box::new(Interactive {
            header: None,
            body: Some(text("Look")),
            footer: Some(text("Thank you")),
            action,
        }))
    });
    plain.into_iter().chain(media.map(Content::Media)).chain(interactive).collect()
}

fn actions() -> Vec<Action> {
    let sections =
        || vec![ProductSection { title: Some(text("All")), product_retailer_ids: vec![text("a")] }];
    let rows = vec![ListRow { id: text("r"), title: text("Row"), description: None }];
    let card = |action| InteractiveCard {
        header: Some(InteractiveHeader::Image(link())),
        body: Some(text("Look")),
        action,
    };
    let url = || Action::Url { display_text: text("Look"), url: text("https://example.org") };
    vec![
        Action::Buttons(vec![ReplyButton { id: text("y"), title: text("Yes") }]),
        Action::List { button: text("Choose"), sections: vec![ListSection { title: None, rows }] },
        url(),
        Action::Flow(FlowAction {
            flow: FlowName::Id(text("1")),
            cta: text("Fill in"),
            token: None,
            message_version: text("3"),
            mode: None,
            action: None,
            payload: None,
        }),
        Action::Product { catalog_id: text("1"), product_retailer_id: text("a") },
        Action::ProductList { catalog_id: text("1"), sections: sections() },
        Action::Catalog { thumbnail_product_retailer_id: None },
        Action::LocationRequest,
        Action::ContactRequest,
        Action::Address { country: text("IN"), parameters: json!({}) },
        Action::VoiceCall { display_text: Some(text("Call")), ttl_minutes: None, payload: None },
        Action::CallPermission,
        Action::Order(json!({ "reference_id": "order-1", "currency": "INR" })),
        Action::OrderStatus(OrderStatus {
            reference_id: text("order-1"),
            status: text("shipped"),
            description: None,
        }),
        Action::Carousel(vec![card(url()), card(url())]),
    ]
}
