//! `sam deploy` of the built template, and what it made.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::deploy_check::aws::{Cloud, keys};
use crate::deploy_check::program;
use crate::deploy_check::site::{REGION, Site};
use crate::deploy_check::tools::sam;
use tidings::error::LocalError;

const NAME: &str = "tidings-check";
const LIMIT: Duration = Duration::from_mins(10);

/// A deployed stack: its outputs.
#[derive(Debug)]
pub(crate) struct Stack {
    outputs: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    output_key: String,
    output_value: String,
}

impl Stack {
    /// Deploys, exactly as to an account, with these parameters.
    pub async fn deploy(
        site: &Site,
        cloud: &Cloud,
        parameters: &[(&str, String)],
    ) -> Result<Self, LocalError> {
        let template = site.built(site.bootstraps).join("template.yaml").display().to_string();
        // What the repository's own settings say is meant for accounts.
        let config = site.work.join("samconfig.toml");
        std::fs::write(&config, "version = 0.1\n").map_err(|source| LocalError::File {
            what: "write",
            path: config.clone(),
            source,
        })?;
        let mut deploy = sam(site, &["deploy", "--template-file", &template, "--stack-name", NAME]);
        deploy
            .arg("--config-file")
            .arg(&config)
            .args(["--resolve-s3", "--no-confirm-changeset", "--no-progressbar"])
            .args(["--capabilities", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"])
            .arg("--parameter-overrides")
            .args(parameters.iter().map(|(name, value)| format!("{name}={value}")))
            .envs(keys())
            .env("AWS_ENDPOINT_URL", cloud.url());
        let ran = program::run(&site.logs(), "sam-deploy", deploy, LIMIT).await?;
        if !ran.is_fine {
            return Err(LocalError::Call(format!("sam deploy failed:\n{}", ran.tail)));
        }
        let mut list = sam(site, &["list", "stack-outputs", "--stack-name", NAME, "--output", "json"]);
        list.args(["--region", REGION]).envs(keys()).env("AWS_ENDPOINT_URL", cloud.url());
        let ran = program::run(&site.logs(), "sam-list", list, LIMIT).await?;
        let outputs: Vec<Output> = serde_json::from_str(&ran.out)
            .map_err(|error| LocalError::Call(format!("the stack's outputs: {error}:\n{}", ran.tail)))?;
        let outputs = outputs.into_iter().map(|output| (output.output_key, output.output_value)).collect();
        Ok(Self { outputs })
    }

    /// One of its outputs.
    pub fn output(&self, name: &str) -> Result<&str, LocalError> {
        let output = self.outputs.get(name).map(String::as_str);
        output.ok_or_else(|| LocalError::Call(format!("the stack has no output {name}")))
    }

    /// The outputs whose name ends like this, with their values.
    pub fn outputs(&self, suffix: &str) -> Vec<(&str, &str)> {
        let these = self.outputs.iter().filter(|(name, _)| name.ends_with(suffix));
        these.map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// Puts a value into a secret, as its operator does.
    pub async fn put_secret(&self, cloud: &Cloud, output: &str, value: &Value) -> Result<(), LocalError> {
        let body = json!({
            "SecretId": self.output(output)?,
            "SecretString": value.to_string(),
            "ClientRequestToken": uuid::Uuid::new_v4().to_string(),
        });
        cloud.call("secretsmanager.PutSecretValue", &body).await.map(drop)
    }
}
