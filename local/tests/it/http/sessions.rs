//! Sessions: refresh tokens that rotate, and their end.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::raw_api::{Answer, RawApi};
use crate::test_system::{PASSWORD, TestSystem};

struct Home {
    system: TestSystem,
    api: RawApi,
}

impl Home {
    async fn new() -> Self {
        let system = TestSystem::start().await;
        system.tenant("acme", "0").await;
        let api = RawApi::of(&system);
        Self { system, api }
    }

    async fn log_in(&self) -> Value {
        let login = json!({ "email": "acme@tenant.test", "password": PASSWORD });
        self.api.post("/auth/login").json(&login).send().await.success().clone()
    }

    async fn call(&self, path: &str, session: &Value) -> Answer {
        self.api.post(path).json(&json!({ "refreshToken": session["refreshToken"] })).send().await
    }

    /// What a request with the session's access token is answered.
    async fn status(&self, session: &Value) -> u16 {
        let token = session["token"].as_str().unwrap();
        self.api.get("/contacts").bearer(token).send().await.status
    }
}

#[tokio::test]
async fn a_refresh_token_works_once_and_its_successor_goes_on() {
    let home = Home::new().await;
    let first = home.log_in().await;
    assert!(first["refreshToken"].as_str().unwrap().starts_with("tdr_"), "{first}");
    let second = home.call("/auth/refresh", &first).await.success().clone();
    assert_ne!(second["refreshToken"], first["refreshToken"]);
    assert_eq!(home.status(&second).await, 200);
    home.system.clock.advance(SignedDuration::from_mins(20));
    assert_eq!(home.status(&second).await, 401, "an access token lives for a quarter of an hour");
    let third = home.call("/auth/refresh", &second).await.success().clone();
    assert_eq!(home.status(&third).await, 200);
}

#[tokio::test]
async fn a_lost_answer_costs_no_login_and_a_token_used_later_again_ends_the_session() {
    let home = Home::new().await;
    let first = home.log_in().await;
    let lost = home.call("/auth/refresh", &first).await.success().clone();
    home.system.clock.advance(SignedDuration::from_secs(9));
    let again = home.call("/auth/refresh", &first).await.success().clone();
    assert_ne!(lost["refreshToken"], again["refreshToken"]);
    assert_eq!(home.status(&again).await, 200);

    home.system.clock.advance(SignedDuration::from_secs(2));
    home.call("/auth/refresh", &first).await.assert_refused(401, "unauthenticated", "it was copied");
    for session in [&lost, &again] {
        assert_eq!(home.status(session).await, 401, "the whole session has ended");
        home.call("/auth/refresh", session).await.assert_refused(401, "unauthenticated", "its successors");
    }
    assert_eq!(home.status(&home.log_in().await).await, 200, "another login is another session");
}

#[tokio::test]
async fn of_ten_refreshes_at_once_with_one_token_each_is_answered_and_none_ends_the_session() {
    let home = Home::new().await;
    let first = home.log_in().await;
    let answers = futures_util::future::join_all((0..10).map(|_| home.call("/auth/refresh", &first))).await;
    for answer in answers {
        assert_eq!(home.status(answer.success()).await, 200);
    }
}

#[tokio::test]
async fn a_session_ends_by_logout_and_every_one_by_logout_everywhere() {
    let home = Home::new().await;
    let (desk, phone) = (home.log_in().await, home.log_in().await);
    assert_eq!(home.call("/auth/logout", &desk).await.status, 204);
    assert_eq!((home.status(&desk).await, home.status(&phone).await), (401, 200));
    home.call("/auth/logout", &desk).await.assert_refused(401, "unauthenticated", "twice");
    home.call("/auth/refresh", &desk).await.assert_refused(401, "unauthenticated", "after its end");
    let tablet = home.log_in().await;
    assert_eq!(home.call("/auth/logout-everywhere", &phone).await.status, 204);
    assert_eq!((home.status(&phone).await, home.status(&tablet).await), (401, 401));
}

#[tokio::test]
async fn a_user_sees_own_sessions_and_ends_one_that_is_not_theirs_to_keep() {
    let home = Home::new().await;
    let (mine, stolen) = (home.log_in().await, home.log_in().await);
    let token = mine["token"].as_str().unwrap();
    let listed = home.api.get("/auth/sessions").bearer(token).send().await;
    let sessions = listed.success()["data"].as_array().unwrap();
    assert_eq!(sessions.len(), 3, "the registration is one too: {}", listed.text);
    assert_eq!(sessions[0]["source"], "127.0.0.1");
    let end = format!("/auth/sessions/{}", sessions[0]["id"].as_str().unwrap());
    assert_eq!(home.api.call(axum::http::Method::DELETE, &end).bearer(token).send().await.status, 204);
    assert_eq!((home.status(&stolen).await, home.status(&mine).await), (401, 200));
    let other = home.system.tenant("other", "0").await;
    let theirs = home.system.token(&other).await;
    let own = format!("/auth/sessions/{}", sessions[1]["id"].as_str().unwrap());
    assert_eq!(home.api.call(axum::http::Method::DELETE, &own).bearer(&theirs).send().await.status, 404);
}

#[tokio::test]
async fn a_session_that_is_not_used_for_thirty_days_has_ended_and_is_forgotten() {
    let home = Home::new().await;
    let session = home.log_in().await;
    home.system.clock.advance(SignedDuration::from_hours(29 * 24));
    let session = home.call("/auth/refresh", &session).await.success().clone();
    home.system.clock.advance(SignedDuration::from_hours(30 * 24));
    home.call("/auth/refresh", &session).await.assert_refused(401, "unauthenticated", "its time is over");
    home.system.clock.advance(SignedDuration::from_hours(25));
    home.system.sweep().await;
    let none = "DO $$ BEGIN IF EXISTS (SELECT FROM sessions) OR EXISTS (SELECT FROM refresh_tokens) THEN
        RAISE EXCEPTION 'not forgotten'; END IF; END $$";
    home.system.db.execute(none).await;
}

#[tokio::test]
async fn no_table_and_no_entry_holds_a_refresh_token() {
    let home = Home::new().await;
    let session = home.log_in().await;
    let session = home.call("/auth/refresh", &session).await.success().clone();
    let secret = session["refreshToken"].as_str().unwrap().trim_start_matches("tdr_");
    home.system.assert_nowhere(&[secret]).await;
}
