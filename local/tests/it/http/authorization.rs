//! Who may do what: every route of the description, with every method, as every caller.

use axum::http::Method;
use domain::Role;
use domain::access::{Scope, Scopes};
use serde_json::{Value, json};

use super::actors::{Caller, TenantActor, api_key, rate_card, super_admin, suspend, tenant_actor, user};
use super::raw_api::{Answer, Call, RawApi, Route};
use crate::test_system::{PASSWORD, TestSystem};

/// What each caller is answered when everything else about its request is right.
/// Columns as in [`Caller::ALL`].
const TABLE: &[(&str, &str, [u16; 9])] = &[
    ("GET", "/.well-known/jwks.json", [200; 9]),
    ("GET", "/admin/adjustments", [401, 403, 403, 403, 403, 403, 403, 200, 403]),
    ("POST", "/admin/adjustments/{id}/approve", [401, 403, 403, 403, 403, 403, 403, 404, 403]),
    ("POST", "/admin/adjustments/{id}/reject", [401, 403, 403, 403, 403, 403, 403, 404, 403]),
    ("GET", "/admin/audit", [401, 403, 403, 403, 403, 403, 403, 200, 403]),
    ("POST", "/admin/create-tenant", [401, 403, 403, 403, 403, 403, 403, 201, 403]),
    ("GET", "/admin/invitations", [401, 403, 403, 403, 403, 403, 403, 200, 403]),
    ("POST", "/admin/invitations", [401, 403, 403, 403, 403, 403, 403, 201, 403]),
    ("DELETE", "/admin/invitations/{id}", [401, 403, 403, 403, 403, 403, 403, 404, 403]),
    ("GET", "/admin/mail", [401, 403, 403, 403, 403, 403, 403, 200, 403]),
    ("POST", "/admin/mail/{id}/retry", [401, 403, 403, 403, 403, 403, 403, 404, 403]),
    ("GET", "/admin/rate-cards", [401, 403, 403, 403, 403, 403, 403, 200, 403]),
    ("POST", "/admin/rate-cards", [401, 403, 403, 403, 403, 403, 403, 201, 403]),
    ("POST", "/admin/rate-cards/preview", [401, 403, 403, 403, 403, 403, 403, 200, 403]),
    ("GET", "/admin/reconciliation", [401, 403, 403, 403, 403, 403, 403, 200, 403]),
    ("GET", "/admin/tenants", [401, 403, 403, 403, 403, 403, 403, 200, 403]),
    ("GET", "/admin/tenants/{id}", [401, 403, 403, 403, 403, 403, 403, 404, 403]),
    ("PATCH", "/admin/tenants/{id}", [401, 403, 403, 403, 403, 403, 403, 404, 403]),
    ("POST", "/admin/tenants/{id}/resend-invite", [401, 403, 403, 403, 403, 403, 403, 404, 403]),
    ("GET", "/api-keys", [401, 403, 403, 200, 200, 200, 200, 403, 403]),
    ("POST", "/api-keys", [401, 403, 403, 201, 201, 201, 403, 403, 403]),
    ("DELETE", "/api-keys/{id}", [401, 403, 403, 404, 404, 404, 403, 403, 403]),
    ("GET", "/audit", [401, 403, 403, 200, 200, 200, 200, 403, 403]),
    ("POST", "/auth/change-email", [401, 422, 422, 422, 202, 202, 202, 422, 403]),
    ("POST", "/auth/forgot-password", [202; 9]),
    ("POST", "/auth/login", [200; 9]),
    ("POST", "/auth/logout", [401; 9]),
    ("POST", "/auth/logout-everywhere", [401; 9]),
    ("POST", "/auth/refresh", [401; 9]),
    ("POST", "/auth/register-tenant", [201; 9]),
    ("POST", "/auth/resend-verification", [401, 202, 202, 202, 202, 202, 202, 202, 403]),
    ("GET", "/auth/sessions", [401, 200, 200, 200, 200, 200, 200, 200, 403]),
    ("DELETE", "/auth/sessions/{id}", [401, 404, 404, 404, 404, 404, 404, 404, 403]),
    ("GET", "/auth/set-password", [200; 9]),
    ("POST", "/auth/set-password", [422; 9]),
    ("GET", "/auth/set-password.js", [200; 9]),
    ("POST", "/auth/stop-email-change", [422; 9]),
    ("POST", "/auth/totp", [401, 422, 422, 422, 200, 200, 200, 422, 403]),
    ("DELETE", "/auth/totp", [401, 422, 422, 422, 404, 404, 404, 422, 403]),
    ("POST", "/auth/totp/confirm", [401, 409, 409, 409, 422, 422, 422, 409, 403]),
    ("GET", "/auth/verify-email", [200; 9]),
    ("POST", "/auth/verify-email", [422; 9]),
    ("GET", "/auth/verify-email.js", [200; 9]),
    ("POST", "/billing/add-credits", [401, 403, 403, 403, 403, 403, 403, 200, 403]),
    ("POST", "/billing/adjustments", [401, 403, 403, 403, 403, 403, 403, 201, 403]),
    ("GET", "/billing/balance", [401, 403, 200, 200, 200, 200, 200, 403, 403]),
    ("GET", "/billing/ledger", [401, 403, 200, 200, 200, 200, 200, 403, 403]),
    ("GET", "/billing/ledger/proof", [401, 403, 200, 200, 200, 200, 200, 403, 403]),
    ("GET", "/billing/low-balance", [401, 403, 200, 200, 200, 200, 200, 403, 403]),
    ("PUT", "/billing/low-balance", [401, 403, 403, 200, 200, 200, 403, 403, 403]),
    ("POST", "/billing/quote", [401, 403, 200, 200, 200, 422, 422, 403, 403]),
    ("GET", "/billing/statement", [401, 403, 200, 200, 200, 200, 200, 403, 403]),
    ("GET", "/contacts", [401, 200, 200, 200, 200, 200, 200, 403, 403]),
    ("POST", "/contacts/import", [401, 403, 200, 200, 200, 200, 403, 403, 403]),
    ("GET", "/healthz", [200; 9]),
    ("GET", "/messages", [401, 200, 200, 200, 200, 200, 200, 403, 403]),
    ("POST", "/messages", [401, 403, 201, 201, 201, 422, 403, 403, 403]),
    ("POST", "/messages/schedule", [401, 403, 201, 201, 201, 422, 403, 403, 403]),
    ("GET", "/messages/{id}", [401, 200, 200, 200, 200, 404, 404, 403, 403]),
    ("POST", "/messages/{id}/cancel", [401, 403, 204, 204, 204, 404, 403, 403, 403]),
    ("GET", "/plans", [401, 200, 200, 200, 200, 200, 200, 200, 403]),
    ("POST", "/plans", [401, 403, 403, 403, 403, 403, 403, 201, 403]),
    ("GET", "/plans/{id}", [401, 404, 404, 404, 404, 404, 404, 404, 403]),
    ("PATCH", "/plans/{id}", [401, 403, 403, 403, 403, 403, 403, 404, 403]),
    ("GET", "/templates", [401, 200, 200, 200, 200, 200, 200, 403, 403]),
    ("POST", "/templates", [401, 403, 403, 201, 201, 201, 403, 403, 403]),
    ("GET", "/tenant/onboarding", [401, 200, 200, 200, 200, 200, 200, 403, 403]),
    ("GET", "/tenant/plan", [401, 200, 200, 200, 200, 200, 200, 403, 403]),
    ("GET", "/users", [401, 403, 403, 200, 200, 200, 200, 403, 403]),
    ("POST", "/users", [401, 403, 403, 201, 201, 201, 403, 403, 403]),
    ("PATCH", "/users/{id}", [401, 403, 403, 404, 404, 404, 403, 403, 403]),
    ("DELETE", "/users/{id}", [401, 403, 403, 404, 404, 404, 403, 403, 403]),
    ("POST", "/users/{id}/resend-invite", [401, 403, 403, 404, 404, 404, 403, 403, 403]),
    ("GET", "/webhook/meta", [403; 9]),
    ("POST", "/webhook/meta", [401; 9]),
    ("POST", "/whatsapp/connect", [401, 403, 403, 200, 200, 200, 403, 403, 403]),
];

/// A path with the query that its route requires.
fn with_query(path: &str) -> String {
    let query = match path {
        "/billing/statement" => "?month=2026-11",
        "/admin/reconciliation" => "?day=2026-11-01",
        _ => "",
    };
    format!("{path}{query}")
}

/// A token for each caller, and one scheduled message of the home tenant.
struct Fixture {
    system: TestSystem,
    api: RawApi,
    home: TenantActor,
    other: TenantActor,
    message: String,
    tokens: Vec<(Caller, Option<String>)>,
}

impl Fixture {
    async fn new() -> Self {
        let system = TestSystem::start().await;
        let api = RawApi::of(&system);
        let (home, other, gone) = (
            tenant_actor(&api, "home").await,
            tenant_actor(&api, "other").await,
            tenant_actor(&api, "gone").await,
        );
        suspend(&system, gone.tenant_id()).await;
        system.allow("users_max", 50).await;
        let waiting = home.scheduled(&system, "waits");
        let message =
            api.post("/messages/schedule").bearer(&home.token).json(&waiting).send().await.text_of("id");
        let mut tokens = Vec::new();
        for caller in Caller::ALL {
            let token = match caller {
                Caller::Anonymous => None,
                Caller::Viewer => Some(user(&system, home.tenant_id(), Role::Viewer).await),
                Caller::Sender => Some(user(&system, home.tenant_id(), Role::Sender).await),
                Caller::Admin => Some(user(&system, home.tenant_id(), Role::Admin).await),
                Caller::Owner => Some(home.token.clone()),
                Caller::Other => Some(other.token.clone()),
                Caller::Suspended => Some(gone.token.clone()),
                Caller::SuperAdmin => Some(super_admin(&api).await),
                Caller::KeyWithoutScope => Some(api_key(&system, home.tenant_id(), Scopes::default()).await),
            };
            tokens.push((caller, token));
        }
        Self { system, api, home, other, message, tokens }
    }

    fn call(&self, method: &Method, path: &str, token: Option<&String>) -> Call<'_> {
        let call = self.api.call(method.clone(), &with_query(&path.replace("{id}", &self.message)));
        match token {
            Some(token) => call.bearer(token),
            None => call,
        }
    }

    /// What a route is called with so that a permitted caller succeeds, if it takes a body.
    fn body_of(&self, route: &Route, caller: Caller, name: &str) -> Option<Value> {
        match (&route.method, route.path.as_str()) {
            (&Method::GET, _) => None,
            (&Method::DELETE, "/auth/totp") => Some(json!({ "password": PASSWORD, "code": "000000" })),
            (_, path) => self.body(path, caller, name),
        }
    }

    /// A body with which a permitted caller succeeds. It names records of the home tenant; `name` must be unused.
    fn body(&self, path: &str, caller: Caller, name: &str) -> Option<Value> {
        let email = format!("{name}@tenant.test");
        Some(match path {
            "/admin/create-tenant" => {
                json!({ "tenantName": name, "slug": name, "adminEmail": email, "adminName": "Ann" })
            }
            "/admin/rate-cards" | "/admin/rate-cards/preview" => rate_card(&self.system, name),
            "/admin/tenants/{id}" => json!({ "plan": "Pro" }),
            "/auth/login" => json!({ "email": "home@tenant.test", "password": PASSWORD }),
            "/auth/register-tenant" => json!({
                "tenantName": name, "slug": name, "adminEmail": email, "adminPassword": PASSWORD,
                "adminName": "Ann",
            }),
            "/auth/logout" | "/auth/logout-everywhere" | "/auth/refresh" => json!({ "refreshToken": "none" }),
            "/auth/change-email" => json!({ "email": email, "password": PASSWORD }),
            "/admin/invitations" | "/auth/forgot-password" => json!({ "email": email }),
            "/auth/stop-email-change" | "/auth/verify-email" => json!({ "secret": "none" }),
            "/api-keys" => json!({ "name": name, "scopes": ["api-keys:write"] }),
            "/auth/totp" => json!({ "password": PASSWORD }),
            "/auth/totp/confirm" => json!({ "code": "000000" }),
            "/auth/set-password" => json!({ "secret": "none", "password": PASSWORD }),
            "/billing/add-credits" => {
                json!({ "tenantId": self.home.tenant, "amount": 1, "idempotencyKey": name })
            }
            "/billing/quote" => json!({ "templateId": self.home.template, "recipients": ["+15551234567"] }),
            "/billing/adjustments" => {
                json!({ "tenantId": self.home.tenant, "amount": 1, "reason": "a test", "idempotencyKey": name })
            }
            "/billing/low-balance" => json!({ "thresholds": ["5"] }),
            "/contacts/import" => json!({ "contacts": [] }),
            "/messages" => self.home.message(),
            "/messages/schedule" => self.home.scheduled(&self.system, name),
            "/plans" => json!({
                "name": name, "monthlyPrice": 1, "messagesPerMonth": 1, "contacts": 1, "templates": 1,
                "phoneNumbers": 1, "users": 1, "requestsPerMinute": 1, "marginBps": 0,
            }),
            "/plans/{id}" => json!({ "isArchived": true }),
            "/templates" => json!({ "name": name.replace('-', "_"), "content": "Hello!" }),
            "/users" => json!({ "email": email, "name": "Bob", "role": "SENDER" }),
            "/users/{id}" => json!({ "name": "Ann" }),
            "/admin/tenants/{id}/resend-invite" | "/users/{id}/resend-invite" => {
                json!({ "idempotencyKey": name })
            }
            "/webhook/meta" => json!({ "entry": [] }),
            "/whatsapp/connect" => {
                let tenant = if caller == Caller::Other { &self.other.tenant } else { &self.home.tenant };
                json!({ "code": tenant })
            }
            _ => return None,
        })
    }
}

#[tokio::test]
async fn every_route_permits_exactly_the_callers_of_its_row() {
    let fixture = Fixture::new().await;
    for (index, route) in fixture.api.routes().iter().enumerate() {
        let name = format!("{} {}", route.method, route.path);
        let row = TABLE.iter().find(|(method, path, _)| *method == route.method && *path == route.path);
        let Some((_, _, row)) = row else {
            panic!(
                "{name} has no row in TABLE of {}: add one that says what each caller is answered",
                file!()
            );
        };
        for ((caller, token), expected) in fixture.tokens.iter().zip(row) {
            let call = fixture.call(&route.method, &route.path, token.as_ref());
            let new = format!("n-{index}-{}", format!("{caller:?}").to_lowercase());
            let answer = match fixture.body_of(route, *caller, &new) {
                Some(body) => call.json(&body).send().await,
                None => call.send().await,
            };
            assert_eq!(answer.status, *expected, "{name} as {caller:?}: {}", answer.text);
        }
    }
    for (method, path, _) in TABLE {
        let is_there =
            fixture.api.routes().iter().any(|route| route.method == *method && route.path == *path);
        assert!(is_there, "{method} {path} is in TABLE of {} and no longer a route: remove its row", file!());
    }
}

/// What an owner is answered, in the table.
fn of_owner(route: &Route) -> u16 {
    let row = TABLE.iter().find(|(method, path, _)| *method == route.method && *path == route.path);
    row.unwrap().2[4]
}

/// A key of the home tenant does with one scope what its owner does, on each route that names the scope; with all others it
/// is told which one is missing. Routes of people name none and take no key.
#[tokio::test]
async fn a_key_may_with_the_scope_that_a_route_names_what_an_owner_may_and_nothing_without_it() {
    let fixture = Fixture::new().await;
    let home = fixture.home.tenant_id();
    let with_all = api_key(&fixture.system, home, Scopes::from_iter(Scope::ALL)).await;
    let ask = async |route: &Route, key: &String, name: &str| -> Answer {
        let call = fixture.call(&route.method, &route.path, Some(key));
        match fixture.body_of(route, Caller::Owner, name) {
            Some(body) => call.json(&body).send().await,
            None => call.send().await,
        }
    };
    let (mut of_programs, mut of_people) = (0, 0);
    for (index, route) in fixture.api.routes().iter().enumerate() {
        let Some(named) = route.described["security"][0]["bearer"].as_array() else { continue };
        let what = format!("{} {}", route.method, route.path);
        let [scope] = named.as_slice() else {
            assert!(named.is_empty(), "{what} names several scopes");
            let refused = ask(route, &with_all, &format!("p-{index}")).await;
            refused.assert_refused(403, "forbidden", &format!("{what}: name its scope in security(…)"));
            assert_eq!(refused.body["detail"], "an API key cannot do this: log in as a user", "{what}");
            of_people += 1;
            continue;
        };
        let scope: Scope = scope.as_str().unwrap().parse().unwrap();
        let others = Scope::ALL.into_iter().filter(|other| *other != scope).collect();
        let without = api_key(&fixture.system, home, others).await;
        let refused = ask(route, &without, &format!("w-{index}")).await;
        refused.assert_refused(403, "forbidden", &what);
        assert_eq!(refused.body["detail"], format!("the API key needs the scope {scope}"), "{what}");
        let only = api_key(&fixture.system, home, Scopes::from_iter([scope])).await;
        let answer = ask(route, &only, &format!("o-{index}")).await;
        assert_eq!(answer.status, of_owner(route), "{what} with {scope}: {}", answer.text);
        of_programs += 1;
    }
    assert!(of_programs > 20 && of_people > 8, "{of_programs} {of_people}");
}

#[tokio::test]
async fn a_caller_without_the_right_gets_the_same_refusal_for_an_invalid_body() {
    let fixture = Fixture::new().await;
    let mut refused = 0;
    for route in fixture.api.routes().iter().filter(|route| route.described["security"][0].is_object()) {
        let row = TABLE.iter().find(|(method, path, _)| *method == route.method && *path == route.path);
        let row = row.unwrap().2;
        let refusals = fixture.tokens.iter().zip(row).filter(|(_, expected)| matches!(expected, 401 | 403));
        for ((caller, token), expected) in refusals {
            let answer = fixture.call(&route.method, &route.path, token.as_ref()).raw_json("{").send().await;
            assert_eq!(answer.status, expected, "{} as {caller:?}: {}", route.path, answer.text);
            refused += 1;
        }
    }
    assert!(refused > 50, "{refused}");
}

#[tokio::test]
async fn an_unsupported_method_is_405_and_the_answer_lists_the_supported_ones() {
    let fixture = Fixture::new().await;
    let (_, owner) = &fixture.tokens[4];
    for route in fixture.api.routes() {
        let known: Vec<&Method> = fixture
            .api
            .routes()
            .iter()
            .filter(|other| other.path == route.path)
            .map(|other| &other.method)
            .collect();
        let all = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
        for method in all.into_iter().filter(|method| !known.contains(&method)) {
            let name = format!("{method} {}", route.path);
            let answer = fixture.call(&method, &route.path, owner.as_ref()).send().await;
            answer.assert_refused(405, "method-not-allowed", &name);
            let allowed = answer.header("allow").unwrap_or_else(|| panic!("{name}: no Allow"));
            assert!(known.iter().all(|known| allowed.contains(known.as_str())), "{name}: {allowed}");
        }
    }
}
