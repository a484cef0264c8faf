//! The first start: a super admin, a demo tenant with credit, a contact and a template, and three commands to try.

use std::path::Path;

use domain::{RegistrationMode, with_causes};
use ops::tenants::owner::{OwnerError, ensure_super_admin};
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::client::{Client, text};
use crate::error::LocalError;
use crate::home::{Home, Secrets};
use crate::machine::Machine;
use crate::progress;
use crate::say::{is_read_by_a_person, say};
use crate::settings::Settings;

/// The super admin's e-mail unless it was set.
pub const ADMIN_EMAIL: &str = "owner@tidings.local";
const DEMO_EMAIL: &str = "demo@tidings.local";
/// A recipient whose message fails after it was sent, so that there is a refund to see.
const FAILING: &str = "+15550000002";

/// What was made on the first start, as `demo.json` keeps it.
#[derive(Debug, Deserialize, Serialize)]
struct Demo {
    #[serde(rename = "tenantId")]
    tenant: String,
    #[serde(rename = "contactId")]
    contact: String,
    #[serde(rename = "templateId")]
    template: String,
}

impl Demo {
    /// `None` before it is there with all its parts.
    fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }

    fn write(&self, path: &Path) -> Result<(), LocalError> {
        let failed = |source| LocalError::File { what: "write", path: path.to_path_buf(), source };
        let text = serde_json::to_string(self).map_err(|error| failed(error.into()))?;
        std::fs::write(path, text).map_err(failed)
    }
}

/// Creates the super admin, or sets its password to the configured one. Before the API listens, so that a client that
/// finds it healthy can log in.
pub async fn ensure_owner(machine: &Machine, settings: &Settings, home: &Home) -> Result<(), LocalError> {
    let (email, password) = owner(settings, &home.secrets()?);
    let is_chosen = settings.admin_password.is_some();
    match ensure_super_admin(&machine.platform, &email, password, is_chosen).await {
        Ok(_changed) => Ok(()),
        Err(OwnerError::Password(error)) if is_chosen => {
            Err(LocalError::Setting { name: "TIDINGS_ADMIN_PASSWORD", why: with_causes(&error) })
        }
        Err(error) => Err(error.into()),
    }
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
    let may_register = machine.platform.registration == RegistrationMode::Open;
    let is_first = may_register && machine.platform.on_new_tenant.is_some() && Demo::read(&marker).is_none();
    if is_first {
        let making = make_demo(&base_url, (&email, &password), &secrets.demo_password);
        match progress::step("Making the demo tenant", making).await {
            Ok(demo) => {
                demo.write(&marker)?;
                show_first(settings, home, (&email, &password), &secrets.demo_password, &demo);
            }
            Err(error) => say(format!(
                "\nThe demo tenant could not be made: {}.\nEverything else works; the next start tries it again.",
                with_causes(&error)
            )),
        }
    }
    say(format!(
        "\nTidings listens on http://localhost:{0} · docs at http://localhost:{0}/docs",
        settings.port
    ));
    Ok(())
}

/// Through the API, like any integrator. Repeatable, so that a start after a crash, or without Meta's sandbox, is completed
/// by the next.
async fn make_demo(base_url: &str, admin: (&str, &str), password: &str) -> Result<Demo, LocalError> {
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
    let tenant_id = text(&session, "tenantId")?;
    let credit = json!({
        "tenantId": tenant_id, "amount": 10.00, "description": "Demo credit",
        "idempotencyKey": "demo-credit",
    });
    owner.post("/billing/add-credits", &credit).await?.success()?;
    demo.post("/contacts/import", &json!({ "contacts": [{ "phone": FAILING, "name": "Faye" }] }))
        .await?
        .success()?;
    demo.post("/whatsapp/connect", &json!({ "code": tenant_id })).await?.success()?;
    let template =
        json!({ "name": "welcome_message", "content": "Hello {{1}}, welcome!", "variables": ["name"] });
    let made = demo.post("/templates", &template).await?;
    if made.status != StatusCode::CONFLICT {
        made.success()?;
    }
    let contacts = demo.get("/contacts").await?.success()?;
    let templates = demo.get("/templates").await?.success()?;
    Ok(Demo {
        tenant: tenant_id.to_owned(),
        contact: first_id(&contacts)?.to_owned(),
        template: first_id(&templates)?.to_owned(),
    })
}

fn first_id(page: &Value) -> Result<&str, LocalError> {
    text(page.pointer("/data/0").unwrap_or(&Value::Null), "id")
}

/// Passwords go to a terminal only; elsewhere what is said may be kept in a log.
fn show_first(settings: &Settings, home: &Home, admin: (&str, &str), password: &str, demo: &Demo) {
    let secrets = home.join("secrets.json");
    let secrets = secrets.display();
    if !is_read_by_a_person() {
        say(format!(
            "First start. The passwords of the super admin ({}) and of the demo tenant ({DEMO_EMAIL}) are in {secrets}",
            admin.0
        ));
        return;
    }
    let port = settings.port;
    let shown = if settings.admin_password.is_some() { "as you set it" } else { admin.1 };
    say(format!(
        "\nFirst start. These are shown once and stored in {secrets}:\n\
         \n  super admin   {}  {shown}\n  demo tenant   {DEMO_EMAIL}  {password}\n\
         \nThree commands to try:\n\
         \n  TOKEN=$(curl -s localhost:{port}/auth/login -H 'content-type: application/json' \\\n    \
         -d '{{\"email\":\"{DEMO_EMAIL}\",\"password\":\"{password}\"}}' | sed 's/.*\"token\":\"\\([^\"]*\\)\".*/\\1/')\n\
         \n  curl -s localhost:{port}/messages -H \"authorization: Bearer $TOKEN\" -H 'content-type: application/json' \\\n    \
         -d '{{\"templateId\":\"{}\",\"contactId\":\"{}\"}}'\n\
         \n  curl -s localhost:{port}/billing/ledger -H \"authorization: Bearer $TOKEN\"   # the message failed and was refunded",
        admin.0, demo.template, demo.contact,
    ));
}
