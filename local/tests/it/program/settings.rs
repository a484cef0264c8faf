//! What each variable of the README does to the program, beside those that every test here sets.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{StatusCode, Uri};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::*;

const WRONG: &str = "a-wrong-guess";

impl Program {
    /// Runs it to its end; returns what it complained about.
    async fn refused(&self, variables: &[(&str, &str)]) -> String {
        let mut command = self.command(env!("CARGO_BIN_EXE_tidings"));
        let output = command.envs(variables.iter().copied()).stderr(Stdio::piped()).output().await.unwrap();
        assert!(!output.status.success(), "{variables:?} was accepted");
        String::from_utf8(output.stderr).unwrap()
    }

    fn spawn_with(&self, variables: &[(&str, &str)]) -> Child {
        self.command(env!("CARGO_BIN_EXE_tidings")).envs(variables.iter().copied()).spawn().unwrap()
    }

    fn has_made_nothing(&self) -> bool {
        !self.home.join(".tidings").exists()
    }
}

/// Whose owner is welcomed by e-mail.
async fn create_tenant(owner: &Client) {
    let tenant =
        json!({ "tenantName": "Acme", "slug": "acme", "adminEmail": "ann@acme.test", "adminName": "Ann" });
    owner.post("/admin/create-tenant", &tenant).await.unwrap().success().unwrap();
}

#[tokio::test]
async fn wrong_and_contradicting_variables_are_all_named_and_nothing_is_made() {
    let program = Program::new().await;
    let error = program
        .refused(&[
            ("PORT", "70000"),
            ("TIDINGS_LEASE_SECONDS", "0"),
            ("SMTP_PASS", "the-secret"),
            ("AES_SECRET", "x"),
        ])
        .await;
    for name in ["PORT", "TIDINGS_LEASE_SECONDS", "SMTP_PASS", "AES_SECRET"] {
        assert!(error.contains(&format!("\n  {name} ")), "{name}: {error}");
    }
    assert!(!error.contains("the-secret"), "{error}");
    let error = program.refused(&[("TIDINGS_META_URL", "https://graph.facebook.com")]).await;
    assert!(error.contains("FACEBOOK_APP_SECRET"), "{error}");
    let error = program.refused(&[("PGSSLROOTCERT", "/not/there")]).await;
    assert!(error.contains("PGSSLROOTCERT") && error.contains("/not/there"), "{error}");
    assert!(program.has_made_nothing());
}

#[tokio::test]
async fn a_folder_without_postgres_is_named_by_its_variable() {
    let program = Program::new().await;
    let error = program.refused(&[("DATABASE_URL", ""), ("PG_BIN_DIR", "/not/there")]).await;
    assert!(error.contains("PG_BIN_DIR=/not/there"), "{error}");
}

#[tokio::test]
async fn a_port_in_use_is_named_before_anything_is_made() {
    let program = Program::new().await;
    let taken = TcpListener::bind(("127.0.0.1", program.port)).await.unwrap();
    let error = program.refused(&[]).await;
    assert!(error.contains(&format!("127.0.0.1:{}", program.port)) && error.contains("PORT="), "{error}");
    assert!(program.has_made_nothing());
    drop(taken);
    let _taken = TcpListener::bind(("127.0.0.1", program.port + 1)).await.unwrap();
    let error = program.refused(&[]).await;
    assert!(error.contains(&(program.port + 1).to_string()) && error.contains("sandbox"), "{error}");
    assert!(!program.home.join(".tidings/postgres").exists());
}

#[tokio::test]
async fn new_tenants_are_connected_when_the_sandbox_is_given_the_settings_of_an_app() {
    let program = Program::new().await;
    let _serving = program.spawn_with(&[
        ("FACEBOOK_APP_ID", "4200000000000042"),
        ("FACEBOOK_APP_SECRET", "the-new-secret"),
        ("FACEBOOK_APP_SECRET_PREVIOUS", "the-old-secret"),
        ("META_WEBHOOK_VERIFY_TOKEN", "the-verify-token"),
    ]);
    let anonymous = program.wait_until_healthy().await;
    let (tenant, ask) = set_up(&anonymous, "+15550000001").await;
    let sent = tenant.post("/messages", &ask).await.unwrap().success().unwrap();
    // Its statuses are webhooks that the sandbox has signed.
    assert_eq!(at_rest(&tenant, text(&sent, "id").unwrap()).await["status"], "READ");

    let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap();
    let body = r#"{"object":"whatsapp_business_account","entry":[]}"#;
    for (secret, status) in [("the-new-secret", 200), ("the-old-secret", 200), ("another-secret", 401)] {
        let signature = meta::signature::sign(&secret.to_owned().into(), body.as_bytes());
        let signed =
            http.post(format!("{}/webhook/meta", program.url())).header("x-hub-signature-256", signature);
        assert_eq!(signed.body(body).send().await.unwrap().status(), status, "{secret}");
    }
    let handshake = "hub.mode=subscribe&hub.challenge=77&hub.verify_token=the-verify-token";
    let answer = http.get(format!("{}/webhook/meta?{handshake}", program.url())).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "77");
}

#[tokio::test]
async fn owners_who_have_to_prove_their_addresses_connect_afterwards_with_the_link_in_the_folder_of_e_mails()
{
    let program = Program::new().await;
    let _serving = program.spawn_with(&[("TIDINGS_EMAIL_PROOF", "required")]);
    let anonymous = program.wait_until_healthy().await;
    let registration = json!({
        "tenantName": "Acme", "slug": "acme", "adminEmail": "boss@acme.test", "adminPassword": "password123",
        "adminName": "Ann",
    });
    let session = anonymous.post("/auth/register-tenant", &registration).await.unwrap().success().unwrap();
    let owner = anonymous.with_token(text(&session, "token").unwrap());
    let code = json!({ "code": text(&session, "tenantId").unwrap() });
    let connect = || async { owner.post("/whatsapp/connect", &code).await.unwrap() };
    let refused = connect().await;
    assert_eq!(
        (refused.status.as_u16(), &refused.body["type"]),
        (403, &json!("urn:tidings:problem:email-not-proven"))
    );
    let secret = until("the link is in the folder", async || {
        let emails = std::fs::read_dir(program.home.join(".tidings/mail")).into_iter().flatten();
        let texts = emails.filter_map(|email| std::fs::read_to_string(email.unwrap().path()).ok());
        let links = texts.filter(|text| text.contains("To: boss@acme.test"));
        let mut secrets = links.filter_map(|text| {
            Some(text.replace("=\r\n", "").split_once("verify-email#")?.1.get(..64)?.to_owned())
        });
        secrets.next()
    })
    .await;
    anonymous.post("/auth/verify-email", &json!({ "secret": secret })).await.unwrap().success().unwrap();
    connect().await.success().unwrap();
}

#[tokio::test]
async fn a_demo_that_metas_absence_kept_from_being_made_is_made_by_the_next_start() {
    let program = Program::new().await;
    // No program listens there.
    let nowhere = format!("http://127.0.0.1:{}", program.port + 1);
    let mut command = program.command(env!("CARGO_BIN_EXE_tidings"));
    let mut first =
        command.args(["serve", "--meta-url", &nowhere]).stdout(program.file("out")).spawn().unwrap();
    program.wait_until_said("out", "Tidings listens").await;
    let said = program.written("out");
    assert!(said.contains("The demo tenant could not be made"), "{said}");
    assert!(!program.home.join(".tidings/demo.json").exists());
    first.kill().await.unwrap();

    let mut command = program.command(env!("CARGO_BIN_EXE_tidings"));
    let _second = command.stdout(program.file("out")).spawn().unwrap();
    program.wait_until_said("out", "Tidings listens").await;
    let demo: Value = serde_json::from_str(&program.written(".tidings/demo.json")).unwrap();
    for id in ["tenantId", "contactId", "templateId"] {
        assert!(!text(&demo, id).unwrap().is_empty(), "{demo}");
    }
}

#[tokio::test]
async fn meta_is_called_at_its_url_with_its_version_as_the_app() {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = calls.clone();
    let meta = Router::new().fallback(move |uri: Uri| async move {
        seen.lock().unwrap().push(uri.to_string());
        StatusCode::SERVICE_UNAVAILABLE
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, meta).await });

    let program = Program::new().await;
    let _serving = program.spawn_with(&[
        ("TIDINGS_META_URL", &url),
        ("META_API_VERSION", "v24.0"),
        ("FACEBOOK_APP_ID", "4200000000000042"),
    ]);
    program.wait_until_healthy().await;
    // The demo tenant is being connected.
    let is_right = |call: &String| call.starts_with("/v24.0/") && call.contains("client_id=4200000000000042");
    until("Meta is called", async || calls.lock().unwrap().iter().any(is_right).then_some(())).await;
}

#[tokio::test]
async fn a_file_of_variables_is_read_and_the_environment_goes_first() {
    let program = Program::new().await;
    let variables = "TIDINGS_LISTEN=127.0.0.2\nPORT=1\nTIDINGS_PUBLIC_URL=https://tidings.acme.test\n\
                     TIDINGS_MAIL_FROM='Acme <info@acme.test>'\nRUST_LOG=error\n";
    std::fs::write(program.home.join(".env"), variables).unwrap();
    let mut command = program.command(env!("CARGO_BIN_EXE_tidings"));
    command.current_dir(&program.home).stdout(program.file("out")).stderr(program.file("log"));
    let _serving = command.spawn().unwrap();
    program.wait_until_said("out", "Tidings listens").await;
    assert!(program.written("out").starts_with("Settings: .env"), "{}", program.written("out"));
    assert_eq!(program.written("log"), "");

    // On the port of the environment, at the address of the file.
    let url = format!("http://127.0.0.2:{}", program.port);
    let health = reqwest::get(format!("{url}/healthz")).await.unwrap();
    assert!(health.headers().contains_key("strict-transport-security"));
    let owner = Client::new(&url).unwrap().login(ADMIN.0, ADMIN.1).await.unwrap();
    create_tenant(&owner).await;
    let letter = program.letter().await;
    assert!(letter.contains("From: Acme <info@acme.test>"), "{letter}");
    assert!(letter.replace("=\r\n", "").contains("https://tidings.acme.test/"), "{letter}");
}

#[tokio::test]
async fn a_database_can_be_named_in_parts() {
    let program = Program::new().await;
    let url = reqwest::Url::parse(program.db.url()).unwrap();
    let host = url.host_str().unwrap().replace("%2F", "/");
    let _serving = program.spawn_with(&[
        ("DATABASE_URL", ""),
        ("DB_HOST", &host),
        ("DB_PORT", &url.port().unwrap_or(5432).to_string()),
        ("DB_USER", url.username()),
        ("DB_PASSWORD", url.password().unwrap_or("unused")),
        ("DB_NAME", url.path().trim_start_matches('/')),
    ]);
    let anonymous = program.wait_until_healthy().await;
    anonymous.login(ADMIN.0, ADMIN.1).await.unwrap();
    assert!(!program.home.join(".tidings/postgres").exists());
}

#[tokio::test]
async fn mail_goes_to_the_server_of_the_settings() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let program = Program::new().await;
    let _serving = program.spawn_with(&[
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_PORT", &port),
        ("SMTP_USER", "info@acme.test"),
        ("SMTP_PASS", "the-secret"),
    ]);
    let anonymous = program.wait_until_healthy().await;
    let owner = anonymous.login(ADMIN.0, ADMIN.1).await.unwrap();
    create_tenant(&owner).await;
    let (mut stream, _) =
        tokio::time::timeout(Duration::from_secs(30), listener.accept()).await.unwrap().unwrap();
    let (reading, mut writing) = stream.split();
    writing.write_all(b"220 mail.acme.test\r\n").await.unwrap();
    let mut greeting = String::new();
    BufReader::new(reading).read_line(&mut greeting).await.unwrap();
    assert!(greeting.starts_with("EHLO"), "{greeting}");
}

#[tokio::test]
async fn behind_a_trusted_proxy_wrong_passwords_are_counted_by_the_address_that_it_saw() {
    let program = Program::new().await;
    let _serving = program.spawn_with(&[("TIDINGS_TRUSTED_PROXIES", "127.0.0.1")]);
    program.wait_until_healthy().await;
    let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap();
    let guess = |from: &'static str| {
        let body = json!({ "email": ADMIN.0, "password": WRONG });
        http.post(format!("{}/auth/login", program.url())).header("x-forwarded-for", from).json(&body).send()
    };
    let mut last = StatusCode::OK;
    for _ in 0..12 {
        last = guess("192.0.2.1").await.unwrap().status();
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(guess("192.0.2.2").await.unwrap().status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_log_has_the_level_of_its_variable() {
    let program = Program::new().await;
    let mut command = program.command(env!("CARGO_BIN_EXE_tidings"));
    let _serving = command.env("RUST_LOG", "error").stderr(program.file("log")).spawn().unwrap();
    let anonymous = program.wait_until_healthy().await;
    assert!(anonymous.login(ADMIN.0, WRONG).await.is_err());
    assert_eq!(program.written("log"), "");
}

#[tokio::test]
async fn the_help_names_every_variable_with_its_default() {
    let program = Program::new().await;
    let output = program.command(env!("CARGO_BIN_EXE_tidings")).arg("--help").stdout(Stdio::piped()).output();
    let help = String::from_utf8(output.await.unwrap().stdout).unwrap();
    for variable in tidings::settings::ALL {
        assert!(help.contains(&format!("\n  {} ", variable.name)), "{}: {help}", variable.name);
    }
    assert!(help.lines().all(|line| line.chars().count() <= 120), "{help}");
}

#[tokio::test]
async fn the_sandbox_alone_takes_an_address_and_a_receiver() {
    let program = Program::new().await;
    let address = SocketAddr::from(([127, 0, 0, 1], program.port));
    let arguments = ["sandbox", "--listen", &address.to_string(), "--webhook-url", "http://127.0.0.1:9/hook"];
    let mut command = program.command(env!("CARGO_BIN_EXE_tidings"));
    let _serving = command.args(arguments).stdout(program.file("out")).spawn().unwrap();
    program.wait_until_said("out", &format!("listens on http://{address}")).await;
    let accounts = Client::new(&program.url()).unwrap().get("/sandbox/accounts").await.unwrap();
    assert_eq!(accounts.status, StatusCode::OK);
}

#[tokio::test]
async fn where_registering_is_closed_no_business_registers_and_no_demo_tenant_is_made() {
    let program = Program::new().await;
    let error = program.refused(&[("TIDINGS_REGISTRATION", "OPEN")]).await;
    assert!(
        error.contains("TIDINGS_REGISTRATION") && error.contains("open, invitation or closed"),
        "{error}"
    );
    let _serving = program.spawn_with(&[("TIDINGS_REGISTRATION", "closed")]);
    let anonymous = program.wait_until_healthy().await;
    let registration = json!({
        "tenantName": "Acme", "slug": "acme", "adminEmail": "ann@acme.test", "adminPassword": "password123",
        "adminName": "Ann",
    });
    let refused = anonymous.post("/auth/register-tenant", &registration).await.unwrap();
    assert_eq!(refused.body["type"], "urn:tidings:problem:registration-closed");
    assert!(!program.home.join(".tidings/demo.json").exists());
}
