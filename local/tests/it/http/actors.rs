//! The callers of the tests: one user of each role, a user of another tenant, and a user of a suspended tenant.

use api::tokens::Subject;
use domain::access::Scopes;
use domain::{Act, ApiKeyId, Role, SystemAct, TenantId, TenantState};
use jiff::SignedDuration;
use ops::access::callers::KEY_MARK;
use ops::kernel::hash::sha256;
use serde_json::{Value, json};
use store::access::api_keys::{self, NewApiKey};
use store::access::users::{self, NewUser, User};
use store::{Operation, StoreError, SystemOperation, SystemTx, TenantTx, tenants};

use super::raw_api::RawApi;
use crate::test_system::{ADMIN, PASSWORD, TestSystem};

/// A caller, in the order of the columns of the table in `authorization`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    Anonymous,
    Viewer,
    Sender,
    Admin,
    Owner,
    Other,
    Suspended,
    SuperAdmin,
    /// An API key of the home tenant that has no scope.
    KeyWithoutScope,
}

impl Caller {
    pub const ALL: [Self; 9] = [
        Self::Anonymous,
        Self::Viewer,
        Self::Sender,
        Self::Admin,
        Self::Owner,
        Self::Other,
        Self::Suspended,
        Self::SuperAdmin,
        Self::KeyWithoutScope,
    ];
}

/// A tenant with its owner's token.
#[derive(Clone, Debug)]
pub struct TenantActor {
    pub tenant: String,
    pub owner: String,
    pub token: String,
    pub template: String,
    pub contact: String,
}

/// A rate card of that name with one price, from an hour ahead on.
pub fn rate_card(system: &TestSystem, name: &str) -> Value {
    let from = system.clock.now() + SignedDuration::from_hours(1);
    json!({
        "name": name, "source": "A test", "effectiveFrom": from.to_string(),
        "prices": [{ "market": "India", "utility": "0.002" }],
    })
}

/// Registers a tenant that has one contact and one approved template.
pub async fn tenant_actor(api: &RawApi, slug: &str) -> TenantActor {
    let registration = json!({
        "tenantName": slug, "slug": slug, "adminEmail": format!("{slug}@tenant.test"), "adminPassword": PASSWORD,
        "adminName": "Ann",
    });
    let template = json!({ "name": "welcome", "content": "Hello {{1}}, welcome!", "variables": ["name"] });
    register(api, &registration, &template, &json!({ "phone": "+15551234567", "name": "Bea" })).await
}

/// Registers a tenant, has its template approved and imports its contact.
pub async fn register(api: &RawApi, registration: &Value, template: &Value, contact: &Value) -> TenantActor {
    let session = api.post("/auth/register-tenant").json(registration).send().await;
    let token = session.text_of("token");
    let template = api.post("/templates").bearer(&token).json(template).send().await;
    assert_eq!(template.success()["status"], "APPROVED");
    let contacts = json!({ "contacts": [contact] });
    api.post("/contacts/import").bearer(&token).json(&contacts).send().await.success();
    let listed = api.get("/contacts").bearer(&token).send().await;
    TenantActor {
        tenant: session.text_of("tenantId"),
        owner: session.text_of("userId"),
        template: template.text_of("id"),
        contact: listed.success()["data"][0]["id"].as_str().unwrap().to_owned(),
        token,
    }
}

impl TenantActor {
    pub fn tenant_id(&self) -> TenantId {
        self.tenant.parse().unwrap()
    }

    /// The body of a message to its contact.
    pub fn message(&self) -> Value {
        json!({ "templateId": self.template, "contactId": self.contact })
    }

    /// The same, due in a month.
    pub fn scheduled(&self, system: &TestSystem, key: &str) -> Value {
        let due = system.clock.now() + jiff::SignedDuration::from_hours(24 * 30);
        json!({
            "templateId": self.template, "contactId": self.contact, "scheduleTime": due.to_string(),
            "idempotencyKey": key,
        })
    }

    /// A body for either way to send.
    pub fn body_for(&self, system: &TestSystem, path: &str) -> Value {
        let mut body = self.scheduled(system, "key");
        if path == "/messages" {
            body.as_object_mut().unwrap().remove("scheduleTime");
        }
        body
    }

    /// Messages that its API shows.
    pub async fn messages(&self, api: &RawApi) -> Vec<Value> {
        let listed = api.get("/messages?limit=200").bearer(&self.token).send().await;
        listed.success()["data"].as_array().unwrap().clone()
    }

    /// Ledger entries that its API shows, newest first.
    pub async fn ledger(&self, api: &RawApi) -> Vec<Value> {
        let listed = api.get("/billing/ledger?limit=200").bearer(&self.token).send().await;
        listed.success()["data"].as_array().unwrap().clone()
    }

    pub async fn balance(&self, api: &RawApi) -> String {
        let answer = api.get("/billing/balance").bearer(&self.token).send().await;
        answer.text_of("balance")
    }

    pub async fn contacts(&self, api: &RawApi) -> Vec<Value> {
        let listed = api.get("/contacts?limit=200").bearer(&self.token).send().await;
        listed.success()["data"].as_array().unwrap().clone()
    }
}

/// The platform owner's token.
pub async fn super_admin(api: &RawApi) -> String {
    let login = json!({ "email": ADMIN.0, "password": ADMIN.1 });
    api.post("/auth/login").json(&login).send().await.text_of("token")
}

/// A token of a new user of the tenant in that role.
pub async fn user(system: &TestSystem, tenant: TenantId, role: Role) -> String {
    let now = system.clock.now();
    let user = NewUser {
        email: format!("{}-{tenant}@tenant.test", role.as_str().to_lowercase()),
        name: "Ann".to_owned(),
        role,
        password_hash: None,
    };
    let added = system.db.store.perform_system(&SystemAct::at(now), &AddUser { tenant, user }).await.unwrap();
    let subject = Subject { tenant, user: added.user_id, session: None };
    system.machine.app.tokens.issue(subject).unwrap()
}

/// What an API key may do, and how often.
#[derive(Clone, Copy, Debug)]
pub struct KeySpec {
    pub scopes: Scopes,
    pub requests_per_minute: Option<i64>,
}

/// An API key of the tenant with these scopes.
pub async fn api_key(system: &TestSystem, tenant: TenantId, scopes: Scopes) -> String {
    api_key_with(system, tenant, KeySpec { scopes, requests_per_minute: None }).await
}

pub async fn api_key_with(system: &TestSystem, tenant: TenantId, spec: KeySpec) -> String {
    let KeySpec { scopes, requests_per_minute } = spec;
    let now = system.clock.now();
    let id = ApiKeyId::at(now);
    let key = format!("{KEY_MARK}{id}_secret");
    let new = NewApiKey {
        key: id,
        name: "Shop".to_owned(),
        prefix: key.chars().take(12).collect(),
        secret_hash: sha256(key.as_bytes()),
        scopes,
        phone_number: None,
        requests_per_minute,
        expires_at: now + jiff::SignedDuration::from_hours(24),
    };
    system.db.store.perform(&Act::of_system(tenant, now), &AddKey { new }).await.unwrap();
    key
}

struct AddKey {
    new: NewApiKey,
}

impl Operation for AddKey {
    const NAME: &'static str = "add_key";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StoreError> {
        api_keys::insert(tx, &self.new).await
    }
}

/// Suspends a tenant.
pub async fn suspend(system: &TestSystem, tenant: TenantId) {
    system.db.store.perform_system(&SystemAct::at(system.clock.now()), &Suspend { tenant }).await.unwrap();
}

struct AddUser {
    tenant: TenantId,
    user: NewUser,
}

impl SystemOperation for AddUser {
    const NAME: &'static str = "add_user";
    type Done = User;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<User, StoreError> {
        users::insert(&tx.as_tenant(self.tenant), &self.user).await
    }
}

struct Suspend {
    tenant: TenantId,
}

impl SystemOperation for Suspend {
    const NAME: &'static str = "suspend";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<(), StoreError> {
        tenants::set_state(&tx.as_tenant(self.tenant), TenantState::Suspended, "a test").await.map(drop)
    }
}
