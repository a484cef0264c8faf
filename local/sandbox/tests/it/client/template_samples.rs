//! Templates with every part that the client supports, each with a message that fills it.

use domain::Category;
use meta::send::{
    ButtonValue, CardValue, Currency, HeaderValue, Location, Parameter, ParameterValue, ProductSection,
    TemplateButtonValue, TemplateMessage,
};
use meta::templates::{
    Examples, FlowSource, LimitedTimeOffer, MediaFormat, NewTemplate, OtpApp, OtpApps, OtpButton, OtpKind,
    TemplateBody, TemplateButton, TemplateCard, TemplateContent, TemplateFooter, TemplateHeader,
};
use serde_json::json;

use super::message_kinds::link;
use super::setup::{filled, new_template, plain};

/// A template and a message that fills it.
pub(super) type TemplateSample = (NewTemplate, TemplateMessage);

fn text(text: &str) -> String {
    text.to_owned()
}

fn numbered(examples: &[&str]) -> Examples {
    Examples::Positional(examples.iter().map(|example| text(example)).collect())
}

fn body(line: &str, examples: Examples) -> TemplateBody {
    TemplateBody::Text { text: text(line), examples }
}

fn marketing(name: &str, content: TemplateContent, message: TemplateMessage) -> TemplateSample {
    let message = TemplateMessage { name: text(name), language: text("en_US"), ..message };
    (new_template(name, Category::Marketing, content), message)
}

/// Positional and named variables in header and body.
pub(super) fn texts() -> Vec<TemplateSample> {
    let named = Examples::Named(vec![(text("first_name"), text("Ada"))]);
    let ada = Parameter { name: Some(text("first_name")), value: ParameterValue::Text(text("Ada")) };
    let price = ParameterValue::Currency(Currency {
        fallback_value: text("€10"),
        code: text("EUR"),
        amount_1000: 10_000,
    });
    let positional = TemplateContent {
        header: Some(TemplateHeader::Text { text: text("For {{1}}"), examples: numbered(&["May"]) }),
        body: Some(body("Hello {{1}}, it costs {{2}} today.", numbered(&["Ada", "10"]))),
        footer: Some(TemplateFooter::Text(text("Thank you"))),
        ..TemplateContent::default()
    };
    let by_name = TemplateContent {
        body: Some(body("Hello {{first_name}}, your order is here.", named)),
        ..TemplateContent::default()
    };
    vec![
        marketing("plain", plain(), TemplateMessage::default()),
        marketing(
            "positional",
            positional,
            TemplateMessage {
                header: Some(HeaderValue::Text(Parameter::text("June"))),
                body: vec![Parameter::text("Bob"), Parameter { name: None, value: price }],
                ..TemplateMessage::default()
            },
        ),
        marketing("named", by_name, TemplateMessage { body: vec![ada], ..TemplateMessage::default() }),
    ]
}

/// Headers that are not texts.
pub(super) fn headers() -> Vec<TemplateSample> {
    let file = |format| TemplateHeader::Media { format, handle: Some(text("4::aW1hZ2U=")) };
    let place = Location { latitude: 52.5, longitude: 13.4, name: None, address: None };
    let product = HeaderValue::Product { catalog_id: text("1"), product_retailer_id: text("a") };
    let rows = [
        ("image", file(MediaFormat::Image), HeaderValue::Image(link())),
        ("video", file(MediaFormat::Video), HeaderValue::Video(link())),
        ("gif", file(MediaFormat::Gif), HeaderValue::Gif(link())),
        ("document", file(MediaFormat::Document), HeaderValue::Document { source: link(), filename: None }),
        ("location", TemplateHeader::Location, HeaderValue::Location(place)),
        ("product", TemplateHeader::Product, product),
    ];
    let row = |(name, header, value)| {
        let content = TemplateContent { header: Some(header), ..plain() };
        marketing(name, content, TemplateMessage { header: Some(value), ..TemplateMessage::default() })
    };
    rows.into_iter().map(row).collect()
}

/// Buttons, one per template.
pub(super) fn buttons() -> Vec<TemplateSample> {
    let label = || text("Look");
    let sections = vec![ProductSection { title: None, product_retailer_ids: vec![text("a")] }];
    let catalog = ButtonValue::Catalog { thumbnail_product_retailer_id: Some(text("a")) };
    let products = ButtonValue::Products { thumbnail_product_retailer_id: None, sections };
    let flow = TemplateButton::Flow {
        text: label(),
        flow: FlowSource::Id(text("1")),
        action: None,
        navigate_screen: None,
    };
    let url = TemplateButton::Url {
        text: label(),
        url: text("https://example.org/{{1}}"),
        example: Some(text("https://example.org/a")),
    };
    let call = TemplateButton::PhoneNumber { text: label(), phone_number: text("+15551234567") };
    let voice = TemplateButton::VoiceCall { text: label(), ttl_minutes: Some(60) };
    let voice_value = ButtonValue::VoiceCall { ttl_minutes: Some(60), payload: None };
    let reply = TemplateButton::QuickReply { text: label() };
    let rows = [
        ("reply", reply, Some(ButtonValue::QuickReply(text("yes")))),
        ("url", url, Some(ButtonValue::Url(text("b")))),
        ("call", call, None),
        (
            "coupon",
            TemplateButton::CopyCode { example: text("SALE10") },
            Some(ButtonValue::CopyCode(text("SALE20"))),
        ),
        ("flow", flow, Some(ButtonValue::Flow { token: Some(text("t")), data: None })),
        ("catalog", TemplateButton::Catalog { text: label() }, Some(catalog)),
        ("products", TemplateButton::MultiProduct { text: label() }, Some(products)),
        ("one_product", TemplateButton::SingleProduct { text: label() }, None),
        (
            "order",
            TemplateButton::Order { text: label() },
            Some(ButtonValue::Order(json!({ "currency": "INR" }))),
        ),
        ("voice", voice, Some(voice_value)),
        ("contact", TemplateButton::RequestContactInfo, None),
    ];
    let row = |(name, button, value): (&str, TemplateButton, Option<ButtonValue>)| {
        let content = TemplateContent { buttons: vec![button], ..plain() };
        let values = value.into_iter().map(|value| TemplateButtonValue { index: 0, value }).collect();
        marketing(name, content, TemplateMessage { buttons: values, ..TemplateMessage::default() })
    };
    rows.into_iter().map(row).collect()
}

/// A limited-time offer, a carousel, and a request for permission to call.
pub(super) fn rich() -> Vec<TemplateSample> {
    let offer = LimitedTimeOffer { text: text("Ends soon"), has_expiration: Some(true) };
    let button = |index, value| TemplateButtonValue { index, value };
    let card = TemplateCard {
        header: Some(TemplateHeader::Media { format: MediaFormat::Image, handle: Some(text("4::a")) }),
        body: Some(body("For you, {{1}}, alone today", numbered(&["Ada"]))),
        buttons: vec![TemplateButton::QuickReply { text: text("Yes") }],
    };
    let shown = CardValue {
        header: Some(HeaderValue::Image(link())),
        body: vec![Parameter::text("Bob")],
        buttons: vec![button(0, ButtonValue::QuickReply(text("yes")))],
    };
    let code = TemplateButton::CopyCode { example: text("SALE10") };
    vec![
        marketing(
            "offer",
            TemplateContent { limited_time_offer: Some(offer), buttons: vec![code], ..plain() },
            TemplateMessage {
                offer_ends_ms: Some(1_900_000_000_000),
                buttons: vec![button(0, ButtonValue::CopyCode(text("SALE20")))],
                ..TemplateMessage::default()
            },
        ),
        marketing(
            "cards",
            TemplateContent { cards: vec![card.clone(), card], ..plain() },
            TemplateMessage { cards: vec![shown.clone(), shown], ..TemplateMessage::default() },
        ),
        marketing("may_call", TemplateContent { asks_to_call: true, ..plain() }, TemplateMessage::default()),
    ]
}

/// The content of an authentication template with one kind of button.
pub(super) fn code_content(kind: OtpKind) -> TemplateContent {
    TemplateContent {
        body: Some(TemplateBody::Code { add_security_recommendation: Some(true) }),
        footer: Some(TemplateFooter::CodeExpiration { minutes: 10 }),
        buttons: vec![TemplateButton::Otp(OtpButton { kind, text: None })],
        ..TemplateContent::default()
    }
}

/// A message with a one-time password.
pub(super) fn code_message(name: &str) -> TemplateMessage {
    let value = ButtonValue::Url(text("123456"));
    TemplateMessage { buttons: vec![TemplateButtonValue { index: 0, value }], ..filled(name, &["123456"]) }
}

/// One-time passwords with each kind of button.
pub(super) fn codes() -> Vec<TemplateSample> {
    let app = || OtpApp { package_name: text("com.example.app"), signature_hash: text("K8a/AINcGX7") };
    let rows = [
        ("copied", OtpKind::CopyCode),
        (
            "one_tap",
            OtpKind::OneTap { autofill_text: Some(text("Fill in")), apps: OtpApps::Listed(vec![app()]) },
        ),
        ("one_tap_beside", OtpKind::OneTap { autofill_text: None, apps: OtpApps::Beside(app()) }),
        (
            "zero_tap",
            OtpKind::ZeroTap {
                autofill_text: None,
                apps: OtpApps::Listed(vec![app()]),
                terms_accepted: true,
            },
        ),
    ];
    let row =
        |(name, kind)| (new_template(name, Category::Authentication, code_content(kind)), code_message(name));
    rows.into_iter().map(row).collect()
}
