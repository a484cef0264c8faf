//! Idempotency keys: the same call again gets the same answer and has no second effect (I25 to I27).

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{SystemAct, TenantId};
use futures_util::future::join_all;
use serde_json::{Value, json};
use store::idempotency::{self, Begun, Key};
use store::{StoreError, SystemOperation, SystemTx};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::actors::{TenantActor, rate_card, super_admin, tenant_actor};
use super::raw_api::{Answer, Call, RawApi};
use crate::test_system::TestSystem;

/// Tables with the effects of a call. (A repeated call may send its wake-up again, which has no effect.)
const EFFECTS: [&str; 12] = [
    "batches",
    "contacts",
    "due",
    "idempotency_keys",
    "ledger",
    "messages",
    "rate_card_headers",
    "rate_cards",
    "templates",
    "tenants",
    "users",
    "wallets",
];
const AT_ONCE: usize = 50;

/// A call that takes a key, and another request to the same route.
pub struct Keyed {
    pub path: &'static str,
    pub route: &'static str,
    token: String,
    tenant: TenantId,
    pub body: Value,
    pub other: Value,
}

pub struct Fixture {
    pub system: TestSystem,
    api: RawApi,
    home: TenantActor,
    platform: String,
}

impl Fixture {
    pub async fn new() -> Self {
        let system = TestSystem::start().await;
        let api = RawApi::of(&system);
        let home = tenant_actor(&api, "home").await;
        let platform = super_admin(&api).await;
        Self { system, api, home, platform }
    }

    /// Every call that takes a key. The bodies have none yet.
    pub fn calls(&self) -> Vec<Keyed> {
        let plan = json!({
            "name": "New", "monthlyPrice": "1.50", "messagesPerMonth": 1, "contacts": 1, "templates": 1,
            "phoneNumbers": 1, "users": 1, "requestsPerMinute": 1, "marginBps": 0,
        });
        let tenant = json!({
            "tenantName": "New", "slug": "new", "adminEmail": "new@tenant.test", "adminName": "Ann",
        });
        let mut scheduled = self.home.scheduled(&self.system, "");
        scheduled.as_object_mut().unwrap().remove("idempotencyKey");
        let credit = json!({ "tenantId": self.home.tenant, "amount": "1.25" });
        vec![
            self.keyed(
                "/messages",
                "send_message",
                self.home.message(),
                ("variables", json!({ "name": "Cid" })),
            ),
            self.keyed(
                "/messages/schedule",
                "schedule_message",
                scheduled,
                ("variables", json!({ "name": "Cid" })),
            ),
            self.keyed(
                "/contacts/import",
                "import_contacts",
                json!({ "contacts": [{ "phone": "+15550001111" }] }),
                ("contacts", json!([])),
            ),
            self.keyed(
                "/templates",
                "create_template",
                json!({ "name": "new", "content": "Hello!" }),
                ("content", json!("Bye!")),
            ),
            self.keyed(
                "/users",
                "/users",
                json!({ "email": "bob@tenant.test", "name": "Bob", "role": "SENDER" }),
                ("role", json!("ADMIN")),
            ),
            self.keyed("/billing/add-credits", "add_credits", credit, ("amount", json!("1.26"))),
            self.keyed("/plans", "create_plan", plan, ("users", json!(2))),
            self.keyed("/admin/create-tenant", "create_tenant", tenant, ("tenantName", json!("Else"))),
            self.keyed(
                "/admin/rate-cards",
                "/admin/rate-cards",
                rate_card(&self.system, "New"),
                ("source", json!("Else")),
            ),
        ]
    }

    fn keyed(&self, path: &'static str, route: &'static str, body: Value, change: (&str, Value)) -> Keyed {
        let is_platforms =
            matches!(route, "add_credits" | "create_plan" | "create_tenant" | "/admin/rate-cards");
        let platform: TenantId = serde_json::from_value(claims(&self.platform)["tid"].clone()).unwrap();
        let (token, tenant) = if is_platforms {
            (self.platform.clone(), platform)
        } else {
            (self.home.token.clone(), self.home.tenant_id())
        };
        let mut other = body.clone();
        other[change.0] = change.1;
        Keyed { path, route, token, tenant, body, other }
    }

    /// The home tenant's id.
    pub fn tenant(&self) -> &str {
        &self.home.tenant
    }

    /// Of the home tenant's owner.
    pub const fn token(&self) -> &String {
        &self.home.token
    }

    fn call(&self, keyed: &Keyed) -> Call<'_> {
        self.api.post(keyed.path).bearer(&keyed.token)
    }

    pub async fn with_key(&self, keyed: &Keyed, key: &str, body: &Value) -> Answer {
        self.call(keyed).header("idempotency-key", key).json(body).send().await
    }

    pub async fn effects(&self) -> BTreeMap<String, (i64, String)> {
        let mut contents = self.system.db.contents().await;
        contents.retain(|table, _| EFFECTS.contains(&table.as_str()));
        assert_eq!(contents.len(), EFFECTS.len());
        contents
    }
}

/// What an access token says.
pub fn claims(token: &str) -> Value {
    use base64::Engine;
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap())
        .unwrap()
}

/// A key that is locked by a call that does not end.
pub struct Held {
    free: Arc<Semaphore>,
    holder: JoinHandle<Result<(), StoreError>>,
}

impl Held {
    pub async fn hold(system: &TestSystem, tenant: TenantId, route: &'static str, text: &str) -> Self {
        let (route, text) = (route.to_owned(), text.to_owned());
        let key = Key { tenant, route, text, request_hash: vec![0], legacy_hash: None };
        let (taken, free) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let hold = Hold { key, taken: Arc::clone(&taken), free: Arc::clone(&free) };
        let (store, now) = (system.db.another_store(1), system.clock.now());
        let holder = tokio::spawn(async move { store.perform_system(&SystemAct::at(now), &hold).await });
        taken.acquire().await.unwrap().forget();
        Self { free, holder }
    }

    pub async fn let_go(self) {
        self.free.add_permits(1);
        self.holder.await.unwrap().unwrap();
    }
}

struct Hold {
    key: Key,
    taken: Arc<Semaphore>,
    free: Arc<Semaphore>,
}

impl SystemOperation for Hold {
    const NAME: &'static str = "hold_key";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<(), StoreError> {
        assert_eq!(idempotency::begin(&tx.as_tenant(self.key.tenant), &self.key).await?, Begun::First);
        self.taken.add_permits(1);
        self.free.acquire().await.unwrap().forget();
        Ok(())
    }
}

#[tokio::test]
async fn the_same_call_again_gets_the_same_answer_and_no_second_effect() {
    let fixture = Fixture::new().await;
    for keyed in fixture.calls() {
        let first = fixture.with_key(&keyed, "again", &keyed.body).await;
        first.success();
        let effects = fixture.effects().await;
        fixture.system.clock.advance(jiff::SignedDuration::from_secs(1));
        let again = fixture.with_key(&keyed, "again", &keyed.body).await;
        assert_eq!((again.status, &again.text), (first.status, &first.text), "{}", keyed.path);
        assert_eq!(fixture.effects().await, effects, "{}", keyed.path);
        // The order of members and quotes around the header, which its draft standard asks for, make no difference.
        let reversed = {
            let members: Vec<String> = keyed
                .body
                .as_object()
                .unwrap()
                .iter()
                .rev()
                .map(|(k, v)| format!("{}:{v}", json!(k)))
                .collect();
            format!("{{{}}}", members.join(","))
        };
        let call = fixture.call(&keyed).header("idempotency-key", "\"again\"").raw_json(reversed);
        assert_eq!(call.send().await.text, first.text, "{}", keyed.path);
        assert_eq!(fixture.effects().await, effects, "{}", keyed.path);
    }
}

#[tokio::test]
async fn a_key_in_the_header_is_the_same_key_as_in_the_body() {
    let fixture = Fixture::new().await;
    for keyed in fixture.calls() {
        if !matches!(keyed.route, "send_message" | "schedule_message" | "add_credits") {
            continue;
        }
        let first = fixture.with_key(&keyed, "both", &keyed.body).await;
        first.success();
        let effects = fixture.effects().await;
        let mut with_both = keyed.body.clone();
        with_both["idempotencyKey"] = json!("both");
        let in_body = fixture.call(&keyed).json(&with_both).send().await;
        assert_eq!(in_body.text, first.text, "{}", keyed.path);
        let in_both = fixture.with_key(&keyed, "both", &with_both).await;
        assert_eq!(in_both.text, first.text, "{}", keyed.path);
        let differ = fixture.with_key(&keyed, "else", &with_both).await;
        differ.assert_invalid("idempotencyKey", keyed.path);
        let call = fixture.call(&keyed).header("idempotency-key", "both").header("idempotency-key", "else");
        call.json(&keyed.body).send().await.assert_refused(400, "malformed", "two headers");
        assert_eq!(fixture.effects().await, effects, "{}", keyed.path);
    }
}

#[tokio::test]
async fn fifty_equal_calls_at_once_have_one_effect() {
    let fixture = Fixture::new().await;
    for keyed in fixture.calls() {
        let before = fixture.effects().await["idempotency_keys"].0;
        let answers = join_all((0..AT_ONCE).map(|_| fixture.with_key(&keyed, "at-once", &keyed.body))).await;
        let done: Vec<&Answer> = answers.iter().filter(|answer| answer.status < 300).collect();
        for answer in &answers {
            let is_still_running = answer.status == 409 && answer.problem() == Some("still-running");
            assert!(
                is_still_running || answer.status < 300,
                "{}: {} {}",
                keyed.path,
                answer.status,
                answer.text
            );
        }
        assert!(!done.is_empty(), "{}: no call succeeded", keyed.path);
        assert!(done.iter().all(|answer| answer.text == done[0].text), "{}: one answer", keyed.path);
        let last = fixture.with_key(&keyed, "at-once", &keyed.body).await;
        assert_eq!(last.text, done[0].text, "{}", keyed.path);
        assert_eq!(fixture.effects().await["idempotency_keys"].0, before + 1, "{}", keyed.path);
    }
    let effects = fixture.effects().await;
    let rows = |table: &str| effects[table].0;
    assert_eq!((rows("messages"), rows("ledger"), rows("contacts"), rows("templates")), (2, 1, 2, 2));
    assert_eq!(
        (rows("tenants"), rows("users"), rows("wallets")),
        (3, 4, 3),
        "platform, home and the new one, and the user who was added"
    );
    assert_eq!(fixture.home.balance(&fixture.api).await, "1.25");
}

#[tokio::test]
async fn a_key_that_was_used_for_something_else_is_refused() {
    let fixture = Fixture::new().await;
    for keyed in fixture.calls() {
        fixture.with_key(&keyed, "reused", &keyed.body).await.success();
        let effects = fixture.effects().await;
        let other = fixture.with_key(&keyed, "reused", &keyed.other).await;
        other.assert_refused(422, "idempotency-key-reused", keyed.path);
        assert_eq!(fixture.effects().await, effects, "{}", keyed.path);
    }
}

#[tokio::test]
async fn a_key_whose_first_call_is_still_running_is_refused_and_works_afterwards() {
    let fixture = Fixture::new().await;
    for keyed in fixture.calls() {
        let held = Held::hold(&fixture.system, keyed.tenant, keyed.route, "held").await;
        let effects = fixture.effects().await;
        let meanwhile = fixture.with_key(&keyed, "held", &keyed.body).await;
        meanwhile.assert_refused(409, "still-running", keyed.path);
        assert_eq!(fixture.effects().await, effects, "{}", keyed.path);
        held.let_go().await;
        fixture.with_key(&keyed, "held", &keyed.body).await.success();
    }
}

#[tokio::test]
async fn a_call_that_was_refused_leaves_its_key_free() {
    let fixture = Fixture::new().await;
    for keyed in fixture.calls() {
        let mut wrong = keyed.body.clone();
        let (field, value) = match keyed.route {
            "send_message" | "schedule_message" => ("contactId", json!(fixture.home.tenant)),
            "import_contacts" => ("contacts", json!([{ "phone": "invalid" }])),
            "create_template" => ("content", json!("{{9}}")),
            "add_credits" => ("amount", json!(0)),
            "create_plan" => ("users", json!(0)),
            "/users" => ("name", json!("")),
            _ => ("plan", json!("None")),
        };
        wrong[field] = value;
        assert_eq!(fixture.with_key(&keyed, "free", &wrong).await.status, 422, "{}", keyed.path);
        fixture.with_key(&keyed, "free", &keyed.body).await.success();
    }
}

#[tokio::test]
async fn an_invalid_key_is_refused() {
    let fixture = Fixture::new().await;
    let (most, more) = ("k".repeat(255), "k".repeat(256));
    for keyed in fixture.calls() {
        let effects = fixture.effects().await;
        for key in ["", "\"\"", &more, "a\tb"] {
            fixture.with_key(&keyed, key, &keyed.body).await.assert_invalid("idempotencyKey", keyed.path);
        }
        let foreign = fixture.with_key(&keyed, "k\u{e9}", &keyed.body).await;
        foreign.assert_refused(400, "malformed", keyed.path);
        assert_eq!(fixture.effects().await, effects, "{}", keyed.path);
        fixture.with_key(&keyed, &most, &keyed.body).await.success();
    }
    let keyed = &fixture.calls()[0];
    for (key, status) in
        [("", 422), (more.as_str(), 422), ("a\u{1}b", 422), ("a\u{0}b", 422), ("\u{1f511}", 201)]
    {
        let mut body = keyed.body.clone();
        body["idempotencyKey"] = json!(key);
        let answer = fixture.call(keyed).json(&body).send().await;
        assert_eq!(answer.status, status, "{key:?}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_schedule_needs_a_key() {
    let fixture = Fixture::new().await;
    for keyed in fixture.calls() {
        if keyed.route == "schedule_message" {
            let answer = fixture.call(&keyed).json(&keyed.body).send().await;
            answer.assert_invalid("idempotencyKey", keyed.path);
        }
    }
}

#[tokio::test]
async fn a_key_belongs_to_one_tenant_and_one_route() {
    let fixture = Fixture::new().await;
    let other = tenant_actor(&fixture.api, "other").await;
    for keyed in fixture.calls() {
        fixture.with_key(&keyed, "shared", &keyed.body).await.success();
    }
    for path in ["/messages", "/messages/schedule"] {
        let mut body = other.body_for(&fixture.system, path);
        body["idempotencyKey"] = json!("shared");
        let answer = fixture.api.post(path).bearer(&other.token).json(&body).send().await;
        assert_eq!(answer.status, 201, "{path}: {}", answer.text);
    }
    assert_eq!(other.messages(&fixture.api).await.len(), 2);
    assert_eq!(fixture.home.messages(&fixture.api).await.len(), 2);
}
