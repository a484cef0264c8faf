//! Single objects: the number, the WABA, its business, media, and what each shows of itself.

use serde_json::{Value, json};

use crate::support::Stage;
use crate::support::body::{plain, template_message};
use crate::support::caller::read;

const TO: &str = "+4915112345678";

#[tokio::test]
async fn a_number_shows_the_fields_that_are_asked_for() {
    let stage = Stage::open().await;
    let path = format!("/{}", stage.account.phone_id);
    let plain = stage.get(&path).await.expect_status(200);
    for key in ["id", "display_phone_number", "verified_name", "quality_rating", "code_verification_status"] {
        assert!(plain[key].is_string(), "{key}: {plain}");
    }
    assert_eq!(plain["throughput"], json!({ "level": "STANDARD" }));
    let fields = "name_status,new_name_status,whatsapp_business_manager_messaging_limit,account_mode,is_on_biz_app,unknown";
    let asked = stage.get(&format!("{path}?fields={fields}")).await.expect_status(200);
    assert_eq!(
        asked,
        json!({
            "id": stage.account.phone_id,
            "name_status": "APPROVED",
            "new_name_status": "NONE",
            "whatsapp_business_manager_messaging_limit": "TIER_250",
            "account_mode": "LIVE",
            "is_on_biz_app": false,
        })
    );
    let list = format!("/{}/phone_numbers?fields=status,throughput&limit=1", stage.account.waba);
    let listed = stage.get(&list).await.expect_status(200);
    assert_eq!(
        listed["data"],
        json!([{
            "id": stage.account.phone_id, "status": "CONNECTED", "throughput": { "level": "STANDARD" },
        }])
    );
    assert!(listed["paging"]["cursors"]["after"].is_string() && listed["paging"]["next"].is_null());
    let after = listed["paging"]["cursors"]["after"].as_str().expect("a cursor");
    let beyond = stage.get(&format!("{list}&after={after}")).await.expect_status(200);
    assert_eq!(beyond["data"], json!([]));
    assert_eq!(stage.get(&format!("{list}&after=nonsense")).await.expect_error(400), 131_059);
}

#[tokio::test]
async fn health_says_what_stands_in_the_way() {
    let stage = Stage::open().await;
    let number = format!("/{}?fields=health_status", stage.account.phone_id);
    let word =
        |shown: &Value, place: usize| shown["health_status"]["entities"][place]["can_send_message"].clone();
    let shown = stage.get(&number).await.expect_status(200);
    assert_eq!(shown["health_status"]["can_send_message"], "AVAILABLE");
    let kinds: Vec<&str> = shown["health_status"]["entities"]
        .as_array()
        .expect("entities")
        .iter()
        .filter_map(|one| one["entity_type"].as_str())
        .collect();
    assert_eq!(kinds, ["PHONE_NUMBER", "WABA", "BUSINESS", "APP"]);
    stage.order("numbers", &json!({ "quality": "RED" })).await;
    let shown = stage.get(&number).await.expect_status(200);
    assert_eq!(
        (&shown["health_status"]["can_send_message"], word(&shown, 0)),
        (&json!("LIMITED"), json!("LIMITED"))
    );
    stage.order("accounts", &json!({ "state": "UNPAID" })).await;
    let waba = format!("/{}?fields=health_status", stage.account.waba);
    let shown = stage.get(&waba).await.expect_status(200);
    assert_eq!(
        (&shown["health_status"]["can_send_message"], word(&shown, 1)),
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
async fn an_account_shows_itself_and_its_business_lists_it() {
    let stage = Stage::open().await;
    let waba = stage.get(&format!("/{}", stage.account.waba)).await.expect_status(200);
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
        let listed = stage.get(&format!("/{business}/{edge}")).await.expect_status(200);
        assert_eq!((&listed["data"][0]["id"], &listed["data"][0]["timezone_id"]), (&waba["id"], &json!("1")));
        let foreign = stage.get(&format!("/1234567890123456/{edge}")).await;
        foreign.expect_refusal(400, (100, Some(33)), "does not exist");
    }
}

#[tokio::test]
async fn analytics_add_up_what_was_accepted() {
    let stage = Stage::open().await;
    stage.caller.create(&stage.account, &plain("offer", "MARKETING")).await;
    for to in [TO, TO, "+15550100000"] {
        stage.message(&template_message(to, "offer", &json!([]))).await.wamid();
    }
    stage.send(TO, "a service message").await.wamid();
    let ask = |rest: &str| {
        let fields = format!("pricing_analytics.start(0).end(9999999999).granularity(MONTHLY){rest}");
        format!("/{}?fields={fields}", stage.account.waba)
    };
    let by_all = ask(".dimensions(COUNTRY,PRICING_TYPE,PRICING_CATEGORY,TIER)");
    let shown = stage.get(&by_all).await.expect_status(200);
    assert_eq!(shown.as_object().map(serde_json::Map::len), Some(2), "the id and what was asked for");
    let points = shown["pricing_analytics"]["data"][0]["data_points"].as_array().expect("points").clone();
    let of = |country: &str, category: &str| {
        let fits = |one: &&Value| one["country"] == country && one["pricing_category"] == category;
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

    let sum = stage.get(&ask("")).await.expect_status(200);
    let points = sum["pricing_analytics"]["data"][0]["data_points"].as_array().expect("points").clone();
    assert_eq!(points.len(), 1, "nothing to split by");
    assert_eq!((&points[0]["volume"], &points[0]["cost"]), (&json!(4), &json!(0.075)));
    let past = format!("/{}?fields=pricing_analytics.start(0).end(1).granularity(DAILY)", stage.account.waba);
    let past = stage.get(&past).await.expect_status(200);
    assert_eq!(past["pricing_analytics"]["data"][0]["data_points"], json!([]));
    for (fields, word) in [
        ("pricing_analytics.end(1)", "start"),
        ("pricing_analytics.start(0).end(soon)", "end"),
        ("pricing_analytics.start(0).end(1).granularity(YEARLY)", "granularity"),
    ] {
        let path = format!("/{}?fields={fields}", stage.account.waba);
        stage.get(&path).await.expect_refusal(400, (100, None), word);
    }
}

#[tokio::test]
async fn a_number_is_deregistered_and_its_pin_is_asked_for_again() {
    let stage = Stage::open().await;
    let number = format!("/{}", stage.account.phone_id);
    let (away, back) = (format!("{number}/deregister"), format!("{number}/register"));
    let pin = |pin: &str| json!({ "messaging_product": "whatsapp", "pin": pin });
    assert_eq!(stage.post(&away, &json!({})).await.expect_status(200), json!({ "success": true }));
    stage.send(TO, "attempt").await.expect_refusal(400, (133_010, None), "Account not registered");
    stage.post(&away, &json!({})).await.expect_refusal(400, (100, Some(2_207_051)), "not registered");
    stage.post(&back, &pin("654321")).await.expect_refusal(400, (133_005, None), "PIN");
    stage.post(&back, &pin("12345")).await.expect_refusal(400, (100, None), "6 digits");
    let mut elsewhere = pin("123456");
    elsewhere["data_localization_region"] = json!("XX");
    stage.post(&back, &elsewhere).await.expect_refusal(400, (100, None), "region");
    elsewhere["data_localization_region"] = json!("CH");
    stage.post(&back, &elsewhere).await.expect_status(200);
    stage.send(TO, "attempt").await.wamid();

    stage.post(&number, &json!({ "pin": "654321" })).await.expect_status(200);
    let told = stage.told("security").await;
    assert_eq!((&told["event"], &told["entry_id"]), (&json!("PIN_CHANGED"), &json!(stage.account.waba)));
    assert!(told["display_phone_number"].is_string());
    stage.post(&back, &pin("654321")).await.expect_status(200);
    stage.post(&number, &json!({ "pin": "no" })).await.expect_refusal(400, (100, None), "6 digits");
    stage.post(&number, &json!({ "webhook_configuration": {} })).await.expect_refusal(
        400,
        (100, None),
        "callback",
    );
    stage.order("numbers", &json!({ "onBusinessApp": true })).await;
    stage.post(&away, &json!({})).await.expect_refusal(400, (100, None), "SMB");
}

#[tokio::test]
async fn a_code_is_asked_for_and_verified() {
    let stage = Stage::open().await;
    let number = format!("/{}", stage.account.phone_id);
    let (ask, check) = (format!("{number}/request_code"), format!("{number}/verify_code"));
    stage.post(&ask, &json!({ "code_method": "SMS", "language": "en_US" })).await.expect_status(200);
    stage.post(&ask, &json!({ "code_method": "PIGEON", "language": "en_US" })).await.expect_refusal(
        400,
        (100, None),
        "code_method",
    );
    stage.post(&ask, &json!({ "code_method": "VOICE" })).await.expect_refusal(400, (100, None), "language");
    let verified = stage.post(&check, &json!({ "code": "123456" })).await.expect_status(200);
    assert_eq!(verified, json!({ "success": true, "id": stage.account.phone_id }));
    let wrong = stage.post(&check, &json!({ "code": "000000" })).await;
    wrong.expect_refusal(422, (100, None), "invalid or has expired");
    assert!(wrong.body["error"]["error_user_title"].is_string());
}

#[tokio::test]
async fn media_are_uploaded_shown_and_removed() {
    let stage = Stage::open().await;
    let path = format!("/v26.0/{}/media", stage.account.phone_id);
    let form = |parts: &[(&str, &str)]| {
        let part = |(name, value): &(&str, &str)| {
            format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        parts.iter().map(part).collect::<String>() + "--edge--\r\n"
    };
    let upload = async |body: String| {
        let request = stage.caller.request(reqwest::Method::POST, &path).bearer_auth(&stage.account.token);
        read(request.header("content-type", "multipart/form-data; boundary=edge").body(body)).await
    };
    let (product, kind, file) = (("messaging_product", "whatsapp"), ("type", "image/png"), ("file", "12345"));
    let uploaded = upload(form(&[product, kind, file])).await.expect_status(200);
    let id = uploaded["id"].as_str().expect("an id").to_owned();
    let shown = stage.get(&format!("/{id}")).await.expect_status(200);
    assert_eq!((&shown["mime_type"], &shown["file_size"]), (&json!("image/png"), &json!(5)));
    for key in ["url", "sha256", "id", "messaging_product"] {
        assert!(shown[key].is_string(), "{key}: {shown}");
    }
    let image = crate::support::body::message(TO, "image", &json!({ "id": id }));
    stage.message(&image).await.wamid();
    for (parts, word) in [
        (vec![kind, file], "messaging_product"),
        (vec![product, file], "type"),
        (vec![product, kind], "file"),
    ] {
        upload(form(&parts)).await.expect_refusal(400, (100, None), word);
    }
    stage.post(&format!("/{}/media", stage.account.phone_id), &json!({})).await.expect_refusal(
        400,
        (100, None),
        "file",
    );
    let other = stage.caller.connect("another code").await;
    let path = format!("/{id}");
    assert_eq!(stage.caller.delete(&other.token, &path).await.expect_error(400), 100, "another's");
    stage.caller.delete(&stage.account.token, &path).await.expect_status(200);
    stage.get(&path).await.expect_refusal(400, (100, Some(33)), "does not exist");
}
