//! The surroundings of a bootstrap: a migrated database, Meta's sandbox, queues, secrets, the receiver of answers.

use serde_json::{Value, json};

use crate::deploy_check::aws::Cloud;
use crate::deploy_check::emulator::events;
use crate::deploy_check::emulator::receiver::Receiver;
use crate::deploy_check::mail::MailServer;
use crate::deploy_check::services::{Services, Urls};
use crate::deploy_check::site::{REGION, Site};
use tidings::error::LocalError;

const ACCOUNT: &str = "000000000000";
const SCHEDULE_GROUP: &str = "tidings";
const RESPONSE_URL: &str = "ResponseURL";

pub(crate) struct Environment {
    services: Services,
    cloud: Cloud,
    mail: MailServer,
    receiver: Receiver,
    database: Urls,
    shared: Vec<(&'static str, String)>,
}

impl Environment {
    pub async fn start(site: &Site) -> Result<Self, LocalError> {
        let services = Services::start(site, (events::meta_app(&site.root)?, None)).await?;
        let database = services.database("emulated").await?;
        tidings::database::migrate(&database.admin).await?;
        let cloud = Cloud::start(site, "emulator-cloud").await?;
        let mail = MailServer::start(site, "emulator-mail").await?;
        let shared = create_resources(&services, &cloud, &mail).await?;
        Ok(Self { services, cloud, mail, receiver: Receiver::listen().await?, database, shared })
    }

    /// The variables of a function.
    pub fn variables(&self, function: &str) -> Vec<(&'static str, String)> {
        let mut all = self.shared.clone();
        match function {
            // It has no database.
            "webhook" => {}
            "migrate" => all.push(("DATABASE_URL", self.database.admin.clone())),
            _ => all.push(("DATABASE_URL", self.database.app.clone())),
        }
        all
    }

    /// The event, with our receiver as its `ResponseURL`.
    pub fn addressed(&self, event: &Value) -> Value {
        let mut event = event.clone();
        if let Some(url) = event.get_mut(RESPONSE_URL) {
            *url = Value::from(self.receiver.url.clone());
        }
        event
    }

    /// A custom resource that does not answer blocks a deploy for an hour.
    pub fn check_answered(&self, event: &Value) -> Result<(), String> {
        if event.get(RESPONSE_URL).is_none() {
            return Ok(());
        }
        let answer = self.receiver.take().ok_or("the stack received no answer")?;
        if answer.get("Status").and_then(Value::as_str) == Some("SUCCESS") {
            return Ok(());
        }
        Err(format!("the stack received {answer}"))
    }

    pub async fn stop(self) {
        self.cloud.stop().await;
        self.mail.stop().await;
        self.services.stop().await;
    }
}

/// Creates secrets, queues, a bus and a group of schedules; returns the variables that name them.
async fn create_resources(
    services: &Services,
    cloud: &Cloud,
    mail: &MailServer,
) -> Result<Vec<(&'static str, String)>, LocalError> {
    let mut all = vec![
        ("ENVIRONMENT", "dev".to_owned()),
        ("RUST_LOG", "info".to_owned()),
        ("AWS_ENDPOINT_URL", cloud.url()),
        ("META_BASE_URL", services.sandbox.base_url()),
        ("META_API_VERSION", "v26.0".to_owned()),
        ("TIDINGS_EMAIL_PROOF", "off".to_owned()),
        ("TIDINGS_REGISTRATION", "open".to_owned()),
        ("PUBLIC_URL", "http://127.0.0.1".to_owned()),
        ("MAIL_FROM", "Tidings <noreply@tidings.invalid>".to_owned()),
        ("SMTP_HOST", "127.0.0.1".to_owned()),
        ("SMTP_PORT", mail.port.to_string()),
        ("EVENT_BUS_NAME", "tidings".to_owned()),
        ("SCHEDULE_GROUP", SCHEDULE_GROUP.to_owned()),
        ("SCHEDULER_ROLE_ARN", format!("arn:aws:iam::{ACCOUNT}:role/scheduler")),
        ("WAKE_UPS_QUEUE_ARN", format!("arn:aws:sqs:{REGION}:{ACCOUNT}:wake-ups")),
        ("SCHEDULE_DLQ_ARN", format!("arn:aws:sqs:{REGION}:{ACCOUNT}:schedule-dead-letters")),
    ];
    for (variable, value) in [
        ("META_SECRET_ARN", json!(services.meta)),
        ("JWT_SECRET_ARN", services.jwt_secret()),
        ("DATA_KEYS_SECRET_ARN", services.data_keys_secret()),
        ("SMTP_SECRET_ARN", json!({ "user": "tidings", "password": "a-mail-password" })),
    ] {
        let secret = json!({ "Name": variable.to_lowercase(), "SecretString": value.to_string() });
        let made = cloud.call("secretsmanager.CreateSecret", &secret).await?;
        all.push((variable, tidings::client::text(&made, "ARN")?.to_owned()));
    }
    for (variable, name) in [
        ("WAKE_UPS_QUEUE_URL", "wake-ups"),
        ("UPDATES_QUEUE_URL", "updates"),
        ("REFUNDS_QUEUE_URL", "refunds"),
    ] {
        let made = cloud.call("AmazonSQS.CreateQueue", &json!({ "QueueName": name })).await?;
        all.push((variable, tidings::client::text(&made, "QueueUrl")?.to_owned()));
    }
    cloud.call("AWSEvents.CreateEventBus", &json!({ "Name": "tidings" })).await?;
    cloud.make_schedule_group(SCHEDULE_GROUP).await?;
    Ok(all)
}
