//! Who calls: a user of every role, somebody of another tenant, somebody whose tenant is suspended.

use api::tokens::Subject;
use domain::{Role, SystemAct, TenantId, TenantState};
use serde_json::{Value, json};
use store::access::users::{self, NewUser, User};
use store::{StoreError, SystemOperation, SystemTx, tenants};

use super::raw::Door;
use crate::world::{ADMIN, PASSWORD, World};

/// A caller, in the order of the columns of the table in `authorization`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    Nobody,
    Viewer,
    Sender,
    Admin,
    Owner,
    Other,
    Suspended,
    SuperAdmin,
}

impl Caller {
    pub const ALL: [Self; 8] = [
        Self::Nobody,
        Self::Viewer,
        Self::Sender,
        Self::Admin,
        Self::Owner,
        Self::Other,
        Self::Suspended,
        Self::SuperAdmin,
    ];
}

/// A tenant with its owner's token.
#[derive(Clone, Debug)]
pub struct House {
    pub tenant: String,
    pub owner: String,
    pub token: String,
    pub template: String,
    pub contact: String,
}

/// Registers a tenant that has one contact and one approved template.
pub async fn house(door: &Door, slug: &str) -> House {
    let registration = json!({
        "tenantName": slug, "slug": slug, "adminEmail": format!("{slug}@tenant.test"), "adminPassword": PASSWORD,
        "adminName": "Ann",
    });
    let template = json!({ "name": "welcome", "content": "Hello {{1}}, welcome!", "variables": ["name"] });
    furnish(door, &registration, &template, &json!({ "phone": "+15551234567", "name": "Bea" })).await
}

/// Registers a tenant, has its template approved and imports its contact.
pub async fn furnish(door: &Door, registration: &Value, template: &Value, contact: &Value) -> House {
    let session = door.post("/auth/register-tenant").json(registration).send().await;
    let token = session.text_of("token");
    let template = door.post("/templates").by(&token).json(template).send().await;
    assert_eq!(template.success()["status"], "APPROVED");
    let contacts = json!({ "contacts": [contact] });
    door.post("/contacts/import").by(&token).json(&contacts).send().await.success();
    let listed = door.get("/contacts").by(&token).send().await;
    House {
        tenant: session.text_of("tenantId"),
        owner: session.text_of("userId"),
        template: template.text_of("id"),
        contact: listed.success()["data"][0]["id"].as_str().unwrap().to_owned(),
        token,
    }
}

impl House {
    pub fn tenant_id(&self) -> TenantId {
        self.tenant.parse().unwrap()
    }

    /// The body of a message to its contact.
    pub fn message(&self) -> Value {
        json!({ "templateId": self.template, "contactId": self.contact })
    }

    /// The same, due in a month.
    pub fn scheduled(&self, world: &World, key: &str) -> Value {
        let due = world.clock.now() + jiff::SignedDuration::from_hours(24 * 30);
        json!({
            "templateId": self.template, "contactId": self.contact, "scheduleTime": due.to_string(),
            "idempotencyKey": key,
        })
    }

    /// A body for either way to send.
    pub fn body_for(&self, world: &World, path: &str) -> Value {
        let mut body = self.scheduled(world, "key");
        if path == "/messages" {
            body.as_object_mut().unwrap().remove("scheduleTime");
        }
        body
    }

    /// Messages that its API shows.
    pub async fn messages(&self, door: &Door) -> Vec<Value> {
        let listed = door.get("/messages?limit=200").by(&self.token).send().await;
        listed.success()["data"].as_array().unwrap().clone()
    }

    /// Ledger entries that its API shows, newest first.
    pub async fn ledger(&self, door: &Door) -> Vec<Value> {
        let listed = door.get("/billing/ledger?limit=200").by(&self.token).send().await;
        listed.success()["data"].as_array().unwrap().clone()
    }

    pub async fn balance(&self, door: &Door) -> String {
        let answer = door.get("/billing/balance").by(&self.token).send().await;
        answer.digits_of("balance")
    }

    pub async fn contacts(&self, door: &Door) -> Vec<Value> {
        let listed = door.get("/contacts?limit=200").by(&self.token).send().await;
        listed.success()["data"].as_array().unwrap().clone()
    }
}

/// The platform owner's token.
pub async fn super_admin(door: &Door) -> String {
    let login = json!({ "email": ADMIN.0, "password": ADMIN.1 });
    door.post("/auth/login").json(&login).send().await.text_of("token")
}

/// A token of a new user of the tenant in that role.
pub async fn user(world: &World, tenant: TenantId, role: Role) -> String {
    let now = world.clock.now();
    let user = NewUser {
        email: format!("{}-{tenant}@tenant.test", role.as_str().to_lowercase()),
        name: "Ann".to_owned(),
        role,
        password_hash: None,
    };
    let added = world.db.store.perform_system(&SystemAct::at(now), &AddUser { tenant, user }).await.unwrap();
    let subject = Subject { tenant, user: added.user_id };
    world.machine.app.tokens.issue(subject).unwrap()
}

/// Suspends a tenant.
pub async fn suspend(world: &World, tenant: TenantId) {
    world.db.store.perform_system(&SystemAct::at(world.clock.now()), &Suspend { tenant }).await.unwrap();
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
        tenants::set_state(&tx.as_tenant(self.tenant), TenantState::Suspended).await
    }
}
