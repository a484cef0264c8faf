//! Costs, counts, files, and what answers say of quotas.

use std::sync::{Arc, Mutex};

use domain::PhoneNumberId;
use jiff::Timestamp;
use meta::{Granularity, NewUpload, PricingDimension, PricingQuery, TemplateStatsQuery, UsageHeaders};
use serde_json::json;

use crate::server::{APP_ID, Call, Reply, Server};

fn time(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

fn lines(server: &Server) -> Vec<String> {
    server.calls().iter().map(Call::line).collect()
}

#[tokio::test]
async fn costs_are_kept_digit_for_digit() {
    let told = r#"{"pricing_analytics": {"data": [{"data_points": [
        {"start": 1, "end": 2, "country": "IN", "tier": "0:MAX", "pricing_type": "REGULAR",
            "pricing_category": "UTILITY", "volume": 3, "cost": 0.10000000000000000000001},
        {"start": 1, "end": 2, "volume": 1, "cost": "4.60"},
        {"start": 1, "end": 2, "volume": 1, "cost": null}]}]}}"#;
    let server = Server::answering([Reply::new(200, told), Reply::json(200, &json!({"id": "1"}))]).await;
    let mut query = PricingQuery {
        start: time(1),
        end: time(2),
        granularity: Granularity::Daily,
        dimensions: &[PricingDimension::Country, PricingDimension::Tier],
    };
    let points = server.client().pricing_analytics("token", "1", &query).await.expect("points");
    let costs: Vec<_> = points.iter().map(|point| point.cost.as_deref()).collect();
    assert_eq!(costs, [Some("0.10000000000000000000001"), Some("4.60"), None]);
    assert_eq!((points[0].volume, points[0].tier.as_deref()), (3, Some("0:MAX")));
    query.granularity = Granularity::HalfHour;
    query.dimensions = &[];
    let points = server.client().pricing_analytics("token", "1", &query).await.expect("points");
    assert_eq!(points, [], "an account without a message has no analytics");
    let expected = [
        "GET /v26.0/1?fields=pricing_analytics.start(1).end(2).granularity(DAILY).dimensions(COUNTRY,TIER)",
        "GET /v26.0/1?fields=pricing_analytics.start(1).end(2).granularity(HALF_HOUR)",
    ];
    assert_eq!(lines(&server), expected);
}

#[tokio::test]
async fn a_templates_days_are_counted_once_that_is_switched_on() {
    let told = json!({"data": [{"granularity": "DAILY", "data_points": [{"template_id": "5", "start": 1, "end": 2,
        "sent": 9, "delivered": 8, "read": 7, "clicked": [{"type": "url_button", "count": 2}, {"count": 1}],
        "cost": [{"type": "amount_spent", "value": 0.25}, {"type": "cost_per_delivered"}]}]}],
        "paging": {"cursors": {"after": "C"}, "next": "https://…"}});
    let server = Server::answering([Reply::json(200, &json!({"id": "1"})), Reply::json(200, &told)]).await;
    let client = server.client();
    client.enable_template_analytics("token", "1").await.expect("switched on");
    let ids = ["5".to_owned(), "6".to_owned()];
    let query = TemplateStatsQuery {
        start: time(1),
        end: time(2),
        template_ids: &ids,
        metric_types: &["SENT", "COST"],
        product_type: None,
        limit: Some(30),
        after: None,
    };
    let page = client.template_analytics("token", "1", &query).await.expect("a page");
    assert_eq!(page.next(), Some("C"));
    let point = &page.items[0];
    assert_eq!((point.sent, point.delivered, point.read, point.clicked), (9, 8, 7, 3));
    let costs: Vec<_> = point.costs.iter().map(|cost| (cost.kind.as_str(), cost.value.as_deref())).collect();
    assert_eq!(costs, [("amount_spent", Some("0.25")), ("cost_per_delivered", None)]);
    let expected = [
        "POST /v26.0/1?is_enabled_for_insights=true",
        "GET /v26.0/1/template_analytics?end=2&granularity=DAILY&limit=30&metric_types=SENT,COST&start=1\
            &template_ids=[5,6]",
    ];
    assert_eq!(lines(&server), expected);
}

#[tokio::test]
async fn a_file_is_looked_up_and_deleted() {
    let told = json!({"id": "5", "url": "https://lookaside.fbsbx.com/a", "mime_type": "image/jpeg", "sha256": "ab",
        "file_size": "303833", "messaging_product": "whatsapp"});
    let server =
        Server::answering([Reply::json(200, &told), Reply::json(200, &json!({"success": true}))]).await;
    let number = PhoneNumberId("77".to_owned());
    let media = server.client().media("token", "5", Some(&number)).await.expect("a file");
    assert_eq!((media.file_size, media.sha256.as_deref()), (Some(303_833), Some("ab")));
    server.client().delete_media("token", "5").await.expect("deleted");
    assert_eq!(lines(&server), ["GET /v26.0/5?phone_number_id=77", "DELETE /v26.0/5"]);
}

#[tokio::test]
async fn an_example_of_a_header_is_uploaded_in_two_calls() {
    let replies = [json!({"id": "upload:MTphd==?sig=ARZ"}), json!({"h": "4::aW"})];
    let server = Server::answering(replies.iter().map(|body| Reply::json(200, body))).await;
    let new = NewUpload { file_name: "a.jpg", file_type: "image/jpeg", bytes: "\u{1}pixels".into() };
    assert_eq!(server.client().upload_example("token", &new).await.expect("a handle"), "4::aW");
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

#[tokio::test]
async fn what_answers_say_of_quotas_is_told_for_errors_too_and_silence_is_not() {
    let usage = r#"{"1":[{"type":"whatsapp","call_count":81}]}"#;
    let refusal = json!({"error": {"message": "m", "code": 80_007}});
    let replies = [
        Reply::json(200, &json!({"success": true})).with("x-business-use-case-usage", usage),
        Reply::json(400, &refusal).with("x-app-usage", "{}").with("retry-after", "60"),
        Reply::json(200, &json!({"success": true})),
    ];
    let server = Server::answering(replies).await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&told);
    let client = server.client().observing(move |usage| heard.lock().expect("nobody panics").push(usage));
    client.subscribe_app("token", "1").await.expect("subscribed");
    client.subscribe_app("token", "1").await.expect_err("refused");
    client.subscribe_app("token", "1").await.expect("subscribed");
    let business = UsageHeaders { business_use_case: Some(usage.to_owned()), ..UsageHeaders::default() };
    let app = UsageHeaders {
        app: Some("{}".to_owned()),
        retry_after: Some("60".to_owned()),
        ..UsageHeaders::default()
    };
    assert_eq!(*told.lock().expect("nobody panics"), [business, app]);
}
