//! Compares the speed of verifying and parsing a webhook with that of only turning the same bytes into JSON values.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a measurement that cannot go on has failed"
)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use meta::{signature, webhook};
use secrecy::SecretString;
use serde_json::{Value, json};

const SECRET: &str = "the-app-secret";

/// Statuses as Meta has written them since v24.0: sent, delivered, read and failed in turn.
fn body(count: usize) -> Vec<u8> {
    let kinds = ["sent", "delivered", "read", "failed"];
    let status = |index: usize| {
        let mut status = json!({
            "id": format!("wamid.HBgLMTU1NTAxMDAyMDAVAgARGBI{index:015X}AA=="),
            "status": kinds[index % kinds.len()],
            "timestamp": (1_790_000_000 + index).to_string(),
            "recipient_id": format!("1555010{index:04}"),
            "recipient_user_id": format!("US.1349120865530274{index:04}"),
            "biz_opaque_callback_data": format!("018f6f2e-0000-7000-8000-{index:012}"),
        });
        match index % 4 {
            0 | 1 => {
                status["pricing"] = json!({"billable": true, "pricing_model": "PMP", "type": "regular", "category": "utility"});
            }
            3 => {
                status["errors"] = json!([{"code": 131_026, "title": "Message undeliverable",
                    "message": "Message undeliverable", "error_data": {"details": "Message undeliverable."},
                    "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"}]);
            }
            _ => {}
        }
        status
    };
    let statuses: Vec<Value> = (0..count).map(status).collect();
    let value = json!({
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550100100", "phone_number_id": "900100200300"},
        "contacts": [{"profile": {"name": "Ada Example"}, "wa_id": "15550100200"}],
        "statuses": statuses,
    });
    let body = json!({"object": "whatsapp_business_account", "entry": [
        {"id": "800100200300", "changes": [{"value": value, "field": "messages"}]},
    ]});
    body.to_string().into_bytes()
}

/// The same body with one status of an unknown kind, so that the single-pass parser gives up.
fn with_an_unknown_status(count: usize) -> Vec<u8> {
    let text = String::from_utf8(body(count)).expect("text");
    text.replacen(r#""status":"sent""#, r#""status":"teleported""#, 1).into_bytes()
}

fn webhooks(criterion: &mut Criterion) {
    let secrets = [SecretString::from(SECRET)];
    for count in [1, 100, 1_000] {
        let body = body(count);
        let header = signature::sign(&secrets[0], &body);
        let mut group = criterion.benchmark_group(format!("{count} statuses"));
        group.throughput(Throughput::Bytes(u64::try_from(body.len()).expect("a length")));
        group.bench_function("JSON values alone", |bench| {
            bench.iter(|| serde_json::from_slice::<Value>(black_box(&body)).expect("JSON"));
        });
        group.bench_function("verified and parsed", |bench| {
            bench.iter(|| {
                signature::verify(&secrets, Some(&header), black_box(&body)).expect("ours");
                webhook::parse(black_box(&body)).expect("a webhook")
            });
        });
        group.bench_function("verified", |bench| {
            bench.iter(|| signature::verify(&secrets, Some(&header), black_box(&body)).expect("ours"));
        });
        group.bench_function("parsed", |bench| {
            bench.iter(|| webhook::parse(black_box(&body)).expect("a webhook"));
        });
        let unusual = with_an_unknown_status(count);
        group.bench_function("parsed, with one status of an unknown kind", |bench| {
            bench.iter(|| webhook::parse(black_box(&unusual)).expect("a webhook"));
        });
        group.finish();
    }
}

criterion_group!(benches, webhooks);
criterion_main!(benches);
