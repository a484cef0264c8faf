//! The platform's owner looks through tenants, at one of them, and changes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use axum::http::Method;
use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tidings::client::text;

use super::actors::{TenantActor, super_admin, tenant_actor};
use super::raw_api::{Answer, RawApi};
use crate::test_system::TestSystem;

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

    async fn get(&self, path: &str) -> Answer {
        let owner = super_admin(&self.api).await;
        self.api.get(path).bearer(&owner).send().await
    }

    async fn change(&self, tenant: &str, body: &Value) -> Answer {
        let owner = super_admin(&self.api).await;
        self.api
            .call(Method::PATCH, &format!("/admin/tenants/{tenant}"))
            .bearer(&owner)
            .json(body)
            .send()
            .await
    }

    async fn put_into(&self, state: &str) -> Answer {
        self.change(&self.home.tenant, &json!({ "state": state, "reason": format!("a test of {state}") }))
            .await
    }

    async fn shown(&self) -> Value {
        self.get(&format!("/admin/tenants/{}", self.home.tenant)).await.success().clone()
    }

    /// The slugs of a list, in its order.
    async fn slugs(&self, query: &str) -> Vec<String> {
        let listed = self.get(&format!("/admin/tenants?{query}")).await;
        let rows = listed.success()["data"].as_array().unwrap().clone();
        rows.iter().map(|row| row["slug"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn tenants_are_listed_newest_first_by_the_beginning_of_a_slug_a_name_or_an_owners_email() {
    let fixture = Fixture::new().await;
    let owner = super_admin(&fixture.api).await;
    for (slug, name, email, plan) in [
        ("zeta", "Bakery Ann", "first@mail.test", "Pro"),
        ("baker", "100% _Odd", "second@mail.test", "Starter"),
        ("omega", "\u{c9}lise", "bakes@mail.test", "Starter"),
    ] {
        let tenant = json!({ "tenantName": name, "slug": slug, "adminEmail": email, "adminName": "Ann", "plan": plan });
        fixture.api.post("/admin/create-tenant").bearer(&owner).json(&tenant).send().await.success();
    }
    assert_eq!(fixture.slugs("").await, ["omega", "baker", "zeta", "home"], "and not the platform's own");
    for (query, found) in [
        ("q=bak", vec!["omega", "baker", "zeta"]),
        ("q=BAKER", vec!["baker", "zeta"]),
        ("q=bakery%20a", vec!["zeta"]),
        ("q=second@", vec!["baker"]),
        ("q=ann", vec![]),
        // No character stands for others.
        ("q=100%25", vec!["baker"]),
        ("q=%25", vec![]),
        ("q=_", vec![]),
        ("plan=pro", vec!["zeta"]),
        ("plan=None", vec![]),
        ("state=TRIAL", vec!["home"]),
        ("state=ACTIVE&plan=Starter&q=b", vec!["omega", "baker"]),
    ] {
        assert_eq!(fixture.slugs(query).await, found, "{query}");
    }
    let mut pages = Vec::new();
    let mut next = String::new();
    loop {
        let page = fixture.get(&format!("/admin/tenants?limit=2&q=b{next}")).await.success().clone();
        pages.push(page["data"].as_array().unwrap().len());
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        next = format!("&cursor={cursor}");
    }
    assert_eq!(pages, [2, 1]);
    for (query, field) in [
        ("state=active", "state"),
        ("q=", "q"),
        ("q=a%00", "q"),
        ("limit=0", "limit"),
        ("cursor=x", "cursor"),
    ] {
        fixture.get(&format!("/admin/tenants?{query}")).await.assert_invalid(field, query);
    }
}

#[tokio::test]
async fn a_row_shows_the_balance_the_messages_of_this_month_and_the_limits_that_are_near() {
    let fixture = Fixture::new().await;
    let owner = super_admin(&fixture.api).await;
    let credit = json!({ "tenantId": fixture.home.tenant, "amount": "1.00", "idempotencyKey": "credit" });
    fixture.api.post("/billing/add-credits").bearer(&owner).json(&credit).send().await.success();
    let message = fixture.home.message();
    fixture.api.post("/messages").bearer(&fixture.home.token).json(&message).send().await.success();
    fixture.system.pump().await;
    fixture.system.allow("contacts_max", 1).await;
    let listed = fixture.get("/admin/tenants").await;
    let row = &listed.success()["data"][0];
    assert_eq!((&row["balance"], &row["messagesUsed"]), (&json!("0.988"), &json!(1)), "{row}");
    assert_eq!(
        (&row["plan"], &row["state"]),
        (&json!("Starter"), &json!("ACTIVE")),
        "the first credit ended the trial"
    );
    assert_eq!(row["nearLimits"], json!(["contacts", "phoneNumbers"]), "{row}");
    assert_eq!(row["ownerEmail"], "home@tenant.test");
    let shown = fixture.shown().await;
    for member in ["id", "slug", "name", "plan", "state", "stateSince", "ownerEmail", "balance", "createdAt"]
    {
        assert_eq!(shown[member], row[member], "{member}");
    }
    assert_eq!(shown["subscription"]["limits"].as_array().unwrap().len(), 5);
    assert_eq!((&shown["numbers"][0]["state"], &shown["holds"]), (&json!("CONNECTED"), &json!([])));
    assert_eq!(
        (&shown["states"][0]["before"], &shown["states"][0]["after"], &shown["states"][0]["reason"]),
        (&json!("TRIAL"), &json!("ACTIVE"), &json!("the first credit was added"))
    );
}

#[tokio::test]
async fn a_state_follows_only_those_before_it_and_a_refusal_says_what_is_and_what_may_be() {
    let fixture = Fixture::new().await;
    let refused = fixture.put_into("GRACE").await;
    refused.assert_refused(409, "state-conflict", "from TRIAL");
    assert_eq!(
        (&refused.body["is"], &refused.body["allowed"]),
        (&json!("TRIAL"), &json!(["ACTIVE", "SUSPENDED", "CLOSED"]))
    );
    for state in ["ACTIVE", "GRACE", "SUSPENDED", "CLOSED", "SUSPENDED", "ACTIVE"] {
        let shown = fixture.put_into(state).await.success().clone();
        assert_eq!(shown["state"], state);
        assert_eq!(shown, fixture.shown().await, "what is answered is what is shown");
    }
    for state in ["TRIAL", "ERASED"] {
        fixture.put_into(state).await.assert_refused(409, "state-conflict", state);
    }
    let shown = fixture.shown().await;
    let steps: Vec<&Value> = shown["states"].as_array().unwrap().iter().map(|step| &step["after"]).collect();
    assert_eq!(json!(steps), json!(["ACTIVE", "SUSPENDED", "CLOSED", "SUSPENDED", "GRACE", "ACTIVE"]));
    assert!(shown["states"][0]["by"].as_str().unwrap().starts_with("user:"));
    assert_eq!(shown["mayBecome"], json!(["GRACE", "SUSPENDED", "CLOSED"]));
    // The owner of the tenant reads why, too.
    let log = fixture.api.get("/audit").bearer(&fixture.home.token).send().await;
    let entry = &log.success()["data"][0];
    assert_eq!(
        (&entry["action"], &entry["detail"]),
        (
            &json!("tenant.change_state"),
            &json!({ "before": "SUSPENDED", "after": "ACTIVE", "reason": "a test of ACTIVE" })
        )
    );
    let whole = fixture.get("/admin/audit").await;
    assert_eq!(whole.success()["data"][0]["id"], entry["id"]);
}

#[tokio::test]
async fn a_tenant_in_grace_or_closed_shows_what_follows_by_itself_and_when() {
    let fixture = Fixture::new().await;
    assert!(fixture.shown().await["followedBy"].is_null());
    fixture.put_into("ACTIVE").await.success();
    for (state, next, days) in [("GRACE", "SUSPENDED", 7), ("CLOSED", "ERASED", 30)] {
        let shown = fixture.put_into(state).await.success().clone();
        let instant = |value: &Value| value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        let wait = instant(&shown["followedBy"]["at"]).duration_since(instant(&shown["stateSince"]));
        assert_eq!(
            (&shown["followedBy"]["state"], wait),
            (&json!(next), SignedDuration::from_hours(24 * days))
        );
    }
}

#[tokio::test]
async fn a_change_is_made_whole_or_not_at_all_and_again_changes_nothing() {
    let fixture = Fixture::new().await;
    let all = json!({ "plan": "Pro", "state": "ACTIVE", "reason": "it pays", "name": " Home & Sons " });
    let changed = fixture.change(&fixture.home.tenant, &all).await.success().clone();
    assert_eq!(
        (&changed["plan"], &changed["state"], &changed["name"]),
        (&json!("Pro"), &json!("ACTIVE"), &json!("Home & Sons"))
    );
    let before = fixture.system.db.contents().await;
    assert_eq!(*fixture.change(&fixture.home.tenant, &all).await.success(), changed);
    let after = fixture.system.db.contents().await;
    for table in ["tenants", "tenant_states", "audit_log", "outbox", "holds"] {
        assert_eq!(before[table], after[table], "{table}");
    }
    // One wrong part, and nothing of it is done.
    for (body, status) in [
        (json!({ "plan": "None", "state": "CLOSED", "reason": "a test" }), 422),
        (json!({ "plan": "Starter", "state": "TRIAL", "reason": "a test" }), 409),
        (json!({ "name": "\u{202e}", "state": "CLOSED", "reason": "a test" }), 422),
    ] {
        assert_eq!(fixture.change(&fixture.home.tenant, &body).await.status, status, "{body}");
    }
    let long = "x".repeat(501);
    for (body, field) in [
        (json!({}), "body"),
        (json!({ "reason": "alone" }), "body"),
        (json!({ "plan": "Pro", "reason": "alone" }), "reason"),
        (json!({ "state": "CLOSED" }), "reason"),
        (json!({ "state": "CLOSED", "reason": " " }), "reason"),
        (json!({ "state": "CLOSED", "reason": long }), "reason"),
        (json!({ "state": "GONE", "reason": "a test" }), "state"),
        (json!({ "name": "" }), "name"),
    ] {
        fixture.change(&fixture.home.tenant, &body).await.assert_invalid(field, &body.to_string());
    }
    assert_eq!(fixture.shown().await, changed);
}

#[tokio::test]
async fn the_platforms_own_tenant_is_not_listed_and_cannot_be_changed() {
    let fixture = Fixture::new().await;
    let login = json!({ "email": crate::test_system::ADMIN.0, "password": crate::test_system::ADMIN.1 });
    let session = fixture.api.post("/auth/login").json(&login).send().await;
    let platform = session.text_of("tenantId");
    for body in [
        json!({ "state": "CLOSED", "reason": "a test" }),
        json!({ "plan": "Pro" }),
        json!({ "name": "Mine" }),
    ] {
        fixture.change(&platform, &body).await.assert_refused(422, "not-possible", &body.to_string());
    }
    fixture.get(&format!("/admin/tenants/{platform}")).await.assert_refused(404, "not-found", "its own");
}

/// What each of forty callers at once asks for.
const RACED: [&str; 4] = ["ACTIVE", "GRACE", "SUSPENDED", "CLOSED"];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_forty_changes_at_once_each_follows_the_one_before() {
    let fixture = Fixture::new().await;
    let owner = super_admin(&fixture.api).await;
    let path = format!("/admin/tenants/{}", fixture.home.tenant);
    let racers = (0..40).map(|number| {
        let body = json!({ "state": RACED[number % RACED.len()], "reason": format!("racer {number}") });
        let (api, path, owner) = (&fixture.api, &path, &owner);
        async move { api.call(Method::PATCH, path).bearer(owner).json(&body).send().await }
    });
    let answers = join_all(racers).await;
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 409)));
    let shown = fixture.shown().await;
    let states = shown["states"].as_array().unwrap();
    assert_eq!(states[0]["after"], shown["state"]);
    for pair in states.windows(2) {
        assert_eq!(pair[0]["before"], pair[1]["after"], "{states:?}");
        assert_ne!(pair[0]["before"], pair[0]["after"]);
    }
    // One entry, one event and one row for each change; the audit at the end of the test looks at the rows (I34).
    let id = &fixture.home.tenant;
    let count = format!(
        "DO $$ BEGIN IF (SELECT count(*) FROM audit_log WHERE action = 'tenant.change_state' AND tenant_id = '{id}') <> {0}
         THEN RAISE EXCEPTION 'entries'; END IF; END $$",
        states.len()
    );
    fixture.system.db.execute(&count).await;
}

/// Writes until it is over; returns when each request was sent, and the status of its answer.
async fn write(
    api: RawApi,
    token: String,
    (path, body): (&str, Value),
    is_over: Arc<AtomicBool>,
) -> Vec<(Instant, u16)> {
    let mut written = Vec::new();
    while !is_over.load(Ordering::SeqCst) {
        let sent_at = Instant::now();
        let answer = api.post(path).bearer(&token).json(&body).may_fail().send().await;
        written.push((sent_at, answer.status));
    }
    written
}

/// From the moment in which the change is answered, no request that is sent changes anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_write_succeeds_that_is_sent_after_a_suspension_was_answered() {
    let fixture = Fixture::new().await;
    fixture.put_into("ACTIVE").await.success();
    fixture.system.allow("requests_per_minute", 1_000_000).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|number| {
            let (api, token) = (RawApi::of(&fixture.system), fixture.home.token.clone());
            let body = match number % 2 {
                0 => ("/messages", fixture.home.message()),
                _ => ("/contacts/import", json!({ "contacts": [{ "phone": "+15551230000" }] })),
            };
            tokio::spawn(write(api, token, body, Arc::clone(&is_over)))
        })
        .collect();
    let messages = async || fixture.home.messages(&fixture.api).await.len();
    while messages().await < 5 {
        tokio::task::yield_now().await;
    }
    fixture.put_into("SUSPENDED").await.success();
    let answered = Instant::now();
    let mut refused = 0;
    while refused < 20 {
        let message = fixture.home.message();
        let answer = fixture.api.post("/messages").bearer(&fixture.home.token).json(&message).send().await;
        answer.assert_refused(403, "tenant-suspended", "after the suspension");
        refused += 1;
    }
    is_over.store(true, Ordering::SeqCst);
    let mut late = 0;
    for writer in writers {
        let written = writer.await.unwrap();
        assert!(written.iter().any(|(_, status)| matches!(status, 200 | 201)), "nothing was written before");
        for (sent_at, status) in written {
            // A busy system may answer 503: it has written nothing then.
            let is_refused = matches!(status, 403 | 503);
            assert!(sent_at < answered || is_refused, "{status} {:?} after it", sent_at - answered);
            late += usize::from(sent_at >= answered);
        }
    }
    assert!(late > 0, "no writer was at work after it");
}

#[tokio::test]
async fn a_number_shows_why_nothing_leaves_from_it() {
    let fixture = Fixture::new().await;
    let state = async || fixture.shown().await["numbers"][0]["state"].clone();
    fixture.put_into("SUSPENDED").await.success();
    assert_eq!(state().await, "HELD");
    let shown = fixture.shown().await;
    assert_eq!(text(&shown["holds"][0], "reason").unwrap(), "TENANT");
    let pause = format!(
        "UPDATE whatsapp_accounts SET paused_reason = '190' WHERE tenant_id = '{}'",
        fixture.home.tenant
    );
    fixture.system.db.execute(&pause).await;
    assert_eq!(state().await, "PAUSED");
}
