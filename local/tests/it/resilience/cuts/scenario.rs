//! A scenario that runs every operation of the product, from registration to refund.
//!
//! Its caller repeats requests that were not answered, as integrators do, and accepts a 409 for what was done already.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::{Act, AttemptId, ClaimId, Money, PhoneNumberId, SystemAct, TenantId};
use jiff::SignedDuration;
use ops::delivery::claim::ClaimDue;
use ops::tenants::owner::ensure_super_admin;
use serde_json::{Value, json};
use store::access::users;
use store::delivery::claims::ClaimRequest;
use store::{StoreError, SystemOperation, SystemTx};
use tidings::client::{Client, text};

use super::super::fault_test::{FaultTest, insist, insist_on_changing, insist_on_reading};
use crate::test_system::{ADMIN, PASSWORD};

mod books;
mod people;
mod tenants;

/// What a tenant looks at when everything is done.
const READ_AT_THE_END: [&str; 9] = [
    "/messages",
    "/billing/balance",
    "/billing/ledger",
    "/billing/ledger/proof",
    "/billing/statement?month=2026-11",
    "/billing/low-balance",
    "/tenant/plan",
    "/tenant/onboarding",
    "/audit",
];
/// Recipients, and the final status of a message that Meta accepted.
const RECIPIENTS: [(&str, &str); 6] = [
    ("+15550000001", "READ"),
    ("+15550000002", "FAILED"),
    // The answer is lost, and its statuses decide.
    ("+15550000004", "READ"),
    // Throttled twice.
    ("+15550000005", "READ"),
    (REFUSED, "never accepted"),
    (UNANSWERED, "READ"),
];
const REFUSED: &str = "+15550000006";
/// Answered with a bare 500: unknown, and refunded at its horizon.
const UNANSWERED: &str = "+15550000500";
/// Recipient of messages that are scheduled, cancelled, and claimed by a dispatcher that fails.
const LATER: &str = "+15551000011";
const MESSAGES: usize = RECIPIENTS.len() + 3;
/// How often an invited owner tries to choose a password.
/// Not one of the most common, which a link does not set.
const CHOSEN_PASSWORD: &str = "chosen with a link";
const SET_PASSWORD_TRIES: usize = 5;
const OWNER_TRIES: usize = 100;
const CREDIT: Money = Money::from_micros(1_000_000);

/// The tenant of the user with that e-mail.
struct TenantOf(String);

impl SystemOperation for TenantOf {
    const NAME: &'static str = "tenant_of";
    type Done = TenantId;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<TenantId, StoreError> {
        Ok(users::find_by_email(tx, &self.0).await?.unwrap().tenant_id)
    }
}

pub struct Scenario<'a> {
    test: &'a FaultTest,
    slug: String,
}

/// A scenario that was run, to be checked when the system is idle.
pub struct ScenarioEnd {
    email: String,
}

impl<'a> Scenario<'a> {
    pub fn new(test: &'a FaultTest, name: &str) -> Self {
        Self { test, slug: name.to_lowercase().replace('_', "-") }
    }

    fn invited(&self) -> String {
        format!("{}@invited.test", self.slug)
    }

    fn email(&self) -> String {
        format!("{}@tenant.test", self.slug)
    }

    /// All operations: also the platform's plan and an invited tenant.
    pub async fn run_all(&self) -> ScenarioEnd {
        self.platform().await;
        let closed = self.invite_and_close().await;
        // Even after a cut the e-mail is sent by then.
        for _ in 0..3 {
            self.test.pass(SignedDuration::from_mins(2)).await;
        }
        self.choose_a_password().await;
        self.test.system.machine.queues.depths().await.ok();
        let end = self.run_messages().await;
        self.assert_erased(&closed).await;
        end
    }

    /// The operations of messages, and those that they need.
    pub async fn run_messages(&self) -> ScenarioEnd {
        let (platform, invited) = (self.test.platform(), format!("{}@second-owner.test", self.slug));
        let now = platform.clock.now();
        while ops::tenants::owner::invite_super_admin(&platform.store, &invited, now).await.is_err() {}
        while ops::recovery::gauges::read(platform).await.is_err() {}
        let anonymous = self.test.system.anonymous();
        let session = log_in(&anonymous, ADMIN.0, ADMIN.1).await;
        let owner = anonymous.with_token(text(&session, "token").unwrap());
        let (client, tenant) = self.found(&owner).await;
        let (template, contacts) = self.prepare(&client).await;
        let number = self.connect(&client, tenant).await;
        self.warn(client.token().unwrap()).await;
        self.ask_about_templates(tenant).await;
        self.test.fault(UNANSWERED, json!({ "kind": "status", "httpStatus": 500 })).await;
        for (phone, _) in RECIPIENTS {
            self.send(&client, (&template, &contacts[phone]), phone).await;
        }
        self.schedule(&client, &template, &contacts[LATER]).await;
        self.test.work().await;
        self.send(&client, (&template, &contacts[LATER]), "abandoned").await;
        self.abandon(tenant, number).await;
        self.hold(tenant).await;
        self.pause_and_resume(tenant).await;
        self.sessions(&anonymous).await;
        self.users_and_keys(&anonymous).await;
        self.second_factor(&anonymous).await;
        for path in READ_AT_THE_END {
            insist_on_reading(&client, path).await;
        }
        insist_on_reading(&owner, "/admin/audit").await;
        self.age().await;
        ScenarioEnd { email: self.email() }
    }

    async fn send(&self, client: &Client, what: (&str, &str), key: &str) {
        let (template, contact) = what;
        let key = format!("{}-{key}", self.slug);
        let body = json!({ "templateId": template, "contactId": contact, "idempotencyKey": key });
        let sent = insist(client, "/messages", &body).await;
        insist_on_reading(client, &format!("/messages/{}", text(&sent, "id").unwrap())).await;
    }

    /// A dispatcher claims what is due and never records an outcome.
    async fn abandon(&self, tenant: TenantId, number: PhoneNumberId) {
        let platform = self.test.platform();
        let now = platform.clock.now();
        let lease_until = now + platform.timings.lease;
        let request =
            ClaimRequest { number, claim_id: ClaimId::at(now), limit: 10, lease_until, before: None };
        // This claim may be cut too.
        platform.store.perform(&Act::of_system(tenant, now), &ClaimDue { request }).await.ok();
    }

    /// A contact is on hold for a minute.
    async fn hold(&self, tenant: TenantId) {
        let now = self.test.platform().clock.now();
        let until = now + SignedDuration::from_mins(1);
        let row =
            format!("('{tenant}', 'CONTACT', 'unknown', 'USER', 'a test', '{now}', '{until}', 'system')");
        self.test.system.db.execute(&format!("INSERT INTO holds VALUES {row}")).await;
    }

    /// The operations of the platform's owner: a login, a plan, an invited tenant.
    async fn platform(&self) {
        let now = self.test.platform().clock.now();
        let admin = format!("{}@owner.test", self.slug);
        let mut tries = 0..OWNER_TRIES;
        while let Err(error) =
            ensure_super_admin(self.test.platform(), &admin, ADMIN.1.to_owned(), true).await
        {
            assert!(tries.next().is_some(), "the owner is never made: {error}");
        }
        let anonymous = self.test.system.anonymous();
        let session = log_in(&anonymous, ADMIN.0, ADMIN.1).await;
        let owner = anonymous.with_token(text(&session, "token").unwrap());
        let plan = json!({
            "name": self.slug, "monthlyPrice": 1, "messagesPerMonth": 10, "contacts": 10, "templates": 10,
            "phoneNumbers": 1, "users": 1, "requestsPerMinute": 10, "marginBps": 0,
        });
        insist(&owner, "/plans", &plan).await;
        self.change_plan(&owner).await;
        self.apply_prices(&owner).await;
        let invited = json!({
            "tenantName": "Invited", "slug": format!("{}-i", self.slug), "adminName": "Ivy",
            "adminEmail": self.invited(),
        });
        insist(&owner, "/admin/create-tenant", &invited).await;
        // The answer with the tenant's id may have been lost.
        let find = TenantOf(self.invited());
        let tenant = self.test.system.db.store.perform_system(&SystemAct::at(now), &find).await.unwrap();
        insist_on_changing(&owner, &format!("/admin/tenants/{tenant}"), &json!({ "plan": "Pro" })).await;
        insist(
            &owner,
            &format!("/admin/tenants/{tenant}/resend-invite"),
            &json!({ "idempotencyKey": self.slug }),
        )
        .await;
        let second = log_in(&anonymous, &admin, ADMIN.1).await;
        let second = anonymous.with_token(text(&second, "token").unwrap());
        self.correct((&owner, &second), tenant).await;
    }

    /// Registers a tenant and adds credit.
    async fn found(&self, owner: &Client) -> (Client, TenantId) {
        let anonymous = self.test.system.anonymous();
        let registration = json!({
            "tenantName": "Acme", "slug": self.slug, "adminEmail": self.email(), "adminPassword": PASSWORD,
            "adminName": "Ann",
        });
        insist(&anonymous, "/auth/register-tenant", &registration).await;
        let session = log_in(&anonymous, &self.email(), PASSWORD).await;
        let tenant = text(&session, "tenantId").unwrap();
        let top_up = json!({ "tenantId": tenant, "amount": CREDIT.to_string(), "idempotencyKey": self.slug });
        insist(owner, "/billing/add-credits", &top_up).await;
        (anonymous.with_token(text(&session, "token").unwrap()), tenant.parse().unwrap())
    }

    /// Connects the tenant again to the account that it has had since its registration.
    async fn connect(&self, client: &Client, tenant: TenantId) -> PhoneNumberId {
        let connected = insist(client, "/whatsapp/connect", &json!({ "code": tenant.to_string() })).await;
        PhoneNumberId(text(&connected["phoneNumbers"][0], "id").unwrap().to_owned())
    }

    /// The template's id, and a contact for each recipient.
    async fn prepare(&self, client: &Client) -> (String, BTreeMap<String, String>) {
        self.submit_what_meta_refuses(client).await;
        let template =
            json!({ "name": "welcome", "content": "Hello {{1}}, welcome!", "variables": ["name"] });
        insist(client, "/templates", &template).await;
        let templates = insist_on_reading(client, "/templates").await;
        let template = templates["data"][0]["id"].as_str().unwrap().to_owned();
        let phones = RECIPIENTS.iter().map(|(phone, _)| *phone).chain([LATER]);
        let import: Vec<Value> = phones.map(|phone| json!({ "phone": phone, "name": "Ann" })).collect();
        insist(client, "/contacts/import", &json!({ "contacts": import })).await;
        let contacts = insist_on_reading(client, "/contacts?limit=200").await;
        let pair = |contact: &Value| {
            let member = |name| text(contact, name).unwrap().to_owned();
            (member("phone"), member("id"))
        };
        let contacts: BTreeMap<String, String> =
            contacts["data"].as_array().unwrap().iter().map(pair).collect();
        let asked = json!({ "templateId": template, "recipients": contacts.keys().collect::<Vec<_>>() });
        insist(client, "/billing/quote", &asked).await;
        (template, contacts)
    }

    /// Their approval counts as lost: twice as often as a check is cut.
    async fn ask_about_templates(&self, tenant: TenantId) {
        let platform = self.test.platform();
        for _ in 0..4 {
            let of_tenant = format!("WHERE tenant_id = '{tenant}' AND name = 'welcome'");
            let due = format!("UPDATE templates SET check_at = updated_at {of_tenant}");
            self.test.system.db.execute(&due).await;
            let until = platform.clock.now() + platform.timings.shift;
            ops::templates::check::check_templates(platform, tenant, until).await;
        }
    }

    async fn submit_what_meta_refuses(&self, client: &Client) {
        let refused = json!({ "name": "refused", "content": "{{1}}, welcome!", "variables": ["name"] });
        let is_refused = |answer: &Value| answer["type"] == "urn:tidings:problem:meta-refused";
        while !is_refused(&client.post("/templates", &refused).await.unwrap().body) {}
    }

    /// One message in two minutes, and one that is cancelled.
    async fn schedule(&self, client: &Client, template: &str, contact: &str) {
        for (key, minutes) in [("soon", 2), ("withdrawn", 60)] {
            let at = self.test.system.clock.now() + SignedDuration::from_mins(minutes);
            let body = json!({
                "templateId": template, "contactId": contact, "scheduleTime": at.to_string(),
                "idempotencyKey": format!("{}-{key}", self.slug),
            });
            let accepted = insist(client, "/messages/schedule", &body).await;
            if key == "withdrawn" {
                let path = format!("/messages/{}/cancel", text(&accepted, "id").unwrap());
                insist(client, &path, &Value::Null).await;
            }
        }
    }

    /// Passes schedules, back-offs, the ends of leases, and the horizon.
    async fn age(&self) {
        for _ in 0..3 {
            self.test.system.clock.advance(SignedDuration::from_mins(1));
            self.test.fire_schedules().await;
            self.test.pass(SignedDuration::from_mins(1)).await;
        }
        self.test.pass(self.test.platform().timings.horizon_long).await;
    }

    /// The invited owner uses the link in the e-mail; of several e-mails the last one counts.
    async fn choose_a_password(&self) {
        let anonymous = self.test.system.anonymous();
        for secret in self.test.links_mailed_to(&self.invited()) {
            let body = json!({ "secret": secret, "password": CHOSEN_PASSWORD });
            // A link that was used, with its answer lost, is refused from then on; the password is what counts.
            let mut tries = 0..SET_PASSWORD_TRIES;
            while anonymous.post("/auth/set-password", &body).await.unwrap().status.is_server_error() {
                assert!(tries.next().is_some(), "the password was never set");
            }
        }
        log_in(&anonymous, &self.invited(), CHOSEN_PASSWORD).await;
    }
}

async fn log_in(anonymous: &Client, email: &str, password: &str) -> Value {
    insist(anonymous, "/auth/login", &json!({ "email": email, "password": password })).await
}

impl ScenarioEnd {
    /// Every message ended as Meta's side requires, and the balance is the credit less what was charged.
    pub async fn assert_ended_well(&self, test: &FaultTest) {
        let anonymous = test.system.anonymous();
        let session = log_in(&anonymous, &self.email, PASSWORD).await;
        let client = anonymous.with_token(text(&session, "token").unwrap());
        let messages = insist_on_reading(&client, "/messages?limit=200").await;
        let messages = messages["data"].as_array().unwrap();
        assert_eq!(messages.len(), MESSAGES, "each key is one message");
        let accepted = accepted(test).await;
        let mut balance = CREDIT;
        for message in messages {
            let is_accepted = accepted.contains(text(message, "id").unwrap());
            assert_eq!(text(message, "status").unwrap(), end_of(message, is_accepted), "{message}");
            let cost = message.get("cost").map_or(Money::ZERO, money);
            let refund = message.get("refund").map_or(Money::ZERO, money);
            let is_refunded = ["FAILED", "UNRESOLVED"].iter().any(|end| message["status"] == *end);
            assert_eq!(refund, if is_refunded { cost } else { Money::ZERO }, "{message}");
            balance = Money::from_micros(balance.micros() - cost.micros() + refund.micros());
        }
        let shown = insist_on_reading(&client, "/billing/balance").await;
        assert_eq!(money(&shown["balance"]), balance);
    }

    /// How many messages have that status.
    pub async fn count(&self, test: &FaultTest, status: &str) -> usize {
        let anonymous = test.system.anonymous();
        let session = log_in(&anonymous, &self.email, PASSWORD).await;
        let client = anonymous.with_token(text(&session, "token").unwrap());
        let messages = insist_on_reading(&client, "/messages?limit=200").await;
        messages["data"].as_array().unwrap().iter().filter(|message| message["status"] == status).count()
    }
}

fn money(value: &Value) -> Money {
    serde_json::from_str(&value.to_string()).unwrap()
}

/// The ids of messages that Meta accepted.
async fn accepted(test: &FaultTest) -> HashSet<String> {
    let books = test.system.books(true).await;
    let messages: HashMap<AttemptId, String> =
        books.ledgered.iter().map(|row| (row.attempt_id, row.message_id.to_string())).collect();
    let attempts = test.system.acceptances().await;
    let attempts = attempts.iter().map(|one| AttemptId(one.attempt_id.as_ref().unwrap().parse().unwrap()));
    attempts.map(|attempt| messages[&attempt].clone()).collect()
}

/// The status that a message must have.
fn end_of(message: &Value, is_accepted: bool) -> &str {
    let (to, status) = (text(message, "to").unwrap(), text(message, "status").unwrap());
    if is_accepted {
        return RECIPIENTS.iter().find(|(phone, _)| *phone == to).map_or("READ", |(_, end)| *end);
    }
    match status {
        // Cancelled or refused, and final.
        "CANCELLED" if to == LATER => "CANCELLED",
        "FAILED" if to == REFUSED => "FAILED",
        _ => "UNRESOLVED",
    }
}
