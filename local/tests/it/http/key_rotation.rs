//! Keys that are replaced while the API serves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::{SystemAct, TenantId, WabaId};
use jiff::SignedDuration;
use ops::whatsapp::token::reencrypt_all;
use serde_json::json;
use store::whatsapp::accounts;
use store::{Moment, StoreError, SystemOperation, SystemTx};
use tidings::home::Home;
use tidings::keys::{Rotated, add_data_key, rotate_data, rotate_jwt, rotate_verify_token};
use uuid::Uuid;

use super::actors::tenant_actor;
use super::raw_api::RawApi;
use crate::test_system::{PASSWORD, TestSystem};

/// After it a process reads the keys again when it meets one that it does not know.
const RENEW_PAUSE: SignedDuration = SignedDuration::from_secs(11);

async fn published(api: &RawApi) -> usize {
    let jwks = api.get("/.well-known/jwks.json").send().await;
    jwks.success()["keys"].as_array().unwrap().len()
}

#[tokio::test]
async fn tokens_of_the_key_before_are_accepted_until_they_expire_and_both_keys_are_published() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let before = tenant_actor(&api, "home").await;
    let home = Home::open(&system.home).unwrap();
    rotate_jwt(&home, system.clock.now(), false).unwrap();
    system.clock.advance(RENEW_PAUSE);
    // Another process, which knows the new key first.
    let subject = api::tokens::Subject {
        tenant: before.tenant_id(),
        user: before.owner.parse().unwrap(),
        session: None,
    };
    let new = system.another_machine().app.tokens.issue(subject).unwrap();
    for token in [&before.token, &new] {
        api.get("/contacts").bearer(token).send().await.success();
    }
    assert_eq!(published(&api).await, 2);
    // Its tokens are over, and so is the key.
    system.clock.advance(SignedDuration::from_mins(21));
    assert_eq!(system.another_machine().app.tokens.jwks()["keys"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn tokens_of_a_key_that_leaked_are_refused() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let before = tenant_actor(&api, "home").await;
    rotate_jwt(&Home::open(&system.home).unwrap(), system.clock.now(), true).unwrap();
    system.clock.advance(SignedDuration::from_mins(2));
    system.machine.keys.jwt.refresh_if_older(SignedDuration::from_mins(1)).await;
    api.get("/contacts").bearer(&before.token).send().await.assert_refused(401, "unauthenticated", "leaked");
    let login = json!({ "email": "home@tenant.test", "password": PASSWORD });
    let again = api.post("/auth/login").json(&login).send().await;
    api.get("/contacts").bearer(&again.text_of("token")).send().await.success();
    assert_eq!(published(&api).await, 1);
}

async fn keys_of_rows(system: &TestSystem) -> Vec<String> {
    system.db.store.perform_system(&SystemAct::at(system.clock.now()), &KeysOfRows).await.unwrap()
}

struct KeysOfRows;

impl SystemOperation for KeysOfRows {
    const NAME: &'static str = "keys_of_rows";
    type Done = Vec<String>;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<Vec<String>, StoreError> {
        let before_all = (TenantId(Uuid::nil()), &WabaId(String::new()));
        let all = accounts::of_other_keys(tx, before_all, "none", 100).await?;
        Ok(all.into_iter().map(|(_, account)| account.token_key_id).collect())
    }
}

#[tokio::test]
async fn a_rotation_of_the_data_key_may_be_stopped_anywhere_and_sending_goes_on() {
    let stored = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&stored);
    // The second token that is encrypted again is lost, with everything after it.
    let system = TestSystem::start_with(|store| {
        store.with_cut(move |operation, moment| {
            operation == "reencrypt_token"
                && moment == Moment::BeforeCommit
                && count.fetch_add(1, Ordering::Relaxed) == 1
        })
    })
    .await;
    let mut tenants = Vec::new();
    for slug in ["first", "second", "third"] {
        tenants.push(system.tenant(slug, "1.00").await);
    }
    assert_eq!(keys_of_rows(&system).await, ["k1"; 3]);
    let home = Home::open(&system.home).unwrap();
    add_data_key(&home).unwrap();
    system.clock.advance(RENEW_PAUSE);
    let mut stopped = system.another_machine();
    stopped.platform.store = system.machine.platform.store.clone();
    reencrypt_all(&stopped.platform).await.unwrap_err();
    let mut keys = keys_of_rows(&system).await;
    keys.sort_unstable();
    assert_eq!(keys, ["k1", "k1", "k2"], "stopped after the first");
    // The process that serves meets a key that it does not know, and one that it knows.
    for tenant in &tenants {
        let template =
            json!({ "name": "again", "content": "Hello {{1}}, welcome once more!", "variables": ["name"] });
        tenant.client.post("/templates", &template).await.unwrap().success().unwrap();
    }
    let done = rotate_data(&home, || Ok(system.another_machine().platform)).await.unwrap();
    let Rotated::Completed(done) = done else { panic!("{done:?}") };
    assert_eq!((done.tokens, done.failed), (2, 0));
    assert_eq!(keys_of_rows(&system).await, ["k2"; 3]);
    for tenant in &tenants {
        let template =
            json!({ "name": "at_last", "content": "Hello {{1}}, welcome once more!", "variables": ["name"] });
        tenant.client.post("/templates", &template).await.unwrap().success().unwrap();
    }
}

#[tokio::test]
async fn the_verify_token_is_replaced_while_the_webhook_serves() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let path =
        |token: &str| format!("/webhook/meta?hub.mode=subscribe&hub.challenge=17&hub.verify_token={token}");
    let old = system.secrets().sandbox_verify_token;
    assert_eq!(api.get(&path(&old)).send().await.text, "17");
    let new = rotate_verify_token(&Home::open(&system.home).unwrap()).unwrap();
    system.clock.advance(SignedDuration::from_mins(2));
    system.machine.keys.app.refresh_if_older(SignedDuration::from_mins(1)).await;
    assert_eq!(api.get(&path(&new)).send().await.text, "17");
    assert_eq!(api.get(&path(&old)).send().await.status, 403);
}
