//! Compares a running instance with its own description: requests made up from `/openapi.json`, valid and not, as a tenant
//! and as the platform's owner. A 5xx, an answer that the description does not declare, a valid request refused or an
//! invalid one accepted is a failure, unless `deploy/schemathesis.toml` explains it.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use tidings::client::{Client, text};
use tidings::error::LocalError;
use tidings::say::say;
use tidings::settings::Settings;

use crate::deploy_check::program;
use crate::deploy_check::site::{DEV, Site};
use crate::deploy_check::tools::{Tool, tool};
use crate::story::instance::Instance;

const LIMIT: Duration = Duration::from_mins(10);
const PASSWORD: &str = "password123";

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Options {
    /// Requests made up for each operation, beside those at the limits of every field.
    #[arg(long, default_value_t = 20)]
    examples: u32,
    /// The same seed makes the same requests.
    #[arg(long, default_value_t = 1)]
    seed: u32,
}

/// Exit status 1 if a caller was answered otherwise than the description says.
pub(crate) async fn run(settings: Settings, options: Options) -> Result<ExitCode, LocalError> {
    let site = Site::open(&settings, DEV)?;
    Tool::Schemathesis.install(&site).await?;
    let instance = Instance::start(&settings).await?;
    let checked = check_all(&site, &instance, options).await;
    let is_clean = checked.as_ref().is_ok_and(|failed| !failed);
    instance.end(is_clean).await?;
    let failed = checked?;
    if failed {
        return Ok(ExitCode::FAILURE);
    }
    site.remove()?;
    say("The API answers as /openapi.json says.");
    Ok(ExitCode::SUCCESS)
}

/// Whether a check failed.
async fn check_all(site: &Site, instance: &Instance, options: Options) -> Result<bool, LocalError> {
    let client = Client::new(&instance.url())?;
    let registration = json!({
        "tenantName": "Contract", "slug": "contract", "adminEmail": "owner@contract.test", "adminPassword": PASSWORD,
        "adminName": "Ann",
    });
    let session = client.post("/auth/register-tenant", &registration).await?.success()?;
    let (email, password) = instance.owner();
    let login = json!({ "email": email, "password": password });
    let platform = client.post("/auth/login", &login).await?.success()?;
    // The check asks faster than the plan of a new tenant allows.
    let owner = client.with_token(text(&platform, "token")?);
    let tenant = format!("/admin/tenants/{}", text(&session, "tenantId")?);
    owner.patch(&tenant, &json!({ "plan": "Enterprise" })).await?.success()?;
    let mut failed = false;
    for (caller, session) in [("tenant", session), ("platform-owner", platform)] {
        failed |= !check(site, instance, options, (caller, text(&session, "token")?)).await?;
    }
    Ok(failed)
}

/// Whether everything was answered to this caller as described.
async fn check(
    site: &Site,
    instance: &Instance,
    options: Options,
    (caller, token): (&str, &str),
) -> Result<bool, LocalError> {
    let mut command = tool(site, Tool::Schemathesis, "schemathesis");
    let examples = options.examples.to_string();
    let seed = options.seed.to_string();
    // It keeps what it found in the folder that it runs in; another run starts without that.
    command
        .current_dir(&site.work)
        .arg("--config-file")
        .arg(site.script("schemathesis.toml"))
        .args(["run", &format!("{}/openapi.json", instance.url())])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(["--checks", "all", "--phases", "examples,coverage,fuzzing", "--continue-on-failure"])
        .args(["--max-examples", &examples, "--seed", &seed, "--no-color"]);
    let ran = program::run(&site.logs(), &format!("contract-{caller}"), command, LIMIT).await?;
    let cases = ran.out.lines().skip_while(|line| !line.starts_with("Test cases:")).nth(1);
    let cases = cases.unwrap_or_default().trim();
    if ran.is_fine {
        say(format!("as {caller}: {cases}"));
    } else {
        say(format!("as {caller}: {}", ran.out));
    }
    Ok(ran.is_fine)
}
