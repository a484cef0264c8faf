//! I21: another tenant's ids are not found, and no answer contains another tenant's data.

use axum::http::Method;
use serde_json::{Value, json};

use super::actors::{TenantActor, register, super_admin, tenant_actor};
use super::raw_api::{Answer, RawApi};
use crate::test_system::{PASSWORD, TestSystem};

/// Contained in everything that tenant B owns, and in nothing that tenant A sends.
const CANARY: &str = "canary7f3a";

struct TwoTenants {
    system: TestSystem,
    api: RawApi,
    ours: TenantActor,
    theirs: TenantActor,
    their_message: String,
    /// No answer to A may contain one of these.
    secrets: Vec<String>,
}

impl TwoTenants {
    async fn new() -> Self {
        let system = TestSystem::start().await;
        let api = RawApi::of(&system);
        let ours = tenant_actor(&api, "ours").await;
        let theirs = tenant_of_canaries(&api).await;
        let credit = json!({
            "tenantId": theirs.tenant, "amount": "77.770001", "description": format!("note {CANARY}"),
            "idempotencyKey": CANARY,
        });
        api.post("/billing/add-credits")
            .bearer(&super_admin(&api).await)
            .json(&credit)
            .send()
            .await
            .success();
        let mut message = theirs.message();
        message["variables"] = json!({ "name": CANARY });
        let their_message =
            api.post("/messages").bearer(&theirs.token).json(&message).send().await.text_of("id");
        system.pump().await;
        let secrets = vec![
            CANARY.to_owned(),
            "77.770001".to_owned(),
            "77.758".to_owned(),
            theirs.tenant.clone(),
            theirs.owner.clone(),
            theirs.template.clone(),
            theirs.contact.clone(),
            their_message.clone(),
        ];
        Self { system, api, ours, theirs, their_message, secrets }
    }

    /// `asked` is A's request, which the answer may repeat.
    fn assert_reveals_nothing(&self, answer: &Answer, asked: &str) {
        let answer = format!("{:?} {}", answer.headers, answer.text);
        for secret in self.secrets.iter().filter(|secret| !asked.contains(secret.as_str())) {
            assert!(!answer.contains(secret), "{asked}: {secret} of the other tenant is in {answer}");
        }
    }
}

async fn tenant_of_canaries(api: &RawApi) -> TenantActor {
    let registration = json!({
        "tenantName": format!("B {CANARY}"), "slug": format!("b-{CANARY}"),
        "adminEmail": format!("b-{CANARY}@tenant.test"), "adminPassword": PASSWORD,
        "adminName": format!("Bob {CANARY}"),
    });
    let template = json!({
        "name": format!("welcome_{CANARY}"), "content": format!("{CANARY}: hello {{{{1}}}}, welcome!"), "variables": ["name"],
    });
    let contact = json!({ "phone": "+15550000001", "name": CANARY, "attributes": { CANARY: CANARY } });
    register(api, &registration, &template, &contact).await
}

#[tokio::test]
async fn an_id_of_another_tenant_is_not_found() {
    let fixture = TwoTenants::new().await;
    let (ours, theirs, api) = (&fixture.ours, &fixture.theirs, &fixture.api);
    let before = fixture.system.books(true).await.states;
    for path in ["/messages", "/messages/schedule"] {
        for (template, contact, field) in [
            (&theirs.template, &ours.contact, "templateId"),
            (&ours.template, &theirs.contact, "contactId"),
            (&theirs.template, &theirs.contact, "templateId"),
        ] {
            let mut body = ours.body_for(&fixture.system, path);
            body["templateId"] = json!(template);
            body["contactId"] = json!(contact);
            let answer = api.post(path).bearer(&ours.token).json(&body).send().await;
            answer.assert_invalid(field, path);
            assert!(answer.text.contains("does not match any of your "), "{}", answer.text);
            fixture.assert_reveals_nothing(&answer, &body.to_string());
        }
    }
    for (method, path) in [(Method::GET, ""), (Method::POST, "/cancel")] {
        let path = format!("/messages/{}{path}", fixture.their_message);
        let answer = api.call(method, &path).bearer(&ours.token).send().await;
        answer.assert_refused(404, "not-found", &path);
        fixture.assert_reveals_nothing(&answer, &path);
        // The same answer as for an id that does not exist.
        let unused = path.replace(&fixture.their_message, "01890000-0000-7000-8000-000000000000");
        let unknown =
            api.call(Method::GET, unused.trim_end_matches("/cancel")).bearer(&ours.token).send().await;
        assert_eq!(without_id(&answer), without_id(&unknown));
    }
    assert_eq!(fixture.system.books(true).await.states, before, "nothing was created or cancelled");
}

fn without_id(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    body.as_object_mut().unwrap().remove("requestId");
    body
}

#[tokio::test]
async fn no_answer_contains_data_of_another_tenant() {
    let fixture = TwoTenants::new().await;
    let (ours, theirs, api) = (&fixture.ours, &fixture.theirs, &fixture.api);
    let mut asked = 0;
    let ids = [&fixture.their_message, &theirs.tenant, &theirs.contact, &theirs.template];
    let queries = [String::new(), "?limit=200".to_owned(), format!("?tenantId={}", theirs.tenant)];
    for (route, id) in api.routes().iter().flat_map(|route| ids.iter().map(move |id| (route, id))) {
        for query in &queries {
            let path = format!("{}{query}", route.path.replace("{id}", id));
            let call = api.call(route.method.clone(), &path).bearer(&ours.token);
            let answer = call.header("x-tenant-id", &theirs.tenant).raw_json("{}").send().await;
            fixture.assert_reveals_nothing(&answer, &path);
            asked += 1;
        }
    }
    assert!(asked > 100, "the routes were asked: {asked}");
    // The other tenant itself can read what it owns.
    for path in ["/contacts", "/templates", "/billing/ledger", "/messages"] {
        let own = api.get(path).bearer(&theirs.token).send().await;
        assert!(fixture.secrets.iter().any(|secret| own.text.contains(secret)), "{path}: {}", own.text);
    }
}

#[tokio::test]
async fn a_cursor_of_another_tenants_list_shows_only_the_callers_rows() {
    let fixture = TwoTenants::new().await;
    let api = &fixture.api;
    for path in ["/contacts", "/templates", "/messages", "/billing/ledger"] {
        let page = api.get(&format!("{path}?limit=1")).bearer(&fixture.theirs.token).send().await;
        let cursor = page.text_of("nextCursor");
        let path = format!("{path}?limit=200&cursor={cursor}");
        let answer = api.get(&path).bearer(&fixture.ours.token).send().await;
        answer.success();
        fixture.assert_reveals_nothing(&answer, &path);
    }
}
