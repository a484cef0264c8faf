//! A tenant's users, managed by its owners and admins.

use std::collections::BTreeMap;

use axum::http::Method;
use domain::Role;
use domain::access::{Scope, Scopes};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::actors::{TenantActor, api_key, tenant_actor, user};
use super::raw_api::{Answer, RawApi};
use crate::test_system::{PASSWORD, TestSystem};

struct World {
    system: TestSystem,
    api: RawApi,
    home: TenantActor,
}

impl World {
    async fn new() -> Self {
        let system = TestSystem::start().await;
        let api = RawApi::of(&system);
        let home = tenant_actor(&api, "home").await;
        system.allow("users_max", 60).await;
        Self { system, api, home }
    }

    async fn add(&self, token: &str, email: &str, role: &str) -> Answer {
        let body = json!({ "email": email, "name": "Bob", "role": role });
        self.api.post("/users").bearer(token).json(&body).send().await
    }

    async fn change(&self, token: &str, user: &str, body: Value) -> Answer {
        self.api.call(Method::PATCH, &format!("/users/{user}")).bearer(token).json(&body).send().await
    }

    async fn remove(&self, token: &str, user: &str) -> Answer {
        self.api.call(Method::DELETE, &format!("/users/{user}")).bearer(token).send().await
    }

    async fn users(&self) -> Vec<Value> {
        let listed = self.api.get("/users?limit=200").bearer(&self.home.token).send().await;
        listed.success()["data"].as_array().unwrap().clone()
    }

    async fn id_of(&self, role: &str) -> String {
        let users = self.users().await;
        let user = users.iter().find(|user| user["role"] == role && user["id"] != *self.home.owner).unwrap();
        user["id"].as_str().unwrap().to_owned()
    }

    async fn used(&self) -> i64 {
        let plan = self.api.get("/tenant/plan").bearer(&self.home.token).send().await;
        let usage = plan.success()["limits"].as_array().unwrap().clone();
        usage.iter().find(|usage| usage["limit"] == "users").unwrap()["used"].as_i64().unwrap()
    }

    /// A user who is added and chooses a password; its id and the session of a login.
    async fn logged_in(&self, email: &str, role: &str) -> (String, Value) {
        let id = self.add(&self.home.token, email, role).await.text_of("id");
        let link = format!(
            "INSERT INTO invites VALUES ('{}', sha256('{id}'), '{id}', now() + interval '30 days')",
            self.home.tenant
        );
        self.system.db.execute(&link).await;
        let set = json!({ "secret": id, "password": "a new long password" });
        let session = self.api.post("/auth/set-password").json(&set).send().await.success().clone();
        (id, session)
    }
}

fn statuses(answers: &[Answer]) -> BTreeMap<u16, usize> {
    answers.iter().fold(BTreeMap::new(), |mut counts, answer| {
        *counts.entry(answer.status).or_default() += 1;
        counts
    })
}

#[tokio::test]
async fn a_user_who_is_added_is_invited_counted_and_can_be_invited_again_until_there_is_a_password() {
    let world = World::new().await;
    let added = world.add(&world.home.token, " Bob@Tenant.test", "SENDER").await;
    assert_eq!((added.status, &added.body["email"]), (201, &json!("bob@tenant.test")));
    assert_eq!((&added.body["hasPassword"], &added.body["mayApprove"]), (&json!(false), &json!(false)));
    assert_eq!((world.users().await.len(), world.used().await), (2, 2));
    let path = format!("/users/{}/resend-invite", added.text_of("id"));
    let invite = async |key: &str| {
        world.api.post(&path).bearer(&world.home.token).json(&json!({ "idempotencyKey": key })).send().await
    };
    let first = invite("k").await;
    assert_eq!((first.status, &first.body["email"]), (202, &json!("bob@tenant.test")));
    assert_eq!(invite("k").await.header("idempotency-replayed"), Some("true"));
    let own = format!("/users/{}/resend-invite", world.home.owner);
    let own = world.api.post(&own).bearer(&world.home.token).json(&json!({ "idempotencyKey": "own" }));
    own.send().await.assert_refused(409, "conflict", "the owner has one");
    let log = world.api.get("/audit").bearer(&world.home.token).send().await;
    let actions: Vec<&str> = log.success()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions[..2], ["user.invite", "user.add"]);
    // What was answered once is answered again, and adds nobody.
    let keyed = async || {
        let body = json!({ "email": "cid@tenant.test", "name": "Cid", "role": "VIEWER" });
        let call = world.api.post("/users").bearer(&world.home.token).header("idempotency-key", "cid");
        call.json(&body).send().await
    };
    let (first, again) = (keyed().await, keyed().await);
    assert_eq!((first.status, &first.text), (201, &again.text));
    assert_eq!(world.used().await, 3);
}

#[tokio::test]
async fn an_admin_manages_no_owner_and_nobody_their_own_rights() {
    let world = World::new().await;
    let (admin, tenant) = (user(&world.system, world.home.tenant_id(), Role::Admin).await, &world.home);
    let admin_id = world.id_of("ADMIN").await;
    let sender = world.add(&admin, "bob@tenant.test", "SENDER").await.text_of("id");
    let forbidden = |answer: Answer, words: &str| {
        answer.assert_refused(403, "forbidden", words);
        assert!(answer.body["detail"].as_str().unwrap().contains(words), "{}", answer.text);
    };
    let owners = "only a user with the role OWNER";
    forbidden(world.add(&admin, "eve@tenant.test", "OWNER").await, owners);
    forbidden(world.change(&admin, &tenant.owner, json!({ "name": "Eve" })).await, owners);
    forbidden(world.change(&admin, &sender, json!({ "role": "OWNER" })).await, owners);
    forbidden(world.change(&admin, &sender, json!({ "mayApprove": true })).await, "the right to approve");
    forbidden(world.remove(&admin, &tenant.owner).await, owners);
    let own = "you cannot change your own role or right to approve";
    forbidden(world.change(&admin, &admin_id, json!({ "role": "OWNER" })).await, own);
    forbidden(world.change(&tenant.token, &tenant.owner, json!({ "role": "VIEWER" })).await, own);
    forbidden(world.change(&tenant.token, &tenant.owner, json!({ "mayApprove": true })).await, own);
    forbidden(world.remove(&admin, &admin_id).await, "you cannot remove yourself");
    forbidden(world.remove(&tenant.token, &tenant.owner).await, "you cannot remove yourself");
    // What each may.
    assert_eq!(world.change(&admin, &admin_id, json!({ "name": "Eve" })).await.success()["name"], "Eve");
    assert_eq!(world.change(&admin, &sender, json!({ "role": "ADMIN" })).await.success()["role"], "ADMIN");
    let approves = world.change(&tenant.token, &sender, json!({ "mayApprove": true })).await;
    assert_eq!(approves.success()["mayApprove"], true);
    for role in ["SUPER_ADMIN", "owner", ""] {
        let refused = world.add(&tenant.token, "eve@tenant.test", role).await;
        refused.assert_invalid("role", role);
        assert!(refused.text.contains("must be one of VIEWER, SENDER, ADMIN, OWNER"), "{}", refused.text);
        world.change(&tenant.token, &sender, json!({ "role": role })).await.assert_invalid("role", role);
    }
    world.change(&tenant.token, &sender, json!({})).await.assert_invalid("body", "nothing");
    let other = tenant_actor(&world.api, "other").await;
    world.change(&other.token, &sender, json!({ "name": "Eve" })).await.assert_refused(
        404,
        "not-found",
        "foreign",
    );
    world.remove(&other.token, &sender).await.assert_refused(404, "not-found", "foreign");
}

#[tokio::test]
async fn a_key_manages_users_up_to_admin_and_never_gives_the_right_to_approve() {
    let world = World::new().await;
    let scopes = Scopes::from_iter([Scope::UsersWrite]);
    let key = api_key(&world.system, world.home.tenant_id(), scopes).await;
    let admin = world.add(&key, "bob@tenant.test", "ADMIN").await.text_of("id");
    assert_eq!(world.change(&key, &admin, json!({ "role": "SENDER" })).await.success()["role"], "SENDER");
    world.add(&key, "eve@tenant.test", "OWNER").await.assert_refused(403, "forbidden", "an owner");
    let approve = json!({ "mayApprove": true });
    world.change(&key, &admin, approve).await.assert_refused(403, "forbidden", "approval");
    world.remove(&key, &world.home.owner).await.assert_refused(403, "forbidden", "the owner");
    assert_eq!(world.remove(&key, &admin).await.status, 204);
}

#[tokio::test]
async fn a_lower_role_and_a_removal_count_from_the_next_request_on() {
    let world = World::new().await;
    let (id, session) = world.logged_in("bob@tenant.test", "ADMIN").await;
    let ask = async |path: &str, session: &Value| {
        let token = session["token"].as_str().unwrap();
        world.api.get(path).bearer(token).send().await.status
    };
    assert_eq!(ask("/users", &session).await, 200);
    // A higher one counts without a new login.
    world.change(&world.home.token, &id, json!({ "role": "OWNER" })).await.success();
    assert_eq!(ask("/users", &session).await, 200);
    world.change(&world.home.token, &id, json!({ "role": "SENDER" })).await.success();
    assert_eq!(ask("/contacts", &session).await, 401, "its sessions have ended");
    let login = json!({ "email": "bob@tenant.test", "password": "a new long password" });
    let session = world.api.post("/auth/login").json(&login).send().await.success().clone();
    assert_eq!((ask("/contacts", &session).await, ask("/users", &session).await), (200, 403));

    let refresh = json!({ "refreshToken": session["refreshToken"] });
    assert_eq!(world.remove(&world.home.token, &id).await.status, 204);
    assert_eq!(ask("/contacts", &session).await, 401);
    let refused = world.api.post("/auth/refresh").json(&refresh).send().await;
    refused.assert_refused(401, "unauthenticated", "its session");
    let refused = world.api.post("/auth/login").json(&login).send().await;
    refused.assert_refused(401, "wrong-credentials", "the user");
    world.remove(&world.home.token, &id).await.assert_refused(404, "not-found", "twice");
    // The place and the e-mail are free, in any tenant.
    assert_eq!(world.used().await, 1);
    let other = tenant_actor(&world.api, "other").await;
    assert_eq!(world.add(&other.token, "bob@tenant.test", "VIEWER").await.status, 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn forty_who_add_one_e_mail_at_once_add_one_user_and_leave_nothing_else() {
    let world = World::new().await;
    let other = tenant_actor(&world.api, "other").await;
    let tokens = [&world.home.token, &other.token];
    let answers =
        join_all((0..40).map(|racer| world.add(tokens[racer % 2], "one@tenant.test", "VIEWER"))).await;
    assert_eq!(statuses(&answers), BTreeMap::from([(201, 1), (409, 39)]));
    let refused = answers.iter().find(|answer| answer.status == 409).unwrap();
    assert_eq!(refused.body["detail"], "the e-mail is already taken", "whose it is, is not told");
    let users = "DO $$ BEGIN
        IF (SELECT count(*) FROM users WHERE email = 'one@tenant.test') <> 1
        OR (SELECT count(*) FROM audit_log WHERE action = 'user.add') <> 1 THEN RAISE EXCEPTION 'more than one'; END IF;
        END $$";
    world.system.db.execute(users).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn owners_who_all_remove_or_demote_each_other_at_once_leave_one() {
    let world = World::new().await;
    let mut owners = vec![(world.home.owner.clone(), world.home.token.clone())];
    for index in 1..8 {
        let (id, session) = world.logged_in(&format!("owner{index}@tenant.test"), "OWNER").await;
        owners.push((id, session["token"].as_str().unwrap().to_owned()));
    }
    // Each the next five of the others: forty at once.
    let mut calls = Vec::new();
    for (index, (_, token)) in owners.iter().enumerate() {
        for step in 1..=5 {
            calls.push((token, &owners[(index + step) % owners.len()].0, step % 2 == 0));
        }
    }
    let call = async |(token, user, removes): (&String, &String, bool)| {
        if removes {
            world.remove(token, user).await
        } else {
            world.change(token, user, json!({ "role": "VIEWER" })).await
        }
    };
    let answers = join_all(calls.into_iter().map(call)).await;
    let known = statuses(&answers);
    assert!(known.keys().all(|status| [200, 204, 401, 403, 404].contains(status)), "{known:?}");
    let left = "DO $$ DECLARE owners bigint; BEGIN
        SELECT count(*) INTO owners FROM users WHERE role = 'OWNER';
        IF owners < 1 THEN RAISE EXCEPTION 'no owner is left'; END IF; END $$";
    world.system.db.execute(left).await;
}

#[tokio::test]
async fn one_user_more_than_the_plan_allows_is_refused_and_not_invited() {
    let world = World::new().await;
    world.system.allow("users_max", 1).await;
    let refused = world.add(&world.home.token, "bob@tenant.test", "VIEWER").await;
    refused.assert_refused(403, "plan-limit", "the second of one");
    assert_eq!((&refused.body["limit"], world.users().await.len()), (&json!("users"), 1));
    let login = json!({ "email": "bob@tenant.test", "password": PASSWORD });
    let login = world.api.post("/auth/login").json(&login).send().await;
    login.assert_refused(401, "wrong-credentials", "nobody");
}
