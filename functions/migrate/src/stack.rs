//! The custom resource of the stack. CloudFormation waits an hour for an answer that does not come, so one always does.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html>

use std::time::Duration;

use domain::with_causes;
use jiff::Timestamp;
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{MigrateError, Migrator};

/// Must never change: with another one CloudFormation deletes the old resource.
const PHYSICAL_ID: &str = "tidings-schema";
/// Characters of a reason: the whole answer may have 4,096 bytes.
const REASON_CHARS_MAX: usize = 1_000;
/// How long one try to give the answer may take.
const TRY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long is waited before each try after the first. An answer that is lost makes CloudFormation wait for its hour and
/// then roll back what worked, so it is given again; the same answer twice is harmless. All tries together take 18 seconds
/// at most, within what the function keeps for them.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// What the template says. A change of any of them makes the stack migrate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Properties {
    /// Changes with the folder of migrations.
    pub migrations_version: Option<String>,
    /// The super admin to be.
    pub admin_email: Option<String>,
}

/// CloudFormation's request.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StackRequest {
    #[serde(rename = "RequestType")]
    kind: Kind,
    #[serde(rename = "ResponseURL")]
    response_url: String,
    stack_id: String,
    #[serde(rename = "RequestId")]
    id: String,
    logical_resource_id: String,
    #[serde(default)]
    resource_properties: Properties,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum Kind {
    Create,
    Update,
    Delete,
}

/// Carries out what the stack requests and sends the outcome.
pub(crate) async fn answer(
    migrator: &Migrator,
    request: StackRequest,
    until: Timestamp,
) -> Result<(), MigrateError> {
    let outcome = match request.kind {
        Kind::Create | Kind::Update => {
            migrator.deploy(request.resource_properties.admin_email.as_deref(), until).await.map(drop)
        }
        // The stack goes; the data stays, and so does its schema.
        Kind::Delete => Ok(()),
    };
    // The operator who deploys has to see what Postgres answered.
    let outcome = outcome.map_err(|error| with_causes(&error));
    if let Err(error) = &outcome {
        tracing::error!(error, "The migration of the deploy failed.");
    }
    let body = answer_body(&request, outcome).to_string();
    Ok(send(&request.response_url, body).await?)
}

/// Sends the answer, again when it may not have arrived.
async fn send(url: &str, body: String) -> Result<(), reqwest::Error> {
    let client = reqwest::Client::builder().no_proxy().timeout(TRY_TIMEOUT).build()?;
    let mut pauses = PAUSES.into_iter();
    loop {
        // The URL is signed for a body without a content type.
        let sent =
            client.put(url).body(body.clone()).send().await.and_then(reqwest::Response::error_for_status);
        // Anybody with the URL can answer in our place: it is in no error and no log.
        let Err(error) = sent.map_err(reqwest::Error::without_url) else { return Ok(()) };
        let Some(pause) = pauses.next().filter(|_| may_pass(&error)) else { return Err(error) };
        tracing::warn!(
            error = with_causes(&error),
            "CloudFormation was not answered; the answer is sent again."
        );
        tokio::time::sleep(pause).await;
    }
}

/// Whether another try may do better: not when the request itself was refused, as it is when its URL has expired.
fn may_pass(error: &reqwest::Error) -> bool {
    const LATER: [StatusCode; 2] = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
    error.status().is_none_or(|status| !status.is_client_error() || LATER.contains(&status))
}

fn answer_body(request: &StackRequest, outcome: Result<(), String>) -> Value {
    let (status, reason) = match outcome {
        Ok(()) => ("SUCCESS", String::new()),
        Err(why) => ("FAILED", why.chars().take(REASON_CHARS_MAX).collect()),
    };
    json!({
        "Status": status,
        "Reason": reason,
        "PhysicalResourceId": PHYSICAL_ID,
        "StackId": request.stack_id,
        "RequestId": request.id,
        "LogicalResourceId": request.logical_resource_id,
    })
}
