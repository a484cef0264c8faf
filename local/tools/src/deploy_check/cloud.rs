//! Deploys the built template with `sam deploy` to an emulator of AWS that runs the real bootstraps, and runs the story
//! against it. The emulator does not check permissions.

mod broken;
mod front;
mod logs;
mod operators;
mod proofs;
mod stack;

use std::time::{Duration, Instant};

use domain::with_causes;
use futures_util::future::join_all;
use serde_json::json;
use store::{Access, Config, Store};

use crate::deploy_check::aws::Cloud;
use crate::deploy_check::mail::MailServer;
use crate::deploy_check::program::spinner;
use crate::deploy_check::report::Report;
use crate::deploy_check::services::{MetaApp, Services, Urls};
use crate::deploy_check::site::Site;
use crate::story::{self, Backend};
use front::{Front, Gateway};
use stack::Stack;
use tidings::client::Client;
use tidings::error::LocalError;

const STEP: &str = "cloud";
const ADMIN_EMAIL: &str = "owner@tidings.test";
/// Set through the link in the e-mail.
const ADMIN_PASSWORD: &str = "set-through-the-link";
const SMTP_PASSWORD: &str = "a-mail-password";
/// The sweeper publishes the event within a minute; the e-mail follows at once.
const MAIL_LIMIT: Duration = Duration::from_mins(3);
const CONNECTIONS_MAX: usize = 4;

/// Everything that runs.
struct Deployment {
    services: Services,
    database: Urls,
    cloud: Cloud,
    mail: MailServer,
    front: Front,
}

pub(crate) async fn check(site: &Site, report: &mut Report, messages: u32) -> Result<(), LocalError> {
    if site.artifacts(site.bootstraps).is_empty() {
        return Err(LocalError::Call("no bootstraps were found; build them first".to_owned()));
    }
    let front = Front::listen().await?;
    let webhook_url = format!("{}/webhook/meta", front.url);
    let services = Services::start(site, (MetaApp::fresh(site)?, Some(webhook_url))).await?;
    let deployment = Deployment {
        database: services.database("deployed").await?,
        cloud: Cloud::start(site, "cloud").await?,
        mail: MailServer::start(site, "mail").await?,
        services,
        front,
    };
    let outcome = run(site, &deployment, report, messages).await;
    let Deployment { services, cloud, mail, .. } = deployment;
    cloud.stop().await;
    mail.stop().await;
    services.stop().await;
    outcome
}

async fn run(
    site: &Site,
    deployment: &Deployment,
    report: &mut Report,
    messages: u32,
) -> Result<(), LocalError> {
    let since = Instant::now();
    let deployed = deploy(site, deployment).await;
    let stack = match deployed {
        Ok(stack) => {
            report.row(STEP, "sam deploy", since, &Ok::<(), String>(()));
            stack
        }
        Err(error) => {
            report.row(STEP, "sam deploy", since, &Err(with_causes(&error)));
            return Ok(());
        }
    };
    let since = Instant::now();
    let owner = owner(deployment).await.map_err(|error| with_causes(&error));
    let is_in = report.row(STEP, "the first super admin's e-mail", since, &owner);
    if is_in {
        run_story(site, deployment, &stack, (&mut *report, messages)).await?;
    }
    let since = Instant::now();
    let poison = proofs::poison(&deployment.cloud, &stack).await.map_err(|error| with_causes(&error));
    report.row(STEP, "a poison record is a dead letter", since, &poison);
    let since = Instant::now();
    let logs = logs::Logs::read(&deployment.cloud).await?;
    report.row(STEP, format!("{} log lines are JSON", logs.len()), since, &logs.are_json());
    let since = Instant::now();
    report.row(STEP, "every metric of an alarm was measured", since, &logs.have_metrics());
    let since = Instant::now();
    let meta = &deployment.services.meta;
    let words = [ADMIN_PASSWORD, SMTP_PASSWORD, &meta.app_secret, &meta.verify_token];
    report.row(STEP, "no log line contains a phone number or a secret", since, &logs.contain_none_of(&words));
    // Last, because what is broken stays so.
    let since = Instant::now();
    let seen = broken::check(site, &deployment.cloud).await.map_err(|error| with_causes(&error));
    report.row(STEP, "broken versions are seen by the canary's metrics", since, &seen);
    Ok(())
}

/// Deploys, and sets the secrets that an operator sets.
async fn deploy(site: &Site, deployment: &Deployment) -> Result<Stack, LocalError> {
    let parameters = [
        ("Environment", "dev".to_owned()),
        ("Shape", "small".to_owned()),
        ("Architecture", "x86_64".to_owned()),
        // All lines, so that phone numbers and secrets are looked for in all of them.
        ("LogLevel", "TRACE".to_owned()),
        ("AdminEmail", ADMIN_EMAIL.to_owned()),
        ("DatabaseUrl", deployment.database.app.clone()),
        ("DatabaseAdminUrl", deployment.database.admin.clone()),
        // The story registers its own tenants.
        ("Registration", "open".to_owned()),
        ("MetaBaseUrl", deployment.services.sandbox.base_url()),
        // The tenants of the story have addresses that no e-mail reaches.
        ("EmailProof", "off".to_owned()),
        ("SmtpHost", "127.0.0.1".to_owned()),
        ("SmtpPort", deployment.mail.port.to_string()),
    ];
    let stack = Stack::deploy(site, &deployment.cloud, &parameters).await?;
    let smtp = json!({ "user": "tidings", "password": SMTP_PASSWORD });
    stack.put_secret(&deployment.cloud, "MetaSecretArn", &json!(deployment.services.meta)).await?;
    stack.put_secret(&deployment.cloud, "SmtpSecretArn", &smtp).await?;
    let (_, host) = stack
        .output("ApiUrl")?
        .split_once("://")
        .ok_or_else(|| LocalError::Call("the output ApiUrl is not a URL".to_owned()))?;
    deployment
        .front
        .set_gateway(Gateway { url: deployment.cloud.url(), host: host.trim_end_matches('/').to_owned() });
    Ok(stack)
}

/// Waits for the e-mail that the deploy sends, and sets the password through its link.
async fn owner(deployment: &Deployment) -> Result<(), LocalError> {
    let waiting = spinner("waiting for the first super admin's e-mail");
    let secret = deployment.mail.folder().secret_for(ADMIN_EMAIL, MAIL_LIMIT).await?;
    let chosen = json!({ "secret": secret, "password": ADMIN_PASSWORD });
    Client::new(&deployment.front.url)?.post("/auth/set-password", &chosen).await?.success()?;
    waiting.finish_and_clear();
    Ok(())
}

/// Runs the story while another task watches the schedules.
async fn run_story(
    site: &Site,
    deployment: &Deployment,
    stack: &Stack,
    (report, messages): (&mut Report, u32),
) -> Result<(), LocalError> {
    let since = Instant::now();
    let access = Access::from(deployment.database.app.as_str());
    let store = Store::new(&Config { access, connections_max: CONNECTIONS_MAX, wait: MAIL_LIMIT })?;
    let queues = stack.outputs("QueueUrl");
    let backend = Backend {
        store: &store,
        sandbox_url: deployment.services.sandbox.base_url(),
        queue_depth: Box::new(|| {
            let depths = join_all(queues.iter().map(|(_, url)| deployment.cloud.depth(url)));
            Box::pin(async { depths.await.into_iter().sum() })
        }),
    };
    let owner = (ADMIN_EMAIL.to_owned(), ADMIN_PASSWORD.to_owned());
    let group = stack.output("ScheduleGroupName")?;
    let count = usize::try_from(messages).unwrap_or(usize::MAX);
    let mut seen = std::collections::BTreeSet::new();
    let outcome = tokio::select! {
        outcome = story::run_at(&deployment.front.url, &owner, count, Some(&backend)) => outcome,
        error = proofs::watch(&deployment.cloud, group, &mut seen) => Err(error),
    };
    let outcome = outcome
        .map_err(|error| with_causes(&error))
        .and_then(|is_clean| if is_clean { Ok(()) } else { Err("the audit is not clean".to_owned()) });
    report.row(STEP, format!("the story of {messages} messages"), since, &outcome);
    let since = Instant::now();
    let fired =
        proofs::fired(site, &deployment.cloud, group, &seen).await.map_err(|error| with_causes(&error));
    report.row(STEP, "schedules fired and were deleted", since, &fired);
    let dead = proofs::no_dead_letters(&deployment.cloud, stack).await.map_err(|error| with_causes(&error));
    report.row(STEP, "no dead letters", since, &dead);
    let since = Instant::now();
    let commands =
        operators::check(&deployment.cloud, stack, &store).await.map_err(|error| with_causes(&error));
    report.row(STEP, "operators' commands", since, &commands);
    store.close();
    Ok(())
}
