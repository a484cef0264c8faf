//! The first start: a super admin, a demo tenant with credit, a contact and a template, and three commands to try.

use serde_json::{Value, json};

use crate::client::{Client, text};
use crate::error::LocalError;
use crate::home::{Home, Secrets};
use crate::machine::Machine;
use crate::say::{is_read_by_a_person, say};
use crate::settings::Settings;

/// The super admin's e-mail unless it was set.
pub const ADMIN_EMAIL: &str = "owner@tidings.local";
const DEMO_EMAIL: &str = "demo@tidings.local";
/// A recipient whose message fails after it was sent, so that there is a refund to see.
const FAILING: &str = "+15550000002";

/// Creates the super admin, or sets its password to the configured one. Before the API listens, so that a client that
/// finds it healthy can log in.
pub async fn ensure_owner(machine: &Machine, settings: &Settings, home: &Home) -> Result<(), LocalError> {
    let (email, password) = owner(settings, &home.secrets()?);
    let is_chosen = settings.admin_password.is_some();
    ops::tenants::owner::ensure_super_admin(&machine.platform, &email, password, is_chosen).await?;
    Ok(())
}

fn owner(settings: &Settings, secrets: &Secrets) -> (String, String) {
    let email = settings.admin_email.clone().unwrap_or_else(|| ADMIN_EMAIL.to_owned());
    (email, settings.admin_password.clone().unwrap_or_else(|| secrets.admin_password.clone()))
}

/// Creates the demo tenant on the first start and prints how to begin.
pub async fn welcome(machine: &Machine, settings: &Settings, home: &Home) -> Result<(), LocalError> {
    let secrets = home.secrets()?;
    let (email, password) = owner(settings, &secrets);
    let base_url = format!("http://127.0.0.1:{}", settings.port);
    let marker = home.join("demo.json");
    let is_first = machine.platform.on_new_tenant.is_some() && !marker.exists();
    if is_first {
        let demo = make_demo(&base_url, (&email, &password), &secrets.demo_password).await?;
        write(&marker, &demo)?;
        if is_read_by_a_person() {
            show_first(settings, (&email, &password), &secrets.demo_password, &demo);
        } else {
            let path = home.join("secrets.json");
            let path = path.display();
            tracing::info!(%path, "first start: the passwords of the super admin and of the demo tenant are in this file");
        }
    }
    say(format!(
        "\nTidings listens on http://localhost:{0} · docs at http://localhost:{0}/docs",
        settings.port
    ));
    Ok(())
}

/// Through the API, like any integrator. Repeatable, so that a start after a crash completes it.
async fn make_demo(base_url: &str, admin: (&str, &str), password: &str) -> Result<Value, LocalError> {
    let anonymous = Client::new(base_url)?;
    let registration = json!({
        "tenantName": "Demo", "slug": "demo", "adminEmail": DEMO_EMAIL, "adminPassword": password, "adminName": "Demo",
    });
    anonymous.post("/auth/register-tenant", &registration).await?;
    let session = anonymous
        .post("/auth/login", &json!({ "email": DEMO_EMAIL, "password": password }))
        .await?
        .success()?;
    let demo = anonymous.with_token(text(&session, "token")?);
    let owner = anonymous.login(admin.0, admin.1).await?;
    let credit = json!({
        "tenantId": text(&session, "tenantId")?, "amount": 10.00, "description": "Demo credit",
        "idempotencyKey": "demo-credit",
    });
    owner.post("/billing/add-credits", &credit).await?.success()?;
    demo.post("/contacts/import", &json!({ "contacts": [{ "phone": FAILING, "name": "Faye" }] }))
        .await?
        .success()?;
    let template =
        json!({ "name": "welcome_message", "content": "Hello {{1}}, welcome!", "variables": ["name"] });
    demo.post("/templates", &template).await?;
    let first = |answer: Value| answer.pointer("/data/0/id").cloned().unwrap_or_default();
    let contact = first(demo.get("/contacts").await?.success()?);
    let template = first(demo.get("/templates").await?.success()?);
    Ok(json!({ "tenantId": text(&session, "tenantId")?, "contactId": contact, "templateId": template }))
}

fn write(path: &std::path::Path, demo: &Value) -> Result<(), LocalError> {
    std::fs::write(path, demo.to_string()).map_err(|source| LocalError::File {
        what: "write",
        path: path.to_path_buf(),
        source,
    })
}

fn show_first(settings: &Settings, admin: (&str, &str), password: &str, demo: &Value) {
    let (port, id) = (settings.port, |member: &str| {
        demo.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
    });
    let shown = if settings.admin_password.is_some() { "as you set it" } else { admin.1 };
    say(format!(
        "\nFirst start. These are shown once and stored in {}/secrets.json:\n\
         \n  super admin   {}  {shown}\n  demo tenant   {DEMO_EMAIL}  {password}\n\
         \nThree commands to try:\n\
         \n  TOKEN=$(curl -s localhost:{port}/auth/login -H 'content-type: application/json' \\\n    \
         -d '{{\"email\":\"{DEMO_EMAIL}\",\"password\":\"{password}\"}}' | sed 's/.*\"token\":\"\\([^\"]*\\)\".*/\\1/')\n\
         \n  curl -s localhost:{port}/messages -H \"authorization: Bearer $TOKEN\" -H 'content-type: application/json' \\\n    \
         -d '{{\"templateId\":\"{}\",\"contactId\":\"{}\"}}'\n\
         \n  curl -s localhost:{port}/billing/ledger -H \"authorization: Bearer $TOKEN\"   # the message failed and was refunded",
        settings.home.display(),
        admin.0,
        id("templateId"),
        id("contactId"),
    ));
}
