//! Who may register: anyone, who is invited, or no one.

use axum::http::Method;
use domain::RegistrationMode;
use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::actors::super_admin;
use super::raw_api::{Answer, RawApi};
use crate::test_system::{PASSWORD, TestSystem};

/// The same system where registering is another matter.
pub struct OtherMode {
    pub api: RawApi,
    server: JoinHandle<()>,
}

impl OtherMode {
    pub async fn start(system: &TestSystem, mode: RegistrationMode) -> Self {
        let mut machine = system.machine.clone();
        machine.app.platform.registration = mode;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = tidings::api::router(&machine);
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { api: RawApi::at(&url), server }
    }

    async fn register(&self, slug: &str, invitation: Option<&str>) -> Answer {
        self.api.post("/auth/register-tenant").json(&registration(slug, invitation)).send().await
    }
}

impl Drop for OtherMode {
    fn drop(&mut self) {
        self.server.abort();
    }
}

pub fn registration(slug: &str, invitation: Option<&str>) -> Value {
    let mut body = json!({
        "tenantName": slug, "slug": slug, "adminEmail": format!("{slug}@tenant.test"), "adminPassword": PASSWORD,
        "adminName": "Ann",
    });
    if let Some(code) = invitation {
        body["invitation"] = json!(code);
    }
    body
}

async fn invite(api: &RawApi, body: &Value) -> Value {
    let owner = super_admin(api).await;
    api.post("/admin/invitations").bearer(&owner).json(body).send().await.success().clone()
}

fn code(invitation: &Value) -> &str {
    invitation["code"].as_str().unwrap()
}

#[tokio::test]
async fn where_registering_is_closed_the_answer_says_whom_to_ask_and_nothing_is_created() {
    let system = TestSystem::start().await;
    let closed = OtherMode::start(&system, RegistrationMode::Closed).await;
    let invitation = invite(&closed.api, &json!({})).await;
    let before = system.db.contents().await;
    for code in [None, Some(code(&invitation)), Some("tdi_unknown")] {
        let refused = closed.register("new", code).await;
        refused.assert_refused(403, "registration-closed", "closed");
        assert!(
            refused.body["detail"].as_str().unwrap().contains("ask the platform's owner"),
            "{}",
            refused.text
        );
    }
    assert_eq!(system.db.contents().await, before);
    // The owner creates tenants in any case.
    let owner = super_admin(&closed.api).await;
    let tenant =
        json!({ "tenantName": "New", "slug": "new", "adminEmail": "new@tenant.test", "adminName": "Ann" });
    closed.api.post("/admin/create-tenant").bearer(&owner).json(&tenant).send().await.success();
}

#[tokio::test]
async fn with_an_invitation_one_business_registers_on_the_plan_of_the_invitation() {
    let system = TestSystem::start().await;
    let by_invitation = OtherMode::start(&system, RegistrationMode::Invitation).await;
    let api = &by_invitation.api;
    by_invitation.register("new", None).await.assert_invalid("invitation", "none");
    let invitation = invite(api, &json!({ "plan": "pro" })).await;
    assert_eq!(invitation["plan"], "Pro");
    let session = by_invitation.register("new", Some(code(&invitation))).await;
    let token = session.text_of("token");
    let subscription = api.get("/tenant/plan").bearer(&token).send().await;
    assert_eq!(subscription.success()["plan"]["name"], "Pro");
    by_invitation.register("else", Some(code(&invitation))).await.assert_invalid("invitation", "used");
    // Without a plan of its own it is that of every business that registers.
    let plain = invite(api, &json!({})).await;
    let token = by_invitation.register("plain", Some(code(&plain))).await.text_of("token");
    let subscription = api.get("/tenant/plan").bearer(&token).send().await;
    assert_eq!(subscription.success()["plan"]["name"], "Starter");
    let owner = super_admin(api).await;
    let listed = api.get("/admin/invitations").bearer(&owner).send().await;
    let listed = listed.success()["data"].as_array().unwrap().clone();
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|one| one["usedAt"].is_string() && one["tenantId"].is_string()), "{listed:?}");
    assert!(!json!(listed).to_string().contains("tdi_"), "{listed:?}");
}

#[tokio::test]
async fn an_unknown_used_expired_withdrawn_or_foreign_invitation_gets_the_same_refusal() {
    let system = TestSystem::start().await;
    let by_invitation = OtherMode::start(&system, RegistrationMode::Invitation).await;
    let api = &by_invitation.api;
    let used = invite(api, &json!({})).await;
    by_invitation.register("first", Some(code(&used))).await.success();
    let withdrawn = invite(api, &json!({})).await;
    let path = format!("/admin/invitations/{}", withdrawn["id"].as_str().unwrap());
    let owner = super_admin(api).await;
    let delete = || async { api.call(Method::DELETE, &path).bearer(&owner).send().await.status };
    assert_eq!((delete().await, delete().await), (204, 404));
    let foreign = invite(api, &json!({ "email": "Else@Tenant.test" })).await;
    let soon = (system.clock.now() + SignedDuration::from_mins(1)).to_string();
    let expired = invite(api, &json!({ "expiresAt": soon })).await;
    system.clock.advance(SignedDuration::from_mins(2));
    let before = system.db.contents().await;
    let mut refusals = Vec::new();
    for code in ["tdi_unknown", code(&used), code(&withdrawn), code(&foreign), code(&expired)] {
        let refused = by_invitation.register("new", Some(code)).await;
        refused.assert_invalid("invitation", code);
        let mut body = refused.body.clone();
        body.as_object_mut().unwrap().remove("requestId");
        refusals.push(body);
    }
    refusals.dedup();
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    assert_eq!(system.db.contents().await, before);
    // Its own address may, whatever the case of its letters.
    by_invitation.register("else", Some(code(&foreign))).await.success();
    let path = format!("/admin/invitations/{}", used["id"].as_str().unwrap());
    let owner = super_admin(api).await;
    api.call(Method::DELETE, &path).bearer(&owner).send().await.assert_refused(409, "conflict", "used");
}

#[tokio::test]
async fn of_twenty_who_use_one_invitation_at_once_one_registers_and_the_others_create_nothing() {
    let system = TestSystem::start().await;
    let by_invitation = OtherMode::start(&system, RegistrationMode::Invitation).await;
    let invitation = invite(&by_invitation.api, &json!({})).await;
    let before = system.db.contents().await;
    let slugs: Vec<String> = (0..20).map(|number| format!("racer-{number}")).collect();
    let racers = slugs.iter().map(|slug| by_invitation.register(slug, Some(code(&invitation))));
    let answers = join_all(racers).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    let refused = answers.iter().filter(|answer| answer.fields() == ["invitation"]).count();
    assert_eq!((made, refused), (1, 19));
    let after = system.db.contents().await;
    for table in ["tenants", "users", "wallets"] {
        assert_eq!(after[table].0, before[table].0 + 1, "{table}");
    }
}

#[tokio::test]
async fn an_invitation_whose_registration_fails_can_be_used_again() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    api.post("/auth/register-tenant").json(&registration("taken", None)).send().await.success();
    let by_invitation = OtherMode::start(&system, RegistrationMode::Invitation).await;
    let invitation = invite(&api, &json!({})).await;
    by_invitation
        .register("taken", Some(code(&invitation)))
        .await
        .assert_refused(409, "conflict", "its slug");
    by_invitation.register("free", Some(code(&invitation))).await.success();
}

#[tokio::test]
async fn an_invitation_is_made_once_per_key_and_its_code_is_shown_once() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let owner = super_admin(&api).await;
    let make = async || {
        let call = api.post("/admin/invitations").bearer(&owner).header("idempotency-key", "one");
        call.json(&json!({ "email": "new@tenant.test" })).send().await.success().clone()
    };
    let (first, again) = (make().await, make().await);
    assert_eq!(first["id"], again["id"]);
    assert!(first["code"].is_string() && again["code"].is_null(), "{again}");
    system.assert_nowhere(&[code(&first)]).await;
    for (body, field) in [
        (json!({ "email": "nobody" }), "email"),
        (json!({ "plan": "None" }), "plan"),
        (json!({ "expiresAt": "tomorrow" }), "expiresAt"),
        (json!({ "expiresAt": "2020-01-01T00:00:00Z" }), "expiresAt"),
        (json!({ "expiresAt": "2099-01-01T00:00:00Z" }), "expiresAt"),
    ] {
        let refused = api.post("/admin/invitations").bearer(&owner).json(&body).send().await;
        refused.assert_invalid(field, &body.to_string());
    }
}

#[tokio::test]
async fn an_invitation_is_honoured_where_anyone_may_register_and_forgotten_long_after_it_expired() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let invitation = invite(&api, &json!({ "plan": "Enterprise", "email": "new@tenant.test" })).await;
    let register = api.post("/auth/register-tenant");
    let token = register.json(&registration("new", Some(code(&invitation)))).send().await.text_of("token");
    let subscription = api.get("/tenant/plan").bearer(&token).send().await;
    assert_eq!(subscription.success()["plan"]["name"], "Enterprise");
    system.clock.advance(SignedDuration::from_hours(24 * 98));
    system.sweep().await;
    let owner = super_admin(&api).await;
    let listed = api.get("/admin/invitations").bearer(&owner).send().await;
    assert_eq!(listed.success()["data"], json!([]));
}
