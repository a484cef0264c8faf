//! Second factors of logins: codes of an app, recovery codes, and what becomes of them.

use axum::http::Method;
use domain::Role;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use ops::access::second_factor::rotate;
use serde_json::{Value, json};
use tidings::home::Home;
use tidings::keys::add_data_key;
use totp_rs::{Builder, Secret};

use super::actors::{TenantActor, tenant_actor, user};
use super::raw_api::{Answer, RawApi};
use crate::test_system::{PASSWORD, TestSystem};

/// What an app shows at that time.
pub fn code_of(secret: &str, now: Timestamp) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    let codes = Builder::new().with_secret(secret).build().unwrap();
    codes.generate(now.as_second().unsigned_abs()).to_string()
}

/// An app with the secret of a user, and the user's recovery codes.
pub struct Device {
    secret: String,
    recovery_codes: Vec<String>,
}

impl Device {
    /// Of the caller with this token, whose next code is of the next half minute.
    pub async fn set_up(system: &TestSystem, api: &RawApi, token: &str) -> Self {
        let begun = api.post("/auth/totp").bearer(token).json(&json!({ "password": PASSWORD })).send().await;
        let secret = begun.text_of("secret");
        assert!(begun.text_of("uri").starts_with("otpauth://totp/Tidings:"), "{begun:?}");
        let code = json!({ "code": code_of(&secret, system.clock.now()) });
        let confirmed = api.post("/auth/totp/confirm").bearer(token).json(&code).send().await;
        let codes = confirmed.success()["recoveryCodes"].as_array().unwrap();
        let recovery_codes = codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
        system.clock.advance(SignedDuration::from_secs(30));
        Self { secret, recovery_codes }
    }

    fn code(&self, now: Timestamp) -> String {
        code_of(&self.secret, now)
    }
}

struct World {
    system: TestSystem,
    api: RawApi,
    home: TenantActor,
    device: Device,
}

impl World {
    async fn new() -> Self {
        let system = TestSystem::start().await;
        let api = RawApi::of(&system);
        let home = tenant_actor(&api, "home").await;
        let device = Device::set_up(&system, &api, &home.token).await;
        Self { system, api, home, device }
    }

    fn code(&self) -> String {
        self.device.code(self.system.clock.now())
    }

    async fn log_in(&self, code: Option<&str>) -> Answer {
        self.log_in_with(PASSWORD, code).await
    }

    async fn log_in_with(&self, password: &str, code: Option<&str>) -> Answer {
        let mut login = json!({ "email": "home@tenant.test", "password": password });
        if let Some(code) = code {
            login["code"] = json!(code);
        }
        self.api.post("/auth/login").json(&login).send().await
    }

    /// The user as the list shows it.
    async fn shown(&self) -> Value {
        let users = self.api.get("/users").bearer(&self.home.token).send().await;
        users.success()["data"][0].clone()
    }
}

#[tokio::test]
async fn a_login_without_a_code_is_asked_for_it_and_counts_as_no_try() {
    let world = World::new().await;
    for _ in 0..20 {
        let asked = world.log_in(None).await;
        asked.assert_refused(401, "second-factor-required", "no code");
    }
    // A wrong password is told nothing of it.
    world.log_in_with("wrong-password", None).await.assert_refused(401, "wrong-credentials", "no password");
    let spaced = format!("{} {}", &world.code()[..3], &world.code()[3..]);
    world.log_in(Some(&spaced)).await.success();
    assert_eq!(world.shown().await["hasSecondFactor"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_code_works_once_within_half_a_minute_and_none_after_a_later_one() {
    let world = World::new().await;
    let code = world.code();
    let answers = join_all((0..8).map(|_| world.log_in(Some(&code)))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
    world.system.clock.advance(SignedDuration::from_hours(24));
    let (early, now) =
        (world.device.code(world.system.clock.now() + SignedDuration::from_secs(30)), world.code());
    world.log_in(Some(&early)).await.success();
    world.log_in(Some(&now)).await.assert_refused(401, "second-factor-required", "older than the last");
    let old = world.code();
    world.system.clock.advance(SignedDuration::from_secs(90));
    world.log_in(Some(&old)).await.assert_refused(401, "second-factor-required", "three steps old");
}

#[tokio::test]
async fn wrong_codes_have_to_wait_also_where_the_password_was_right_before() {
    let world = World::new().await;
    // The place is known from now on.
    world.log_in(Some(&world.code())).await.success();
    world.system.clock.advance(SignedDuration::from_secs(30));
    // Each wait is twice as long as the last one; until one is too long for a slow machine to outlast.
    for guess in 0.. {
        let answer = world.log_in(Some("000000")).await;
        let Some(wait) = answer.header("retry-after").map(|wait| wait.parse::<i64>().unwrap()) else {
            answer.assert_refused(401, "second-factor-required", "a guess");
            assert!(guess < 40, "guesses are not throttled");
            continue;
        };
        assert_eq!(answer.status, 429);
        if wait > 60 {
            break;
        }
        world.system.clock.advance(SignedDuration::from_secs(wait));
    }
    // A right one has to wait as well: nothing is learned by trying.
    assert_eq!(world.log_in(Some(&world.code())).await.status, 429);
    world.system.clock.advance(SignedDuration::from_mins(15));
    world.log_in(Some(&world.code())).await.success();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_recovery_code_works_once_also_for_eight_at_the_same_time() {
    let world = World::new().await;
    assert_eq!(world.device.recovery_codes.len(), 10);
    let answers = join_all((0..8).map(|_| world.log_in(Some(&world.device.recovery_codes[0])))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
    world.system.clock.advance(SignedDuration::from_hours(24));
    let upper = world.device.recovery_codes[1].to_uppercase().replace('-', " ");
    world.log_in(Some(&upper)).await.success();
    world.log_in(Some(&upper)).await.assert_refused(401, "second-factor-required", "used");
}

#[tokio::test]
async fn a_new_password_does_not_replace_the_code() {
    let world = World::new().await;
    let (secret, tenant, owner) = ("a-link", &world.home.tenant, &world.home.owner);
    let link = format!(
        "INSERT INTO invites VALUES ('{tenant}', sha256('{secret}'), '{owner}', now() + interval '3 days')"
    );
    world.system.db.execute(&link).await;
    let set = json!({ "secret": secret, "password": "a new long password" });
    let answer = world.api.post("/auth/set-password").json(&set).send().await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""), "no session");
    let asked = world.log_in_with("a new long password", None).await;
    asked.assert_refused(401, "second-factor-required", "after a reset");
    world.log_in_with("a new long password", Some(&world.code())).await.success();
}

#[tokio::test]
async fn a_second_factor_is_removed_with_password_and_code_and_by_nothing_less() {
    let world = World::new().await;
    let remove = async |password: &str, code: &str| {
        let body = json!({ "password": password, "code": code });
        let call = world.api.call(Method::DELETE, "/auth/totp").bearer(&world.home.token);
        call.json(&body).send().await
    };
    let again = json!({ "password": PASSWORD });
    let again = world.api.post("/auth/totp").bearer(&world.home.token).json(&again).send().await;
    again.assert_refused(409, "conflict", "there is one");
    remove("wrong-password", &world.code()).await.assert_invalid("password", "wrong password");
    remove(PASSWORD, "000000").await.assert_invalid("code", "wrong code");
    assert_eq!(remove(PASSWORD, &world.code()).await.status, 204);
    remove(PASSWORD, &world.code()).await.assert_refused(404, "not-found", "there is none");
    world.log_in(None).await.success();
    // And begins anew, with codes of its own.
    let next = Device::set_up(&world.system, &world.api, &world.home.token).await;
    assert_ne!(next.secret, world.device.secret);
}

#[tokio::test]
async fn an_owner_switches_off_the_second_factor_of_a_user_who_lost_the_device_and_an_admin_does_not() {
    let world = World::new().await;
    let tenant = world.home.tenant_id();
    let admin = user(&world.system, tenant, Role::Admin).await;
    let second_owner = user(&world.system, tenant, Role::Owner).await;
    let path = format!("/users/{}", world.home.owner);
    let change = async |token: &str, body: Value| {
        world.api.call(Method::PATCH, &path).bearer(token).json(&body).send().await
    };
    let off = json!({ "hasSecondFactor": false });
    change(&admin, off.clone()).await.assert_refused(403, "forbidden", "an admin");
    change(&world.home.token, off.clone()).await.assert_refused(403, "forbidden", "one's own");
    let on = json!({ "hasSecondFactor": true });
    change(&second_owner, on).await.assert_invalid("hasSecondFactor", "switched on for another");
    assert_eq!(change(&second_owner, off).await.success()["hasSecondFactor"], false);
    world.log_in(None).await.success();
    let log = world.api.get("/audit").bearer(&world.home.token).send().await;
    let entry =
        log.success()["data"].as_array().unwrap().iter().find(|entry| entry["action"] == "user.change");
    let expected = json!({
        "before": { "hasSecondFactor": true }, "after": { "hasSecondFactor": false }, "changesName": false,
    });
    assert_eq!(entry.unwrap()["detail"], expected);
}

#[tokio::test]
async fn no_table_holds_a_secret_or_a_recovery_code_and_a_new_data_key_encrypts_secrets_again() {
    let world = World::new().await;
    let codes: Vec<String> = world.device.recovery_codes.iter().map(|code| code.replace('-', "")).collect();
    let mut texts: Vec<&str> = world.device.recovery_codes.iter().chain(&codes).map(String::as_str).collect();
    texts.push(&world.device.secret);
    world.system.assert_nowhere(&texts).await;

    add_data_key(&Home::open(&world.system.home).unwrap()).unwrap();
    world.system.clock.advance(SignedDuration::from_mins(1));
    let done = rotate::reencrypt_all(&world.system.another_machine().platform).await.unwrap();
    assert_eq!((done.tokens, done.failed), (1, 0));
    let is_new = "DO $$ BEGIN IF EXISTS (SELECT FROM second_factors WHERE secret_key_id <> 'k2') THEN
        RAISE EXCEPTION 'not encrypted again'; END IF; END $$";
    world.system.db.execute(is_new).await;
    world.log_in(Some(&world.code())).await.success();
}

#[tokio::test]
async fn the_secret_of_one_user_is_not_good_for_another() {
    let world = World::new().await;
    let other = tenant_actor(&world.api, "other").await;
    Device::set_up(&world.system, &world.api, &other.token).await;
    // As if the rows were exchanged behind the product's back.
    let exchange = format!(
        "UPDATE second_factors f SET secret_sealed = o.secret_sealed FROM second_factors o
          WHERE f.user_id = '{}' AND o.user_id = '{}'",
        world.home.owner, other.owner
    );
    world.system.db.execute(&exchange).await;
    let login = json!({ "email": "home@tenant.test", "password": PASSWORD, "code": world.code() });
    let refused = world.api.post("/auth/login").json(&login).may_fail().send().await;
    assert_eq!(refused.status, 500, "{}", refused.text);
}
