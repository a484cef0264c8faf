//! Plans change from a time on, are archived, and are changed for another.

use axum::http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::actors::{TenantActor, super_admin, tenant_actor};
use super::raw_api::{Answer, RawApi};
use crate::test_system::{PASSWORD, TestSystem};

struct Fixture {
    system: TestSystem,
    api: RawApi,
    home: TenantActor,
}

impl Fixture {
    async fn new() -> Self {
        let system = TestSystem::start().await;
        let api = RawApi::of(&system);
        let home = tenant_actor(&api, "home").await;
        Self { system, api, home }
    }

    /// A plan `Growth` on which everything is allowed five times.
    async fn growth(&self) -> String {
        let plan = json!({
            "name": "Growth", "monthlyPrice": "10.00", "messagesPerMonth": 5, "contacts": 5, "templates": 5,
            "phoneNumbers": 5, "users": 5, "requestsPerMinute": 500, "marginBps": 0,
        });
        let owner = super_admin(&self.api).await;
        self.api.post("/plans").bearer(&owner).json(&plan).send().await.text_of("id")
    }

    async fn change(&self, path: &str, body: &Value) -> Answer {
        let owner = super_admin(&self.api).await;
        self.api.call(Method::PATCH, path).bearer(&owner).json(body).send().await
    }

    async fn put_on(&self, plan: &str) -> Answer {
        self.change(&format!("/admin/tenants/{}", self.home.tenant), &json!({ "plan": plan })).await
    }

    /// As the tenant's owner, whose last token may have ended.
    async fn get(&self, path: &str) -> Value {
        let token = self.token().await;
        self.api.get(path).bearer(&token).send().await.success().clone()
    }

    async fn token(&self) -> String {
        let login = json!({ "email": "home@tenant.test", "password": PASSWORD });
        self.api.post("/auth/login").json(&login).send().await.text_of("token")
    }

    async fn import(&self, from: usize, count: usize) -> Answer {
        let row = |index: usize| json!({ "phone": format!("+1555{:07}", 3_000_000 + from + index) });
        let body = json!({ "contacts": (0..count).map(row).collect::<Vec<Value>>() });
        self.api.post("/contacts/import").bearer(&self.token().await).json(&body).send().await
    }

    fn in_an_hour(&self) -> Timestamp {
        self.system.clock.now() + SignedDuration::from_hours(1)
    }

    /// The limit of the tenant's plan of that name.
    async fn limit(&self, name: &str) -> Value {
        let subscription = self.get("/tenant/plan").await;
        let limits = subscription["limits"].as_array().unwrap();
        limits.iter().find(|limit| limit["limit"] == name).unwrap().clone()
    }

    /// What people did to plans and with them, newest first.
    async fn actions(&self) -> Vec<String> {
        let owner = super_admin(&self.api).await;
        let logged = self.api.get("/admin/audit?limit=200").bearer(&owner).send().await;
        let entries = logged.success()["data"].as_array().unwrap().clone();
        let by_a_user = entries.iter().filter(|entry| entry["actor"].as_str().unwrap().starts_with("user:"));
        let actions = by_a_user.map(|entry| entry["action"].as_str().unwrap().to_owned());
        actions.filter(|action| action.starts_with("plan.") || action == "tenant.change_plan").collect()
    }
}

#[tokio::test]
async fn who_has_a_plan_keeps_what_was_promised_until_the_change_begins() {
    let fixture = Fixture::new().await;
    let id = fixture.growth().await;
    let path = format!("/plans/{id}");
    fixture.put_on("growth").await.success();
    let from = fixture.in_an_hour();
    let changed = fixture.change(&path, &json!({ "from": from.to_string(), "contacts": 2 })).await;
    assert_eq!(changed.success()["contacts"], 5);
    let shown = fixture.get(&path).await;
    assert_eq!(&shown, changed.success());
    let planned = &shown["planned"][0];
    assert_eq!((&planned["contacts"], &planned["templates"]), (&json!(2), &json!(5)), "the others stay");
    assert_eq!(
        planned["from"].as_str().unwrap().parse::<Timestamp>().unwrap().as_microsecond(),
        from.as_microsecond()
    );
    fixture.import(0, 3).await.success();

    fixture.system.clock.advance(SignedDuration::from_hours(1));
    let shown = fixture.get(&path).await;
    assert_eq!((&shown["contacts"], &shown["planned"]), (&json!(2), &Value::Null));
    let limit = fixture.limit("contacts").await;
    assert_eq!(limit, json!({ "limit": "contacts", "used": 4, "max": 2, "left": 0, "isNear": true }));
    fixture.import(3, 1).await.assert_refused(403, "plan-limit", "four, of two");
    let listed = fixture.get("/plans").await;
    let listed = listed.as_array().unwrap().iter().find(|plan| plan["id"] == *id).unwrap().clone();
    assert_eq!(listed, shown);
    let logged = fixture.actions().await;
    assert_eq!(logged, ["plan.change", "tenant.change_plan", "plan.create"].map(String::from));
}

#[tokio::test]
async fn a_change_of_terms_names_a_time_that_has_not_passed_and_follows_every_other() {
    let fixture = Fixture::new().await;
    let path = format!("/plans/{}", fixture.growth().await);
    let (now, later) = (fixture.system.clock.now(), fixture.in_an_hour());
    let past = (now - SignedDuration::from_secs(1)).to_string();
    for (body, field) in [
        (json!({}), "body"),
        (json!({ "contacts": 2 }), "from"),
        (json!({ "from": later.to_string() }), "from"),
        (json!({ "from": later.to_string(), "isArchived": true }), "from"),
        (json!({ "from": past, "contacts": 2 }), "from"),
        (json!({ "from": "2027-13-01T00:00:00Z", "contacts": 2 }), "from"),
        (json!({ "from": "tomorrow", "contacts": 2 }), "from"),
        (json!({ "from": later.to_string(), "contacts": 0 }), "contacts"),
        (json!({ "from": later.to_string(), "marginBps": 100_001 }), "marginBps"),
        (json!({ "from": later.to_string(), "monthlyPrice": "-1" }), "monthlyPrice"),
        (json!({ "name": "Other" }), "name"),
    ] {
        fixture.change(&path, &body).await.assert_invalid(field, &body.to_string());
    }
    let planned = json!({ "from": later.to_string(), "users": 9 });
    fixture.change(&path, &planned).await.success();
    fixture.change(&path, &planned).await.assert_refused(409, "conflict", "the same time");
    let earlier = json!({ "from": (later - SignedDuration::from_mins(1)).to_string(), "contacts": 9 });
    fixture.change(&path, &earlier).await.assert_refused(409, "conflict", "an earlier time");
    let last = json!({ "from": (later + SignedDuration::from_mins(1)).to_string(), "contacts": 9 });
    let planned = fixture.change(&path, &last).await.success()["planned"].clone();
    assert_eq!(
        (&planned[1]["users"], &planned[1]["contacts"]),
        (&json!(9), &json!(9)),
        "on top of the one before"
    );
    let nothing = json!({ "isArchived": true });
    fixture.change("/plans/0190163d-8694-7001-8000-000000000001", &nothing).await.assert_refused(
        404,
        "not-found",
        "none",
    );
}

#[tokio::test]
async fn an_archived_plan_takes_no_new_tenants_and_who_has_it_keeps_it() {
    let fixture = Fixture::new().await;
    let path = format!("/plans/{}", fixture.growth().await);
    fixture.put_on("Growth").await.success();
    assert!(fixture.change(&path, &json!({ "isArchived": true })).await.success()["archivedAt"].is_string());
    let owner = super_admin(&fixture.api).await;
    let create = async |slug: &str| {
        let tenant = json!({
            "tenantName": slug, "slug": slug, "adminName": "Ann", "adminEmail": format!("{slug}@tenant.test"),
            "plan": "Growth",
        });
        fixture.api.post("/admin/create-tenant").bearer(&owner).json(&tenant).send().await
    };
    create("first").await.assert_invalid("plan", "archived");
    assert_eq!(fixture.get("/tenant/plan").await["plan"]["name"], "Growth");
    fixture.put_on("Growth").await.success();
    fixture.put_on("Pro").await.success();
    fixture.put_on("Growth").await.assert_invalid("plan", "archived");
    let offered = fixture.change(&path, &json!({ "isArchived": false })).await;
    assert_eq!(offered.success()["archivedAt"], Value::Null);
    assert_eq!(create("second").await.success()["plan"], "Growth");
    let starter = "/plans/00000000-0000-7000-8000-000000000001";
    fixture.change(starter, &json!({ "isArchived": true })).await.assert_refused(
        422,
        "not-possible",
        "the default",
    );
    let actions = fixture.actions().await;
    let count = |action: &str| actions.iter().filter(|logged| *logged == action).count();
    assert_eq!([count("plan.archive"), count("plan.offer"), count("tenant.change_plan")], [1, 1, 2]);
}

#[tokio::test]
async fn a_smaller_plan_holds_at_once_deletes_nothing_and_a_larger_one_lets_waiting_messages_go() {
    let fixture = Fixture::new().await;
    fixture.growth().await;
    fixture.import(0, 6).await.success();
    let before = fixture.get("/tenant/plan").await;
    assert_eq!(before["plan"]["name"], "Starter");
    let shown = fixture.put_on("Growth").await;
    let contacts = shown.success()["subscription"]["limits"]
        .as_array()
        .unwrap()
        .iter()
        .find(|limit| limit["limit"] == "contacts")
        .cloned();
    assert_eq!(
        contacts,
        Some(json!({ "limit": "contacts", "used": 7, "max": 5, "left": 0, "isNear": true }))
    );
    assert_eq!(fixture.home.contacts(&fixture.api).await.len(), 7);
    fixture.import(6, 1).await.assert_refused(403, "plan-limit", "seven, of five");

    let owner = super_admin(&fixture.api).await;
    let credit = json!({ "tenantId": fixture.home.tenant, "amount": "1.00", "idempotencyKey": "credit" });
    fixture.api.post("/billing/add-credits").bearer(&owner).json(&credit).send().await.success();
    for _ in 0..7 {
        let sent = fixture
            .api
            .post("/messages")
            .bearer(&fixture.home.token)
            .json(&fixture.home.message())
            .send()
            .await;
        sent.success();
    }
    fixture.system.pump().await;
    let count = async |status: &str| {
        let messages = fixture.home.messages(&fixture.api).await;
        messages.iter().filter(|message| message["status"] == status).count()
    };
    assert_eq!((count("READ").await, count("PENDING").await), (5, 2));
    let limit = fixture.limit("messagesPerMonth").await;
    assert_eq!((&limit["used"], &limit["left"], &limit["isNear"]), (&json!(5), &json!(0), &json!(true)));
    assert!(limit["resetsAt"].is_string());

    fixture.put_on("Pro").await.success();
    fixture.system.pump().await;
    assert_eq!((count("READ").await, count("PENDING").await), (7, 0));
    assert_eq!(fixture.limit("messagesPerMonth").await["used"], 7);
    fixture.system.assert_clean().await;
}

#[tokio::test]
async fn only_a_tenant_that_exists_is_put_on_a_plan_that_exists() {
    let fixture = Fixture::new().await;
    fixture.put_on("None").await.assert_invalid("plan", "unknown");
    let path = "/admin/tenants/0190163d-8694-7001-8000-000000000001";
    fixture.change(path, &json!({ "plan": "Pro" })).await.assert_refused(404, "not-found", "unknown");
    fixture
        .change(path, &json!({ "plan": "Pro", "role": "OWNER" }))
        .await
        .assert_invalid("role", "no such member");
    // To put a tenant on its own plan changes nothing, and is no entry.
    let since = fixture.get("/tenant/plan").await["since"].clone();
    assert_eq!(fixture.put_on("Starter").await.success()["subscription"]["since"], since);
    assert!(fixture.actions().await.iter().all(|action| action != "tenant.change_plan"));
}
