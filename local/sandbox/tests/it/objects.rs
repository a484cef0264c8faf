//! Single objects: phone number, WABA, business and media.

use serde_json::{Value, json};

use crate::support::TestSandbox;
use crate::support::body::{plain, template_message};
use crate::support::caller::read;

const TO: &str = "+4915112345678";

#[tokio::test]
async fn a_number_shows_the_requested_fields() {
    let sandbox = TestSandbox::start().await;
    let path = format!("/{}", sandbox.account.phone_id);
    let plain = sandbox.get(&path).await.expect_status(200);
    for key in ["id", "display_phone_number", "verified_name", "quality_rating", "code_verification_status"] {
        assert!(plain[key].is_string(), "{key}: {plain}");
    }
    assert_eq!(plain["throughput"], json!({ "level": "STANDARD" }));
    let fields = "name_status,new_name_status,whatsapp_business_manager_messaging_limit,account_mode,is_on_biz_app,unknown";
    let shown = sandbox.get(&format!("{path}?fields={fields}")).await.expect_status(200);
    assert_eq!(
        shown,
        json!({
            "id": sandbox.account.phone_id,
            "name_status": "APPROVED",
            "new_name_status": "NONE",
            "whatsapp_business_manager_messaging_limit": "TIER_250",
            "account_mode": "LIVE",
            "is_on_biz_app": false,
        })
    );
    let list = format!("/{}/phone_numbers?fields=status,throughput&limit=1", sandbox.account.waba);
    let listed = sandbox.get(&list).await.expect_status(200);
    assert_eq!(
        listed["data"],
        json!([{
            "id": sandbox.account.phone_id, "status": "CONNECTED", "throughput": { "level": "STANDARD" },
        }])
    );
    assert!(listed["paging"]["cursors"]["after"].is_string() && listed["paging"]["next"].is_null());
    let after = listed["paging"]["cursors"]["after"].as_str().expect("a cursor");
    let beyond = sandbox.get(&format!("{list}&after={after}")).await.expect_status(200);
    assert_eq!(beyond["data"], json!([]));
    assert_eq!(sandbox.get(&format!("{list}&after=nonsense")).await.expect_error(400), 131_059);
}

#[tokio::test]
async fn health_names_what_blocks_sending() {
    let sandbox = TestSandbox::start().await;
    let number = format!("/{}?fields=health_status", sandbox.account.phone_id);
    let availability =
        |shown: &Value, index: usize| shown["health_status"]["entities"][index]["can_send_message"].clone();
    let shown = sandbox.get(&number).await.expect_status(200);
    assert_eq!(shown["health_status"]["can_send_message"], "AVAILABLE");
    let kinds: Vec<&str> = shown["health_status"]["entities"]
        .as_array()
        .expect("entities")
        .iter()
        .filter_map(|entity| entity["entity_type"].as_str())
        .collect();
    assert_eq!(kinds, ["PHONE_NUMBER", "WABA", "BUSINESS", "APP"]);
    sandbox.order("numbers", &json!({ "quality": "RED" })).await;
    let shown = sandbox.get(&number).await.expect_status(200);
    assert_eq!(
        (&shown["health_status"]["can_send_message"], availability(&shown, 0)),
        (&json!("LIMITED"), json!("LIMITED"))
    );
    sandbox.order("accounts", &json!({ "state": "UNPAID" })).await;
    let waba = format!("/{}?fields=health_status", sandbox.account.waba);
    let shown = sandbox.get(&waba).await.expect_status(200);
    assert_eq!(
        (&shown["health_status"]["can_send_message"], availability(&shown, 1)),
        (&json!("BLOCKED"), json!("BLOCKED"))
    );
    let error = &shown["health_status"]["entities"][1]["errors"][0];
    assert!(
        error["error_code"].is_u64()
            && error["error_description"].is_string()
            && error["possible_solution"].is_string()
    );
}

#[tokio::test]
async fn an_account_is_shown_and_listed_by_its_business() {
    let sandbox = TestSandbox::start().await;
    let waba = sandbox.get(&format!("/{}", sandbox.account.waba)).await.expect_status(200);
    for key in [
        "id",
        "name",
        "timezone_id",
        "currency",
        "country",
        "message_template_namespace",
        "ownership_type",
        "primary_business_location",
    ] {
        assert!(waba[key].is_string(), "{key}: {waba}");
    }
    assert_eq!(
        (&waba["account_review_status"], &waba["business_verification_status"]),
        (&json!("APPROVED"), &json!("VERIFIED"))
    );
    let business = waba["owner_business_info"]["id"].as_str().expect("an owner");
    for edge in ["owned_whatsapp_business_accounts", "client_whatsapp_business_accounts"] {
        let listed = sandbox.get(&format!("/{business}/{edge}")).await.expect_status(200);
        assert_eq!((&listed["data"][0]["id"], &listed["data"][0]["timezone_id"]), (&waba["id"], &json!("1")));
        let foreign = sandbox.get(&format!("/1234567890123456/{edge}")).await;
        foreign.expect_refusal(400, (100, Some(33)), "does not exist");
    }
}

#[tokio::test]
async fn analytics_sum_the_accepted_messages() {
    let sandbox = TestSandbox::start().await;
    sandbox.caller.create(&sandbox.account, &plain("offer", "MARKETING")).await;
    for to in [TO, TO, "+15550100000"] {
        sandbox.message(&template_message(to, "offer", &json!([]))).await.wamid();
    }
    sandbox.send(TO, "a service message").await.wamid();
    let ask = |rest: &str| {
        let fields = format!("pricing_analytics.start(0).end(9999999999).granularity(MONTHLY){rest}");
        format!("/{}?fields={fields}", sandbox.account.waba)
    };
    let by_all = ask(".dimensions(COUNTRY,PRICING_TYPE,PRICING_CATEGORY,TIER)");
    let shown = sandbox.get(&by_all).await.expect_status(200);
    assert_eq!(shown.as_object().map(serde_json::Map::len), Some(2), "the id and the requested field");
    let points = shown["pricing_analytics"]["data"][0]["data_points"].as_array().expect("points").clone();
    let of = |country: &str, category: &str| {
        let fits = |point: &&Value| point["country"] == country && point["pricing_category"] == category;
        points.iter().find(fits).cloned().expect("the point")
    };
    let german = of("DE", "MARKETING");
    assert_eq!((&german["volume"], &german["cost"]), (&json!(2), &json!(0.05)));
    assert_eq!((&german["pricing_type"], &german["tier"]), (&json!("REGULAR"), &json!("0:MAX")));
    assert!(german["start"].as_u64() < german["end"].as_u64());
    assert_eq!(of("US", "MARKETING")["volume"], 1);
    let service = of("DE", "SERVICE");
    assert_eq!((&service["pricing_type"], &service["cost"]), (&json!("FREE_CUSTOMER_SERVICE"), &json!(0.0)));
    assert!(service["tier"].is_null());

    let sum = sandbox.get(&ask("")).await.expect_status(200);
    let points = sum["pricing_analytics"]["data"][0]["data_points"].as_array().expect("points").clone();
    assert_eq!(points.len(), 1, "without dimensions");
    assert_eq!((&points[0]["volume"], &points[0]["cost"]), (&json!(4), &json!(0.075)));
    let past =
        format!("/{}?fields=pricing_analytics.start(0).end(1).granularity(DAILY)", sandbox.account.waba);
    let past = sandbox.get(&past).await.expect_status(200);
    assert_eq!(past["pricing_analytics"]["data"][0]["data_points"], json!([]));
    for (fields, name) in [
        ("pricing_analytics.end(1)", "start"),
        ("pricing_analytics.start(0).end(soon)", "end"),
        ("pricing_analytics.start(0).end(1).granularity(YEARLY)", "granularity"),
    ] {
        let path = format!("/{}?fields={fields}", sandbox.account.waba);
        sandbox.get(&path).await.expect_refusal(400, (100, None), name);
    }
}

#[tokio::test]
async fn a_deregistered_number_is_registered_again_with_its_pin() {
    let sandbox = TestSandbox::start().await;
    let number = format!("/{}", sandbox.account.phone_id);
    let (away, back) = (format!("{number}/deregister"), format!("{number}/register"));
    let pin = |pin: &str| json!({ "messaging_product": "whatsapp", "pin": pin });
    assert_eq!(sandbox.post(&away, &json!({})).await.expect_status(200), json!({ "success": true }));
    sandbox.send(TO, "attempt").await.expect_refusal(400, (133_010, None), "Account not registered");
    sandbox.post(&away, &json!({})).await.expect_refusal(400, (100, Some(2_207_051)), "not registered");
    sandbox.post(&back, &pin("654321")).await.expect_refusal(400, (133_005, None), "PIN");
    sandbox.post(&back, &pin("12345")).await.expect_refusal(400, (100, None), "6 digits");
    let mut elsewhere = pin("123456");
    elsewhere["data_localization_region"] = json!("XX");
    sandbox.post(&back, &elsewhere).await.expect_refusal(400, (100, None), "region");
    elsewhere["data_localization_region"] = json!("CH");
    sandbox.post(&back, &elsewhere).await.expect_status(200);
    sandbox.send(TO, "attempt").await.wamid();

    sandbox.post(&number, &json!({ "pin": "654321" })).await.expect_status(200);
    let change = sandbox.change("security").await;
    assert_eq!(
        (&change["event"], &change["entry_id"]),
        (&json!("PIN_CHANGED"), &json!(sandbox.account.waba))
    );
    assert!(change["display_phone_number"].is_string());
    sandbox.post(&back, &pin("654321")).await.expect_status(200);
    sandbox.post(&number, &json!({ "pin": "no" })).await.expect_refusal(400, (100, None), "6 digits");
    sandbox.post(&number, &json!({ "webhook_configuration": {} })).await.expect_refusal(
        400,
        (100, None),
        "callback",
    );
    sandbox.order("numbers", &json!({ "onBusinessApp": true })).await;
    sandbox.post(&away, &json!({})).await.expect_refusal(400, (100, None), "SMB");
}

#[tokio::test]
async fn a_code_is_asked_for_and_verified() {
    let sandbox = TestSandbox::start().await;
    let number = format!("/{}", sandbox.account.phone_id);
    let (ask, check) = (format!("{number}/request_code"), format!("{number}/verify_code"));
    sandbox.post(&ask, &json!({ "code_method": "SMS", "language": "en_US" })).await.expect_status(200);
    sandbox.post(&ask, &json!({ "code_method": "PIGEON", "language": "en_US" })).await.expect_refusal(
        400,
        (100, None),
        "code_method",
    );
    sandbox.post(&ask, &json!({ "code_method": "VOICE" })).await.expect_refusal(400, (100, None), "language");
    let verified = sandbox.post(&check, &json!({ "code": "123456" })).await.expect_status(200);
    assert_eq!(verified, json!({ "success": true, "id": sandbox.account.phone_id }));
    let wrong = sandbox.post(&check, &json!({ "code": "000000" })).await;
    wrong.expect_refusal(422, (100, None), "invalid or has expired");
    assert!(wrong.body["error"]["error_user_title"].is_string());
}

#[tokio::test]
async fn media_are_uploaded_shown_and_removed() {
    let sandbox = TestSandbox::start().await;
    let path = format!("/v26.0/{}/media", sandbox.account.phone_id);
    let form = |parts: &[(&str, &str)]| {
        let part = |(name, value): &(&str, &str)| {
            format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        parts.iter().map(part).collect::<String>() + "--edge--\r\n"
    };
    let upload = async |body: String| {
        let request =
            sandbox.caller.request(reqwest::Method::POST, &path).bearer_auth(&sandbox.account.token);
        read(request.header("content-type", "multipart/form-data; boundary=edge").body(body)).await
    };
    let (product, kind, file) = (("messaging_product", "whatsapp"), ("type", "image/png"), ("file", "12345"));
    let uploaded = upload(form(&[product, kind, file])).await.expect_status(200);
    let id = uploaded["id"].as_str().expect("an id").to_owned();
    let shown = sandbox.get(&format!("/{id}")).await.expect_status(200);
    assert_eq!((&shown["mime_type"], &shown["file_size"]), (&json!("image/png"), &json!(5)));
    for key in ["url", "sha256", "id", "messaging_product"] {
        assert!(shown[key].is_string(), "{key}: {shown}");
    }
    let image = crate::support::body::message(TO, "image", &json!({ "id": id }));
    sandbox.message(&image).await.wamid();
    for (parts, name) in [
        (vec![kind, file], "messaging_product"),
        (vec![product, file], "type"),
        (vec![product, kind], "file"),
    ] {
        upload(form(&parts)).await.expect_refusal(400, (100, None), name);
    }
    sandbox.post(&format!("/{}/media", sandbox.account.phone_id), &json!({})).await.expect_refusal(
        400,
        (100, None),
        "file",
    );
    let other = sandbox.caller.connect("another code").await;
    let path = format!("/{id}");
    assert_eq!(sandbox.caller.delete(&other.token, &path).await.expect_error(400), 100, "of another account");
    sandbox.caller.delete(&sandbox.account.token, &path).await.expect_status(200);
    sandbox.get(&path).await.expect_refusal(400, (100, Some(33)), "does not exist");
}
