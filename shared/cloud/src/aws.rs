//! The cloud itself: SQS, EventBridge Scheduler, EventBridge, Secrets Manager, and tokens for RDS.
//!
//! [`Aws`] is cheap to make: it reads the environment and makes no call. A client of a service is made when that service is
//! first used, and a program that never asks for a service does not link it.
//!
//! | what | from |
//! |---|---|
//! | region, credentials, another address, names with IPv6 | `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_ENDPOINT_URL`, `AWS_USE_DUALSTACK_ENDPOINT` |
//! | queues | `WAKE_UPS_QUEUE_URL`, `UPDATES_QUEUE_URL`, `REFUNDS_QUEUE_URL`, `MAIL_QUEUE_URL` |
//! | dead letters | `WAKE_UPS_DLQ_URL`, `UPDATES_DLQ_URL`, `REFUNDS_DLQ_URL`, `MAIL_DLQ_URL` |
//! | schedules | `SCHEDULE_GROUP`, `SCHEDULER_ROLE_ARN`, `WAKE_UPS_QUEUE_ARN`, `SCHEDULE_DLQ_ARN` |
//! | the event bus | `EVENT_BUS_NAME` |
//! | secrets | `META_SECRET_ARN`, `JWT_SECRET_ARN`, `DATA_KEYS_SECRET_ARN`, `SMTP_SECRET_ARN`, `DATABASE_PASSWORD` |

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Region};
use aws_types::SdkConfig;
use jiff::Timestamp;
use secrecy::SecretString;

use crate::{Cloud, CloudError, Events, Queues, Secrets, Timers};

mod batch;
mod event_bridge;
mod http_client;
mod rds;
mod refused;
mod scheduler;
mod secrets_manager;
mod sqs;

pub use rds::DatabaseLogin;

/// How long a connection may take to be made.
const CONNECT_MAX: Duration = Duration::from_secs(1);
/// How long one try of a call may take.
const TRY_MAX: Duration = Duration::from_secs(4);
/// How long a call may take with its tries.
const CALL_MAX: Duration = Duration::from_secs(10);
/// Tries of a call.
const TRIES_MAX: u32 = 3;

/// AWS, as the environment describes it. Clones share the settings of the clients.
#[derive(Clone)]
pub struct Aws {
    sdk: SdkConfig,
    credentials: Credentials,
    region: String,
    names: Names,
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aws").field("region", &self.region).finish_non_exhaustive()
    }
}

/// Names of resources, looked up when they are first needed: a function only has the names of what it may use.
#[derive(Clone)]
struct Names(Arc<Lookup>);

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Names {
    fn get(&self, variable: &str) -> Result<String, CloudError> {
        let value = (self.0)(variable).filter(|value| !value.is_empty());
        value.ok_or_else(|| CloudError::new(format!("{variable} is not set")))
    }
}

impl Aws {
    /// As Lambda sets its environment.
    pub fn from_environment() -> Result<Self, CloudError> {
        Self::new(|variable| std::env::var(variable).ok())
    }

    /// As `variable` answers where the environment would.
    pub fn new(
        variable: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Result<Self, CloudError> {
        let names = Names(Arc::new(variable));
        let region = names.get("AWS_REGION")?;
        // Lambda's credentials are the environment's, and outlive it; no chain of providers is needed.
        let credentials = Credentials::new(
            names.get("AWS_ACCESS_KEY_ID")?,
            names.get("AWS_SECRET_ACCESS_KEY")?,
            names.get("AWS_SESSION_TOKEN").ok(),
            None,
            "environment",
        );
        let timeouts =
            TimeoutConfig::builder().operation_attempt_timeout(TRY_MAX).operation_timeout(CALL_MAX).build();
        let sdk = SdkConfig::builder()
            .http_client(http_client::Http::new(CONNECT_MAX)?)
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(credentials.clone()))
            .retry_config(RetryConfig::standard().with_max_attempts(TRIES_MAX))
            .timeout_config(timeouts);
        // Where only IPv6 leaves the network, AWS is called by its hosts with IPv6 addresses. The SDK reads the variable only
        // with its configuration loader, which is not linked.
        let is_dual = names.get("AWS_USE_DUALSTACK_ENDPOINT").is_ok_and(|is_dual| is_dual == "true");
        let sdk = match names.get("AWS_ENDPOINT_URL") {
            Ok(endpoint) => sdk.endpoint_url(endpoint),
            Err(_not_set) => sdk.use_dual_stack(is_dual),
        };
        Ok(Self { sdk: sdk.build(), credentials, region, names })
    }

    /// What its clients are made with, for tests that look at what a service has.
    pub const fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    /// Queues, schedules and the event bus.
    pub fn cloud(&self) -> Cloud {
        Cloud { queues: self.queues(), timers: self.timers(), events: self.events() }
    }

    /// SQS.
    pub fn queues(&self) -> Arc<dyn Queues> {
        Arc::new(sqs::Sqs::new(self.sdk.clone(), self.names.clone()))
    }

    /// EventBridge Scheduler.
    pub fn timers(&self) -> Arc<dyn Timers> {
        Arc::new(scheduler::Scheduler::new(self.sdk.clone(), self.names.clone()))
    }

    /// EventBridge.
    pub fn events(&self) -> Arc<dyn Events> {
        Arc::new(event_bridge::EventBridge::new(self.sdk.clone(), self.names.clone()))
    }

    /// Secrets Manager.
    pub fn secrets(&self) -> Arc<dyn Secrets> {
        Arc::new(secrets_manager::SecretsManager::new(self.sdk.clone(), self.names.clone()))
    }

    /// A password for RDS, good for connections that are opened within 15 minutes. It is signed here, without a call.
    pub fn rds_token(&self, login: &DatabaseLogin, now: Timestamp) -> Result<SecretString, CloudError> {
        rds::token(login, &self.region, &self.credentials, now)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    };
    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
    use aws_smithy_runtime_api::client::result::ConnectorError;

    use super::*;

    fn aws(variables: &'static [(&'static str, &'static str)]) -> Aws {
        let only_lambdas = |variable: &str| variable.starts_with("AWS_").then_some("us-east-1");
        let given = |name: &str| variables.iter().find(|(given, _)| *given == name).map(|(_, value)| *value);
        let optional = ["AWS_ENDPOINT_URL", "AWS_USE_DUALSTACK_ENDPOINT"];
        Aws::new(move |name| {
            let value = if optional.contains(&name) { given(name) } else { only_lambdas(name) };
            value.map(str::to_owned)
        })
        .unwrap()
    }

    /// Notes the host of each call, and lets none leave.
    #[derive(Clone, Debug, Default)]
    struct Addressed(Arc<Mutex<Vec<String>>>);

    impl HttpConnector for Addressed {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let host = request.uri().split('/').nth(2).unwrap_or_default().to_owned();
            self.0.lock().unwrap().push(host);
            HttpConnectorFuture::ready(Err(ConnectorError::user("nothing leaves".into())))
        }
    }

    /// The host that each service's client calls.
    async fn addressed(aws: &Aws) -> Vec<String> {
        let seen = Addressed::default();
        let connector = SharedHttpConnector::new(seen.clone());
        let once = RetryConfig::disabled();
        let sdk = aws.sdk().to_builder().retry_config(once);
        let sdk = sdk.http_client(http_client_fn(move |_, _| connector.clone())).build();
        let secrets = aws_sdk_secretsmanager::Client::new(&sdk).get_secret_value().secret_id("s");
        let queues = aws_sdk_sqs::Client::new(&sdk).list_queues();
        let schedules = aws_sdk_scheduler::Client::new(&sdk).list_schedules();
        let events = aws_sdk_eventbridge::Client::new(&sdk).list_rules();
        assert!(secrets.send().await.is_err() && queues.send().await.is_err());
        assert!(schedules.send().await.is_err() && events.send().await.is_err());
        seen.0.lock().unwrap().clone()
    }

    #[tokio::test]
    async fn where_only_ipv6_leaves_the_network_the_hosts_are_those_with_ipv6() {
        let dual = aws(&[("AWS_USE_DUALSTACK_ENDPOINT", "true")]);
        assert_eq!(
            addressed(&dual).await,
            [
                "secretsmanager.us-east-1.amazonaws.com",
                "sqs.us-east-1.api.aws",
                "scheduler.us-east-1.api.aws",
                "events.us-east-1.api.aws"
            ]
        );
        let usual = addressed(&aws(&[])).await;
        assert!(usual.iter().all(|host| host.ends_with(".us-east-1.amazonaws.com")), "{usual:?}");
        let emulated =
            aws(&[("AWS_USE_DUALSTACK_ENDPOINT", "true"), ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")]);
        assert_eq!(addressed(&emulated).await, ["127.0.0.1:4566"; 4]);
    }

    #[tokio::test]
    async fn a_name_that_is_not_set_is_an_error_when_it_is_needed() {
        let refused = aws(&[]).secrets().read(crate::Secret::Jwt).await.unwrap_err().to_string();
        assert!(refused.ends_with("JWT_SECRET_ARN is not set"), "{refused}");
        let refused = Aws::new(|_| None).unwrap_err().to_string();
        assert!(refused.ends_with("AWS_REGION is not set"), "{refused}");
    }
}
