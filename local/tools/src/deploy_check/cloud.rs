//! The built template, deployed as `sam deploy` does it, to an emulator of the cloud that runs the real bootstraps; and
//! then the story against it.
//!
//! What the emulator cannot show is who may do what: it lets everybody do everything.

mod front;
mod logs;
mod proofs;
mod stack;

use std::time::{Duration, Instant};

use cluster::Fetch;
use domain::with_causes;
use futures_util::future::join_all;
use serde_json::json;
use store::{Access, Config, Store};

use crate::deploy_check::aws::Cloud;
use crate::deploy_check::ground::{Ground, MetaApp, Urls};
use crate::deploy_check::letters::Letters;
use crate::deploy_check::program::spinner;
use crate::deploy_check::report::Report;
use crate::deploy_check::site::Site;
use crate::story::{self, Backend};
use front::{Front, Gateway};
use stack::Stack;
use tidings::client::Client;
use tidings::error::LocalError;

const STEP: &str = "cloud";
const ADMIN_EMAIL: &str = "owner@tidings.test";
/// What the owner chooses through the link in the letter.
const ADMIN_PASSWORD: &str = "chosen-through-the-letter";
const SMTP_PASSWORD: &str = "a-letter-needs-a-sender";
/// The sweeper publishes the event within a minute; the letter follows at once.
const LETTER_LIMIT: Duration = Duration::from_mins(3);
const CONNECTIONS_MAX: usize = 4;

/// Everything that runs for it.
struct Place {
    ground: Ground,
    database: Urls,
    cloud: Cloud,
    letters: Letters,
    front: Front,
}

/// A row for each thing that must come true, in the order in which one needs the other.
pub(crate) async fn check(
    site: &Site,
    report: &mut Report,
    (messages, fetch): (u32, Fetch),
) -> Result<(), LocalError> {
    if site.artifacts(site.bootstraps).is_empty() {
        return Err(LocalError::Call("there are no bootstraps; build them first".to_owned()));
    }
    let front = Front::listen().await?;
    let webhook_url = format!("{}/webhook/meta", front.url);
    let ground = Ground::start(site, fetch, (MetaApp::fresh(site)?, Some(webhook_url))).await?;
    let place = Place {
        database: ground.database("deployed").await?,
        cloud: Cloud::start(site, "cloud").await?,
        letters: Letters::start(site, "letters").await?,
        ground,
        front,
    };
    let outcome = play(site, &place, report, messages).await;
    let Place { ground, cloud, letters, .. } = place;
    cloud.stop().await;
    letters.stop().await;
    ground.stop().await;
    outcome
}

async fn play(site: &Site, place: &Place, report: &mut Report, messages: u32) -> Result<(), LocalError> {
    let since = Instant::now();
    let deployed = deploy(site, place).await;
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
    let owner = owner(place).await.map_err(|error| with_causes(&error));
    let is_in = report.row(STEP, "the first super admin's letter", since, &owner);
    if is_in {
        told(site, place, &stack, (&mut *report, messages)).await?;
    }
    let since = Instant::now();
    let poison = proofs::poison(&place.cloud, &stack).await.map_err(|error| with_causes(&error));
    report.row(STEP, "a poison record is a dead letter", since, &poison);
    let since = Instant::now();
    let logs = logs::Logs::read(&place.cloud).await?;
    report.row(STEP, format!("{} log lines are for machines", logs.len()), since, &logs.are_for_machines());
    let since = Instant::now();
    report.row(STEP, "what alarms hear was measured", since, &logs.measure());
    let since = Instant::now();
    let meta = &place.ground.meta;
    let words = [ADMIN_PASSWORD, SMTP_PASSWORD, &meta.app_secret, &meta.verify_token];
    report.row(STEP, "no log line tells a phone or a secret", since, &logs.keep_secrets(&words));
    Ok(())
}

/// Deploys, and does what an operator does next: the secrets of others are put into their places.
async fn deploy(site: &Site, place: &Place) -> Result<Stack, LocalError> {
    let parameters = [
        ("Environment", "dev".to_owned()),
        ("Shape", "small".to_owned()),
        ("Architecture", "x86_64".to_owned()),
        // All that the functions can say, so that what they must not say is looked for in all of it.
        ("LogLevel", "TRACE".to_owned()),
        ("AdminEmail", ADMIN_EMAIL.to_owned()),
        ("DatabaseUrl", place.database.app.clone()),
        ("DatabaseAdminUrl", place.database.admin.clone()),
        ("MetaBaseUrl", place.ground.sandbox.base_url()),
        ("SmtpHost", "127.0.0.1".to_owned()),
        ("SmtpPort", place.letters.port.to_string()),
    ];
    let stack = Stack::deploy(site, &place.cloud, &parameters).await?;
    let smtp = json!({ "user": "tidings", "password": SMTP_PASSWORD });
    stack.put_secret(&place.cloud, "MetaSecretArn", &json!(place.ground.meta)).await?;
    stack.put_secret(&place.cloud, "SmtpSecretArn", &smtp).await?;
    let (_, host) = stack
        .output("ApiUrl")?
        .split_once("://")
        .ok_or_else(|| LocalError::Call("the output ApiUrl is no URL".to_owned()))?;
    place.front.leads_to(Gateway { url: place.cloud.url(), host: host.trim_end_matches('/').to_owned() });
    Ok(stack)
}

/// The letter that the deploy had sent, and the password that its link is good for.
async fn owner(place: &Place) -> Result<(), LocalError> {
    let waiting = spinner("waiting for the first super admin's letter");
    let secret = place.letters.secret_for(ADMIN_EMAIL, LETTER_LIMIT).await?;
    let chosen = json!({ "secret": secret, "password": ADMIN_PASSWORD });
    Client::new(&place.front.url)?.post("/auth/set-password", &chosen).await?.success()?;
    waiting.finish_and_clear();
    Ok(())
}

/// The story, while somebody looks at the schedules.
async fn told(
    site: &Site,
    place: &Place,
    stack: &Stack,
    (report, messages): (&mut Report, u32),
) -> Result<(), LocalError> {
    let since = Instant::now();
    let access = Access::from(place.database.app.as_str());
    let store = Store::new(&Config { access, connections_max: CONNECTIONS_MAX, wait: LETTER_LIMIT })?;
    let queues = stack.outputs("QueueUrl");
    let backend = Backend {
        store: &store,
        sandbox_url: place.ground.sandbox.base_url(),
        queue_depth: Box::new(|| {
            let depths = join_all(queues.iter().map(|(_, url)| place.cloud.depth(url)));
            Box::pin(async { depths.await.into_iter().sum() })
        }),
    };
    let owner = (ADMIN_EMAIL.to_owned(), ADMIN_PASSWORD.to_owned());
    let group = stack.output("ScheduleGroupName")?;
    let count = usize::try_from(messages).unwrap_or(usize::MAX);
    let mut seen = std::collections::BTreeSet::new();
    let outcome = tokio::select! {
        outcome = story::play_at(&place.front.url, &owner, count, Some(&backend)) => outcome,
        error = proofs::watch(&place.cloud, group, &mut seen) => Err(error),
    };
    let outcome = outcome
        .map_err(|error| with_causes(&error))
        .and_then(|is_clean| if is_clean { Ok(()) } else { Err("the audit is not clean".to_owned()) });
    report.row(STEP, format!("the story of {messages} messages"), since, &outcome);
    let since = Instant::now();
    let fired = proofs::fired(site, &place.cloud, group, &seen).await.map_err(|error| with_causes(&error));
    report.row(STEP, "schedules fired, and are gone", since, &fired);
    let given_up = proofs::nothing_given_up(&place.cloud, stack).await.map_err(|error| with_causes(&error));
    report.row(STEP, "no dead letters", since, &given_up);
    store.close();
    Ok(())
}
