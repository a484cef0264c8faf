//! Two versions that are broken on purpose: one answers 5xx to every request, one fails every record. Each must be seen by
//! the metrics that the canary watches, under its own version.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::deploy_check::aws::Cloud;
use crate::deploy_check::cloud::logs::Logs;
use crate::deploy_check::emulator::events::{self, Event};
use crate::deploy_check::site::Site;
use runtime::tally::{DIMENSIONS, FAILED, HANDLED};
use tidings::error::LocalError;

/// A part of a function's name, which AWS cuts at 64 characters, and the event that its broken version is given.
const BROKEN: [(&str, &str); 2] =
    [("-Auth", "auth/login-unknown.json"), ("-Updates", "updates/statuses.json")];
/// Nothing listens there.
const NO_DATABASE: &str = "postgres://tidings_app@127.0.0.1:9/none";
const LOOK_EVERY: Duration = Duration::from_millis(500);
const LIMIT: Duration = Duration::from_mins(1);

pub(crate) async fn check(site: &Site, cloud: &Cloud) -> Result<(), LocalError> {
    for (part, event) in BROKEN {
        let function = cloud.function(part).await?;
        let version = publish_broken(cloud, &function).await?;
        let of_function = event.split('/').next().unwrap_or_default();
        let given = events::of(&site.root, of_function)?.into_iter().find(|known| known.name == event);
        let Event { given, .. } = given.ok_or_else(|| LocalError::Call(format!("there is no {event}")))?;
        // The answer is a failure, which is not what is checked here.
        match cloud.invoke(&format!("{function}:{version}"), &given).await {
            Ok(answer) if answer.get("statusCode").and_then(Value::as_u64) < Some(500) => {
                return Err(LocalError::Call(format!("{function} without a database answers {answer}")));
            }
            Ok(_) | Err(_) => {}
        }
        let since = Instant::now();
        while !is_seen(&Logs::read(cloud).await?, &function, &version) {
            if since.elapsed() > LIMIT {
                let what = format!("version {version} of {function} fails everything, and no metric says so");
                return Err(LocalError::Call(what));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
    Ok(())
}

/// A version of the function that finds no database.
async fn publish_broken(cloud: &Cloud, function: &str) -> Result<String, LocalError> {
    let path = format!("functions/{function}/configuration");
    let mut configuration = cloud.lambda(reqwest::Method::GET, &path, &Value::Null).await?;
    let variables = configuration.pointer_mut("/Environment/Variables").and_then(Value::as_object_mut);
    let variables =
        variables.ok_or_else(|| LocalError::Call(format!("{function} has no variables: not as deployed")))?;
    variables.insert("DATABASE_URL".to_owned(), json!(NO_DATABASE));
    let broken = json!({ "Environment": { "Variables": variables } });
    cloud.lambda(reqwest::Method::PUT, &path, &broken).await?;
    let path = format!("functions/{function}/versions");
    let published = cloud.lambda(reqwest::Method::POST, &path, &json!({})).await?;
    let version = published.get("Version").and_then(Value::as_str);
    version
        .map(str::to_owned)
        .ok_or_else(|| LocalError::Call(format!("no version of {function}: {published}")))
}

/// Whether this version says that everything it was given has failed.
fn is_seen(logs: &Logs, function: &str, version: &str) -> bool {
    let [of_function, of_version] = DIMENSIONS;
    logs.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).any(|line| {
        let failed = line.get(FAILED).and_then(Value::as_u64).unwrap_or_default();
        line.get(of_function) == Some(&json!(function))
            && line.get(of_version) == Some(&json!(version))
            && failed > 0
            && line.get(HANDLED) == line.get(FAILED)
    })
}
