//! Access tokens that the API refuses. (The verifier's own tests are in `api::tokens`.)

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::actors::{TenantActor, suspend, tenant_actor};
use super::raw_api::{Answer, RawApi};
use crate::test_system::TestSystem;

struct Forger {
    system: TestSystem,
    api: RawApi,
    home: TenantActor,
    kid: String,
    /// The published public key.
    jwk: Value,
}

impl Forger {
    async fn new() -> Self {
        let system = TestSystem::start().await;
        let api = RawApi::of(&system);
        let home = tenant_actor(&api, "home").await;
        let jwk = api.get("/.well-known/jwks.json").send().await.success()["keys"][0].clone();
        assert!(jwk.get("d").is_none(), "the private key is published");
        Self { kid: jwk["kid"].as_str().unwrap().to_owned(), system, api, home, jwk }
    }

    fn claims(&self) -> Value {
        let now = self.system.clock.now().as_second();
        json!({
            "iss": "tidings", "aud": "tidings-api", "sub": self.home.owner, "tid": self.home.tenant,
            "iat": now, "nbf": now - 30, "exp": now + 900,
        })
    }

    fn header(&self) -> Value {
        json!({ "alg": "ES256", "typ": "at+jwt", "kid": self.kid })
    }

    /// Signed with the API's own key.
    fn signed(&self, header: &Value, claims: &Value) -> String {
        let key = EncodingKey::from_ec_der(&self.system.secrets().jwt_key().unwrap());
        let header: Header = serde_json::from_value(header.clone()).unwrap();
        encode(&header, claims, &key).unwrap()
    }

    async fn ask(&self, token: &str) -> Answer {
        self.api.get("/contacts").bearer(token).send().await
    }

    async fn assert_refused(&self, token: &str, what: &str) {
        let answer = self.ask(token).await;
        answer.assert_refused(401, "unauthenticated", what);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{what}");
    }
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[tokio::test]
async fn a_token_with_a_wrong_or_missing_claim_is_refused() {
    let forger = Forger::new().await;
    let now = forger.system.clock.now().as_second();
    let good = forger.claims();
    assert_eq!(forger.ask(&forger.signed(&forger.header(), &good)).await.status, 200, "the forger can forge");
    for claim in ["iss", "aud", "sub", "tid", "nbf", "exp"] {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(claim);
        forger.assert_refused(&forger.signed(&forger.header(), &claims), &format!("no {claim}")).await;
    }
    for (claim, value) in [
        ("iss", json!("https://else.test")),
        ("iss", json!(["tidings"])),
        ("aud", json!("tidings-api-staging")),
        ("aud", json!(null)),
        ("exp", json!(now - 1)),
        ("exp", json!((now + 900).to_string())),
        ("exp", json!(-1)),
        ("exp", json!(1e300)),
        ("nbf", json!(now + 3_600)),
        ("nbf", json!("0")),
        ("sub", json!("unknown")),
        ("sub", json!("00000000-0000-0000-0000-000000000000")),
        ("sub", json!(forger.home.tenant)),
        ("tid", json!("' OR 1=1--")),
        ("tid", json!("01890000-0000-7000-8000-000000000000")),
    ] {
        let mut claims = good.clone();
        claims[claim] = value;
        let what = format!("{claim} {}", claims[claim]);
        forger.assert_refused(&forger.signed(&forger.header(), &claims), &what).await;
    }
}

#[tokio::test]
async fn a_token_without_a_valid_signature_is_refused() {
    let forger = Forger::new().await;
    let (claims, good) = (forger.claims(), forger.signed(&forger.header(), &forger.claims()));
    let (_, signature) = good.rsplit_once('.').unwrap();
    for alg in ["none", "nOnE", "NONE", "", "ES512", "RS256", "HS256"] {
        let mut header = forger.header();
        header["alg"] = json!(alg);
        for signature in ["", signature] {
            let token = format!("{}.{}.{signature}", part(&header), part(&claims));
            forger.assert_refused(&token, &format!("{alg} signed with '{signature}'")).await;
        }
    }
    // HS256 with the public key as its secret, in each of its encodings.
    let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(forger.jwk[name].as_str().unwrap()).unwrap();
    let point = [vec![4], coordinate("x"), coordinate("y")].concat();
    let prefix = STANDARD.decode("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgA=").unwrap();
    let der = [prefix, point.clone()].concat();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(&der));
    for secret in [pem.into_bytes(), der, point, forger.jwk.to_string().into_bytes()] {
        let mut header: Header = serde_json::from_value(forger.header()).unwrap();
        header.alg = Algorithm::HS256;
        let token = encode(&header, &claims, &EncodingKey::from_secret(&secret)).unwrap();
        forger.assert_refused(&token, "HS256 with the public key").await;
    }
    // Our claims signed with another key, under our key id.
    let theirs = EncodingKey::from_ec_der(&api::tokens::new_key().unwrap());
    let header: Header = serde_json::from_value(forger.header()).unwrap();
    forger.assert_refused(&encode(&header, &claims, &theirs).unwrap(), "another key").await;
}

#[tokio::test]
async fn a_token_with_another_key_id_or_type_is_refused() {
    let forger = Forger::new().await;
    for (member, value) in [
        ("kid", json!("unknown")),
        ("kid", json!("")),
        ("kid", json!("../../secrets.json")),
        ("kid", Value::Null),
        ("typ", json!("JWT")),
        ("typ", Value::Null),
    ] {
        let mut header = forger.header();
        header[member] = value;
        let what = header.to_string();
        forger.assert_refused(&forger.signed(&header, &forger.claims()), &what).await;
    }
    // A key in the token's header is not used.
    let mut header = forger.header();
    header["jwk"] = forger.jwk.clone();
    header["jku"] = json!("http://127.0.0.1:1/jwks.json");
    header["kid"] = json!("mine");
    forger.assert_refused(&forger.signed(&header, &forger.claims()), "its own key").await;
}

#[tokio::test]
async fn malformed_tokens_and_other_schemes_are_refused() {
    let forger = Forger::new().await;
    let good = forger.home.token.clone();
    for rubbish in
        ["", "a.b.c", "..", "null", "\u{1f600}", &format!("{good}x"), &good[1..], &"x".repeat(10_000)]
    {
        forger.assert_refused(rubbish, rubbish).await;
    }
    for header in [format!("Basic {good}"), good.clone(), "Bearer".to_owned(), format!("Bearer: {good}")] {
        let answer = forger.api.get("/contacts").header("authorization", &header).send().await;
        answer.assert_refused(401, "unauthenticated", &header);
    }
    // A token in any other place is not read.
    let in_query = forger.api.get(&format!("/plans?access_token={good}")).send().await;
    in_query.assert_refused(401, "unauthenticated", "in the query");
    let in_cookie = forger.api.get("/plans").header("cookie", format!("token={good}")).send().await;
    in_cookie.assert_refused(401, "unauthenticated", "in a cookie");
    let scheme_is_no_case = forger.api.get("/contacts").header("authorization", format!("bEARER {good}"));
    scheme_is_no_case.send().await.success();
}

#[tokio::test]
async fn a_token_is_refused_after_its_time_once_its_user_is_removed_and_for_changes_of_a_suspended_tenant() {
    let forger = Forger::new().await;
    let (api, system) = (&forger.api, &forger.system);
    let (removed, suspended) = (tenant_actor(api, "removed").await, tenant_actor(api, "suspended").await);
    for token in [&removed.token, &suspended.token] {
        forger.ask(token).await.success();
    }
    let remove = format!(
        "DELETE FROM users WHERE user_id = '{}';
         UPDATE usage SET used = used - 1 WHERE tenant_id = '{}' AND quantity = 'USERS'",
        removed.owner, removed.tenant
    );
    system.db.execute(&remove).await;
    forger.assert_refused(&removed.token, "of a removed user").await;
    suspend(system, suspended.tenant_id()).await;
    forger.ask(&suspended.token).await.success();
    let import = json!({ "contacts": [] });
    let refused = api.post("/contacts/import").bearer(&suspended.token).json(&import).send().await;
    refused.assert_refused(403, "tenant-suspended", "a change of a suspended tenant");
    assert_eq!(
        refused.body["detail"],
        "the account is suspended: it can be read, and nothing can be changed or sent; ask the platform's owner to open it"
    );

    system.clock.advance(SignedDuration::from_secs(15 * 60 - 30));
    forger.ask(&forger.home.token).await.success();
    system.clock.advance(SignedDuration::from_secs(31));
    forger.assert_refused(&forger.home.token, "after a quarter of an hour").await;
}
