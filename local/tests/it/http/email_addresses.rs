//! Proof of an e-mail address, and its change by both addresses.

use domain::access::email::EmailProof;
use futures_util::future::join;
use jiff::SignedDuration;
use ops::Platform;
use serde_json::{Value, json};

use super::actors::{TenantActor, super_admin, tenant_actor};
use super::raw_api::{Answer, RawApi};
use crate::test_system::{PASSWORD, TestSystem};

const HOME: &str = "home@tenant.test";
const NEW: &str = "new@tenant.test";

fn proofs(system: &TestSystem, address: &str) -> Vec<String> {
    system.secrets_to(address, "verify-email")
}

/// The only link in e-mails to that address.
async fn link(system: &TestSystem, address: &str) -> String {
    system.pump().await;
    let mut links = proofs(system, address);
    assert_eq!(links.len(), 1, "{address}");
    links.remove(0)
}

async fn verify(api: &RawApi, secret: &str) -> Answer {
    api.post("/auth/verify-email").json(&json!({ "secret": secret })).send().await
}

async fn change(api: &RawApi, token: &str, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    api.post("/auth/change-email").bearer(token).json(&body).send().await
}

async fn login(api: &RawApi, email: &str) -> u16 {
    api.post("/auth/login").json(&json!({ "email": email, "password": PASSWORD })).send().await.status
}

async fn onboarding(api: &RawApi, token: &str) -> Value {
    let steps = api.get("/tenant/onboarding").bearer(token).send().await;
    steps.success()["steps"].as_array().unwrap().iter().find(|step| step["step"] == "EMAIL").unwrap().clone()
}

#[tokio::test]
async fn a_tenant_whose_owner_has_not_proved_the_address_sends_nothing_and_connects_nothing() {
    let system = TestSystem::requiring_proof().await;
    let api = RawApi::of(&system);
    let tenant = system.tenant("home", "1.00").await;
    let token = tenant.client.token().unwrap().to_owned();
    let message = tenant.send("+15550000001").await;
    system.pump().await;
    system.sweep().await;
    system.pump().await;
    let shown = tenant.message(&message).await;
    assert_eq!((&shown["status"], tenant.balance().await.as_str()), (&json!("PENDING"), "1.00"), "{shown}");
    assert!(shown.to_string().contains("\"EMAIL\""), "{shown}");
    let step = onboarding(&api, &token).await;
    assert!(step["toDo"].as_str().unwrap().contains("Open the link"), "{step}");
    let connect = || api.post("/whatsapp/connect").bearer(&token).json(&json!({ "code": tenant.id })).send();
    connect().await.assert_refused(403, "email-not-proven", "not proven");

    let secret = link(&system, HOME).await;
    assert_eq!(verify(&api, &secret).await.success()["state"], "PROVEN");
    // Without a sweep: the proof wakes the number.
    system.pump().await;
    let shown = tenant.message(&message).await;
    assert!(matches!(shown["status"].as_str().unwrap(), "READ" | "DELIVERED" | "SENT"), "{shown}");
    assert_eq!(onboarding(&api, &token).await.get("toDo"), None);
    connect().await.success();
    verify(&api, &secret).await.assert_refused(422, "not-possible", "a link twice");
    let log = api.get("/audit?limit=200").bearer(&token).send().await;
    assert!(log.text.contains("user.prove_email") && !log.text.contains(&secret), "{}", log.text);
    system.assert_nowhere(&[&secret]).await;
}

#[tokio::test]
async fn a_proof_is_sent_again_until_the_address_is_proven_and_not_too_often() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    let first = link(&system, HOME).await;
    let resend = || api.post("/auth/resend-verification").bearer(&home.token).send();
    assert_eq!(resend().await.status, 202);
    system.pump().await;
    let second = proofs(&system, HOME).into_iter().find(|link| *link != first).unwrap();
    verify(&api, &first).await.assert_refused(422, "not-possible", "the one before");
    assert_eq!((resend().await.status, resend().await.status), (202, 202));
    let refused = resend().await;
    refused.assert_refused(429, "too-many-requests", "the fourth");
    assert!(refused.header("retry-after").is_some());
    // Those that are still queued replace the second when they are written.
    verify(&api, &second).await.success();
    system.pump().await;
    assert_eq!(proofs(&system, HOME).len(), 2, "what is proven is not asked for");
    system.clock.advance(SignedDuration::from_mins(1));
    resend().await.assert_refused(409, "conflict", "it is proven");
}

#[tokio::test]
async fn a_proof_is_good_for_three_days() {
    let system = TestSystem::requiring_proof().await;
    let api = RawApi::of(&system);
    tenant_actor(&api, "home").await;
    let secret = link(&system, HOME).await;
    system.clock.advance(SignedDuration::from_hours(73));
    verify(&api, &secret).await.assert_refused(422, "not-possible", "expired");
    system.sweep().await;
    assert_eq!(system.db.contents().await["links"].0, 0);
}

#[tokio::test]
async fn choosing_a_password_by_a_link_proves_the_address_of_an_owner_who_was_created() {
    let system = TestSystem::requiring_proof().await;
    let (api, owner) = (RawApi::of(&system), super_admin(&RawApi::of(&system)).await);
    let tenant = json!({ "tenantName": "Home", "slug": "home", "adminName": "Ann", "adminEmail": HOME });
    api.post("/admin/create-tenant").bearer(&owner).json(&tenant).send().await.success();
    system.pump().await;
    let held = || async { system.db.contents().await["holds"].0 };
    assert_eq!(held().await, 1);
    let secret = system.secrets_to(HOME, "set-password").remove(0);
    let chosen = json!({ "secret": secret, "password": "a-password-of-her-own" });
    let session = api.post("/auth/set-password").json(&chosen).send().await;
    assert_eq!(held().await, 0);
    assert_eq!(onboarding(&api, &session.text_of("token")).await.get("toDo"), None);
}

#[tokio::test]
async fn a_setting_that_was_changed_holds_unproven_tenants_and_lets_them_go_with_the_next_sweep() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    tenant_actor(&api, "proven").await;
    verify(&api, &link(&system, "proven@tenant.test").await).await.success();
    let step = onboarding(&api, &home.token).await;
    assert_eq!(step.get("toDo"), None, "nothing asks for it: {step}");
    for (email_proof, holds) in [(EmailProof::Required, 1), (EmailProof::Required, 1), (EmailProof::Off, 0)] {
        let platform = Platform { email_proof, ..system.machine.platform.clone() };
        ops::recovery::sweep::sweep(&platform, system.end_of_shift()).await.unwrap();
        assert_eq!(system.db.contents().await["holds"].0, holds, "{email_proof}");
    }
}

#[tokio::test]
async fn an_address_changes_when_both_have_confirmed_whichever_is_first() {
    for new_is_first in [true, false] {
        let system = TestSystem::start().await;
        let api = RawApi::of(&system);
        let home = tenant_actor(&api, "home").await;
        api.post("/auth/forgot-password").json(&json!({ "email": HOME })).send().await;
        system.pump().await;
        let reset = system.secrets_to(HOME, "set-password").remove(0);
        let (new, old) = begun(&system, &api, &home, " New@Tenant.test").await;
        let both = if new_is_first { [new, old] } else { [old, new] };
        let mut states = Vec::new();
        for secret in &both {
            assert_eq!((login(&api, NEW).await, login(&api, HOME).await), (401, 200), "not yet");
            states.push(verify(&api, secret).await.text_of("state"));
            verify(&api, secret).await.assert_refused(422, "not-possible", "a link twice");
        }
        assert_eq!(states, ["CONFIRMED_BY_ONE", "CHANGED"]);
        assert_eq!((login(&api, NEW).await, login(&api, HOME).await), (200, 401));
        let chosen = json!({ "secret": reset, "password": "another-password" });
        let refused = api.post("/auth/set-password").json(&chosen).send().await;
        refused.assert_refused(422, "not-possible", "a link to the address of before");
        let log = api.get("/audit?limit=200").bearer(&home.token).send().await;
        for action in ["user.begin_email_change", "user.confirm_email_change", "user.change_email"] {
            assert!(log.text.contains(&format!("\"{action}\"")), "{action}: {}", log.text);
        }
        assert!(!log.text.contains(NEW), "{}", log.text);
    }
}

/// The links of a change: of the new address and of the present one.
async fn begun(system: &TestSystem, api: &RawApi, home: &TenantActor, new: &str) -> (String, String) {
    system.pump().await;
    let typed = new;
    let new = &typed.trim().to_lowercase();
    let (before_new, before_old) = (proofs(system, new), proofs(system, HOME));
    assert_eq!(change(api, &home.token, typed, PASSWORD).await.status, 202);
    system.pump().await;
    let newest = |address: &str, before: &[String]| {
        let mut links = proofs(system, address);
        links.retain(|link| !before.contains(link));
        assert_eq!(links.len(), 1, "{address}");
        links.remove(0)
    };
    (newest(new, &before_new), newest(HOME, &before_old))
}

async fn changes(system: &TestSystem) -> i64 {
    system.db.contents().await["email_changes"].0
}

#[tokio::test]
async fn the_present_address_can_stop_a_change() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    let (new, old) = begun(&system, &api, &home, NEW).await;
    let stop = |secret: String| api.post("/auth/stop-email-change").json(&json!({ "secret": secret })).send();
    stop(new.clone()).await.assert_refused(422, "not-possible", "the new address");
    verify(&api, &new).await.success();
    assert_eq!(stop(old.clone()).await.status, 204);
    stop(old.clone()).await.assert_refused(422, "not-possible", "a link twice");
    for secret in [&new, &old] {
        verify(&api, secret).await.assert_refused(422, "not-possible", "after the stop");
    }
    assert_eq!((login(&api, NEW).await, login(&api, HOME).await, changes(&system).await), (401, 200, 0));
}

#[tokio::test]
async fn a_change_to_another_users_address_is_answered_the_same_and_refused_at_its_end() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    tenant_actor(&api, "taken").await;
    let free = change(&api, &home.token, NEW, PASSWORD).await;
    let taken = change(&api, &home.token, "taken@tenant.test", PASSWORD).await;
    assert_eq!((free.status, &free.text), (taken.status, &taken.text));
    let (new, old) = begun(&system, &api, &home, "taken@tenant.test").await;
    verify(&api, &old).await.success();
    verify(&api, &new).await.assert_refused(409, "conflict", "another user has it");
    assert_eq!((login(&api, HOME).await, login(&api, "taken@tenant.test").await), (200, 200));
    assert_eq!(changes(&system).await, 0);
    verify(&api, &new).await.assert_refused(422, "not-possible", "the change has ended");
}

#[tokio::test]
async fn a_change_that_races_with_a_registration_of_the_address_leaves_one_user_with_it() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    let (new, old) = begun(&system, &api, &home, NEW).await;
    verify(&api, &new).await.success();
    let registration = json!({
        "tenantName": "New", "slug": "new", "adminEmail": NEW, "adminPassword": PASSWORD, "adminName": "Eve",
    });
    let register = api.post("/auth/register-tenant").json(&registration).send();
    let (changed, registered) = join(verify(&api, &old), register).await;
    let one = (changed.status, registered.status);
    assert!(matches!(one, (200, 409) | (409, 201)), "{one:?}: {} {}", changed.text, registered.text);
    assert_eq!(login(&api, NEW).await, 200);
    assert_eq!(login(&api, HOME).await, if changed.status == 200 { 401 } else { 200 });
    assert_eq!(changes(&system).await, 0);
}

#[tokio::test]
async fn both_addresses_that_confirm_at_once_change_it_once() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    let (new, old) = begun(&system, &api, &home, NEW).await;
    let (first, second) = join(verify(&api, &new), verify(&api, &old)).await;
    let mut states = [&first.success()["state"], &second.success()["state"]].map(ToString::to_string);
    states.sort();
    assert_eq!(states, ["\"CHANGED\"", "\"CONFIRMED_BY_ONE\""]);
    assert_eq!(login(&api, NEW).await, 200);
}

#[tokio::test]
async fn a_change_needs_the_password_and_another_address_and_ends_after_a_day() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    change(&api, &home.token, NEW, "a-wrong-password").await.assert_invalid("password", "wrong");
    change(&api, &home.token, HOME, PASSWORD).await.assert_invalid("email", "the same");
    change(&api, &home.token, "no address", PASSWORD).await.assert_invalid("email", "none");
    assert_eq!(changes(&system).await, 0);
    let (new, old) = begun(&system, &api, &home, NEW).await;
    verify(&api, &new).await.success();
    system.clock.advance(SignedDuration::from_hours(25));
    verify(&api, &old).await.assert_refused(422, "not-possible", "after a day");
    system.sweep().await;
    assert_eq!(changes(&system).await, 0);
}

#[tokio::test]
async fn a_stolen_token_is_not_good_for_guessing_the_password() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    let mut statuses = Vec::new();
    for guess in 0..10 {
        statuses.push(change(&api, &home.token, NEW, &format!("guess-{guess}")).await.status);
    }
    assert_eq!(statuses[..5], [422; 5]);
    assert!(statuses.contains(&429), "{statuses:?}");
}
