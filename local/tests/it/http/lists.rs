//! Queries that lists take and refuse.

use serde_json::{Value, json};

use super::actors::{TenantActor, super_admin, tenant_actor};
use super::raw_api::RawApi;
use crate::test_system::TestSystem;

const LISTS: [&str; 6] = ["/contacts", "/templates", "/messages", "/billing/ledger", "/users", "/api-keys"];

async fn stocked(system: &TestSystem, api: &RawApi) -> TenantActor {
    let home = tenant_actor(api, "home").await;
    let platform = super_admin(api).await;
    system.allow("users_max", 10).await;
    for number in 0..5 {
        let contact = json!({ "contacts": [{ "phone": format!("+1555000010{number}") }] });
        api.post("/contacts/import").bearer(&home.token).json(&contact).send().await.success();
        let template = json!({ "name": format!("t_{number}"), "content": "Hello!" });
        api.post("/templates").bearer(&home.token).json(&template).send().await.success();
        let credit = json!({ "tenantId": home.tenant, "amount": 1, "idempotencyKey": number.to_string() });
        api.post("/billing/add-credits").bearer(&platform).json(&credit).send().await.success();
        let user = json!({ "email": format!("user{number}@tenant.test"), "name": "Bob", "role": "VIEWER" });
        api.post("/users").bearer(&home.token).json(&user).send().await.success();
        let key = json!({ "name": "Shop", "scopes": ["contacts:read"] });
        api.post("/api-keys").bearer(&home.token).json(&key).send().await.success();
        let message = home.scheduled(system, &number.to_string());
        api.post("/messages/schedule").bearer(&home.token).json(&message).send().await.success();
    }
    home
}

#[tokio::test]
async fn a_query_that_a_list_does_not_take_is_refused_by_name() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    for list in LISTS {
        for (query, status) in [
            ("limit=0", 422),
            ("limit=201", 422),
            ("limit=4294967295", 422),
            ("limit=4294967296", 400),
            ("limit=-1", 400),
            ("limit=abc", 400),
            ("limit=1.5", 400),
            ("limit=", 400),
            ("limit=1&limit=2", 400),
            ("cursor=", 422),
            ("cursor=garbage!", 422),
            ("cursor=Z2FyYmFnZQ", 422),
            ("cursor=%00", 422),
            ("cursor=%ff", 422),
            ("cursor[]=1", 400),
            ("unknown=1", 400),
            ("tenantId=01890000-0000-7000-8000-000000000000", 400),
            ("limit=1;DROP", 400),
        ] {
            let answer = api.get(&format!("{list}?{query}")).bearer(&home.token).send().await;
            assert_eq!(answer.status, status, "{list}?{query}: {}", answer.text);
            let field = query.split('=').next().unwrap();
            assert!(status == 400 || answer.fields() == [field], "{list}?{query}: {}", answer.text);
        }
        let long = format!("{list}?cursor={}", "A".repeat(10_000));
        api.get(&long).bearer(&home.token).send().await.assert_invalid("cursor", &long[..40]);
    }
}

/// Every row of a list, read `limit` rows at a time.
async fn read_by(api: &RawApi, token: &str, list: &str, limit: usize) -> Vec<Value> {
    let (mut rows, mut path) = (Vec::new(), format!("{list}?limit={limit}"));
    for _ in 0..20 {
        let page = api.get(&path).bearer(token).send().await;
        let data = page.success()["data"].as_array().unwrap();
        assert!(data.len() <= limit, "{path}");
        rows.extend(data.clone());
        let Some(cursor) = page.body["nextCursor"].as_str() else { return rows };
        path = format!("{list}?limit={limit}&cursor={cursor}");
    }
    panic!("{list} by {limit} does not end");
}

#[tokio::test]
async fn pages_hold_every_row_once_and_newest_first() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = stocked(&system, &api).await;
    for list in LISTS {
        let whole = api.get(list).bearer(&home.token).send().await;
        let whole = whole.success()["data"].as_array().unwrap();
        assert!(whole.len() >= 5, "{list} has too few rows");
        let newest_first = |rows: &[Value]| {
            rows.is_sorted_by_key(|row| std::cmp::Reverse((row["seq"].as_i64(), row["id"].to_string())))
        };
        assert!(newest_first(whole), "{list}");
        for limit in [1, 2, 5, 200] {
            assert_eq!(&read_by(&api, &home.token, list, limit).await, whole, "{list} by {limit}");
        }
    }
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused_by_name() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = stocked(&system, &api).await;
    for from in LISTS {
        let page = api.get(&format!("{from}?limit=1")).bearer(&home.token).send().await;
        let cursor = page.text_of("nextCursor");
        api.get(&format!("{from}?cursor={cursor}")).bearer(&home.token).send().await.success();
        for to in LISTS.into_iter().filter(|to| *to != from) {
            let answer = api.get(&format!("{to}?cursor={cursor}")).bearer(&home.token).send().await;
            answer.assert_invalid("cursor", &format!("{from} to {to}"));
        }
    }
}
