//! Every kind of problem can be reached through the API.

use std::time::Duration;

use axum::http::Method;
use domain::RegistrationMode;
use domain::problem::Kind;
use http_kit::problem::{status, type_uri};
use serde_json::{Value, json};
use store::Moment;

use super::actors::{TenantActor, super_admin, suspend, tenant_actor};
use super::idempotency_keys::Held;
use super::invitations::{OtherMode, registration};
use super::raw_api::{Answer, RawApi};
use super::second_factors::Device;
use crate::test_system::{PASSWORD, TestSystem};

/// Connects a tenant whose owner has not proved the address, where that is asked for.
async fn connect_unproven() -> Answer {
    let system = TestSystem::requiring_proof().await;
    let api = RawApi::of(&system);
    let tenant = tenant_actor(&api, "unproven").await;
    let code = json!({ "code": tenant.tenant });
    api.post("/whatsapp/connect").bearer(&tenant.token).json(&code).send().await
}

/// How each kind is reached. The match is exhaustive, so that a new kind needs a case here.
async fn reach(kind: Kind, system: &TestSystem, api: &RawApi, home: &TenantActor) -> Answer {
    let message = home.message();
    match kind {
        Kind::Malformed => api.post("/messages").bearer(&home.token).raw_json("{").send().await,
        Kind::Unauthenticated => api.get("/contacts").send().await,
        Kind::WrongCredentials => {
            let login = json!({ "email": "home@tenant.test", "password": "wrong-password" });
            api.post("/auth/login").json(&login).send().await
        }
        Kind::SecondFactorRequired => {
            let other = tenant_actor(api, "careful").await;
            Device::set_up(system, api, &other.token).await;
            let login = json!({ "email": "careful@tenant.test", "password": PASSWORD });
            api.post("/auth/login").json(&login).send().await
        }
        Kind::Forbidden => api.post("/plans").bearer(&home.token).json(&json!({})).send().await,
        Kind::HandshakeRefused => {
            api.get("/webhook/meta?hub.mode=subscribe&hub.verify_token=wrong").send().await
        }
        Kind::NotFound => api.get("/messages/none").bearer(&home.token).send().await,
        Kind::MethodNotAllowed => api.call(Method::DELETE, "/plans").send().await,
        Kind::Conflict => {
            let again = json!({
                "tenantName": "Home", "slug": "home", "adminEmail": "else@tenant.test", "adminPassword": PASSWORD,
                "adminName": "Ann",
            });
            api.post("/auth/register-tenant").json(&again).send().await
        }
        Kind::StillRunning => {
            let held = Held::hold(system, home.tenant_id(), "send_message", "held").await;
            let call = api.post("/messages").bearer(&home.token).header("idempotency-key", "held");
            let answer = call.json(&message).send().await;
            held.let_go().await;
            answer
        }
        Kind::TooLarge => {
            let body = format!("\"{}\"", "x".repeat(domain::limits::BODY_BYTES_MAX));
            api.post("/messages").bearer(&home.token).raw_json(body).send().await
        }
        Kind::UnsupportedMediaType => api.post("/messages").bearer(&home.token).bytes("{}").send().await,
        Kind::Invalid => api.post("/messages").bearer(&home.token).json(&json!({})).send().await,
        Kind::KeyReused => reuse_a_key(api, home).await,
        Kind::TenantSuspended => send_while_suspended(system, api).await,
        Kind::RegistrationClosed => broken::with_closed_registration(system).await,
        Kind::StateConflict => erase_at_once(api, home).await,
        Kind::NotPossible => set_password_without_a_link(api).await,
        Kind::PlanLimit => {
            // The home tenant has one.
            system.allow("contacts_max", 1).await;
            let import = json!({ "contacts": [{ "phone": "+15551234599" }] });
            let answer = api.post("/contacts/import").bearer(&home.token).json(&import).send().await;
            system.allow("contacts_max", 10_000).await;
            answer
        }
        Kind::InsufficientFunds => adjust(api, home, "-1").await,
        Kind::ApprovalRequired => approve_its_own(api, home).await,
        Kind::EmailNotProven => connect_unproven().await,
        Kind::TooMany => guess_until_throttled(api).await,
        Kind::MetaRefused => {
            api.post("/whatsapp/connect")
                .bearer(&home.token)
                .json(&json!({ "code": "bad-code" }))
                .send()
                .await
        }
        Kind::MetaUnreachable => broken::without_meta(system, home).await,
        Kind::Internal => broken::with_a_bug().await,
        Kind::Unavailable => broken::without_database().await,
    }
}

async fn set_password_without_a_link(api: &RawApi) -> Answer {
    let body = json!({ "secret": "none", "password": PASSWORD });
    api.post("/auth/set-password").json(&body).send().await
}

async fn send_while_suspended(system: &TestSystem, api: &RawApi) -> Answer {
    let gone = tenant_actor(api, "gone").await;
    suspend(system, gone.tenant_id()).await;
    api.post("/messages").bearer(&gone.token).json(&gone.message()).send().await
}

/// The platform's owner corrects the ledger of a tenant that has nothing.
async fn adjust(api: &RawApi, home: &TenantActor, amount: &str) -> Answer {
    let body =
        json!({ "tenantId": home.tenant, "amount": amount, "reason": "a test", "idempotencyKey": amount });
    api.post("/billing/adjustments").bearer(&super_admin(api).await).json(&body).send().await
}

async fn approve_its_own(api: &RawApi, home: &TenantActor) -> Answer {
    let (waiting, platform) = (adjust(api, home, "150").await, super_admin(api).await);
    let path = format!("/admin/adjustments/{}/approve", waiting.text_of("id"));
    api.post(&path).bearer(&platform).send().await
}

async fn reuse_a_key(api: &RawApi, home: &TenantActor) -> Answer {
    let keyed = |body: &Value| {
        let call = api.post("/messages").bearer(&home.token).header("idempotency-key", "reused");
        call.json(body).send()
    };
    let mut message = home.message();
    keyed(&message).await.success();
    message["variables"] = json!({ "name": "Cid" });
    keyed(&message).await
}

async fn erase_at_once(api: &RawApi, home: &TenantActor) -> Answer {
    let owner = super_admin(api).await;
    let path = format!("/admin/tenants/{}", home.tenant);
    let erased = json!({ "state": "ERASED", "reason": "a test" });
    api.call(Method::PATCH, &path).bearer(&owner).json(&erased).send().await
}

async fn guess_until_throttled(api: &RawApi) -> Answer {
    let login = json!({ "email": "guessed@tenant.test", "password": "wrong-password" });
    // A slow machine may outlast the first waits, which double.
    for _ in 0..20 {
        let answer = api.post("/auth/login").json(&login).send().await;
        if answer.status == 429 {
            return answer;
        }
    }
    panic!("guesses are not throttled")
}

#[tokio::test]
async fn every_kind_of_problem_can_be_reached_with_its_own_type_and_status() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    for kind in Kind::ALL {
        let answer = reach(kind, &system, &api, &home).await;
        assert_eq!(answer.status, status(kind).as_u16(), "{kind:?}: {}", answer.text);
        assert_eq!(answer.body["type"], type_uri(kind), "{kind:?}: {}", answer.text);
    }
}

#[test]
fn no_two_kinds_share_a_type() {
    let mut types: Vec<String> = Kind::ALL.iter().map(|kind| type_uri(*kind)).collect();
    types.sort_unstable();
    types.dedup();
    assert_eq!(types.len(), Kind::ALL.len());
}

#[tokio::test]
async fn the_description_lists_the_type_of_every_kind() {
    let system = TestSystem::start().await;
    let served = RawApi::of(&system).get("/openapi.json").send().await;
    let listed = &served.success()["components"]["schemas"]["ProblemType"]["examples"];
    assert_eq!(*listed, json!(Kind::ALL.map(type_uri)));
}

/// Systems in which something is missing or fails.
mod broken {
    use super::*;

    /// The same API with an address for Meta at which nothing listens.
    pub async fn without_meta(system: &TestSystem, home: &TenantActor) -> Answer {
        // A port that was free a moment ago: nothing answers there.
        let unused = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let mut machine = system.machine.clone();
        machine.app.platform.meta = meta::Client::new(meta::Config {
            base_url: format!("http://{unused}"),
            version: "v26.0".to_owned(),
            app_id: "1".to_owned(),
            app_secret: "secret".into(),
            call_timeout: Duration::from_secs(2),
        })
        .unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = tidings::api::router(&machine);
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let api = RawApi::at(&url);
        let call = api.post("/whatsapp/connect").bearer(&home.token).json(&json!({ "code": "code" }));
        let answer = call.may_fail().send().await;
        server.abort();
        answer
    }

    /// The same API where no business may register.
    pub async fn with_closed_registration(system: &TestSystem) -> Answer {
        let closed = OtherMode::start(system, RegistrationMode::Closed).await;
        closed.api.post("/auth/register-tenant").json(&registration("new", None)).send().await
    }

    /// An operation that fails where no error is expected.
    pub async fn with_a_bug() -> Answer {
        let is_it = |operation, moment| operation == "list_templates" && moment == Moment::BeforeCommit;
        let system = TestSystem::start_with(|store| store.with_cut(is_it)).await;
        let api = RawApi::of(&system);
        let home = tenant_actor(&api, "home").await;
        api.get("/templates").bearer(&home.token).may_fail().send().await
    }

    /// A database that no longer accepts connections.
    pub async fn without_database() -> Answer {
        let system = TestSystem::start().await;
        let api = RawApi::of(&system);
        let home = tenant_actor(&api, "home").await;
        system.leaves_unaudited("its database is gone");
        system.db.shut().await;
        api.get("/templates").bearer(&home.token).may_fail().send().await
    }
}
