//! What stands around a bootstrap: a migrated database, Meta's sandbox, queues, secrets, and who answers are told to.

use cluster::Fetch;
use serde_json::{Value, json};

use crate::deploy_check::aws::Cloud;
use crate::deploy_check::emulator::events;
use crate::deploy_check::emulator::receiver::Receiver;
use crate::deploy_check::ground::{Ground, Urls};
use crate::deploy_check::letters::Letters;
use crate::deploy_check::site::{REGION, Site};
use tidings::error::LocalError;

const ACCOUNT: &str = "000000000000";
const SCHEDULE_GROUP: &str = "tidings";
const RESPONSE_URL: &str = "ResponseURL";

/// All of it.
pub(crate) struct World {
    ground: Ground,
    cloud: Cloud,
    letters: Letters,
    receiver: Receiver,
    database: Urls,
    shared: Vec<(&'static str, String)>,
}

impl World {
    /// Starts everything.
    pub async fn start(site: &Site, fetch: Fetch) -> Result<Self, LocalError> {
        let ground = Ground::start(site, fetch, (events::meta_app(&site.root)?, None)).await?;
        let database = ground.database("emulated").await?;
        tidings::database::migrate(&database.admin).await?;
        let cloud = Cloud::start(site, "emulator-cloud").await?;
        let letters = Letters::start(site, "emulator-letters").await?;
        let shared = furnish(&ground, &cloud, &letters).await?;
        Ok(Self { ground, cloud, letters, receiver: Receiver::listen().await?, database, shared })
    }

    /// What a function is told by its environment.
    pub fn environment(&self, function: &str) -> Vec<(&'static str, String)> {
        let mut all = self.shared.clone();
        match function {
            // It has no database, wherever it runs.
            "webhook" => {}
            "migrate" => all.push(("DATABASE_URL", self.database.admin.clone())),
            _ => all.push(("DATABASE_URL", self.database.app.clone())),
        }
        all
    }

    /// The event, with our address where it says where the answer is to be put.
    pub fn addressed(&self, event: &Value) -> Value {
        let mut event = event.clone();
        if let Some(url) = event.get_mut(RESPONSE_URL) {
            *url = Value::from(self.receiver.url.clone());
        }
        event
    }

    /// A custom resource that does not put an answer keeps a deploy waiting for an hour.
    pub fn was_told(&self, event: &Value) -> Result<(), String> {
        if event.get(RESPONSE_URL).is_none() {
            return Ok(());
        }
        let told = self.receiver.take().ok_or("the stack was told nothing")?;
        if told.get("Status").and_then(Value::as_str) == Some("SUCCESS") {
            return Ok(());
        }
        Err(format!("the stack was told {told}"))
    }

    /// Ends everything.
    pub async fn stop(self) {
        self.cloud.stop().await;
        self.letters.stop().await;
        self.ground.stop().await;
    }
}

/// Secrets, queues, a bus and a group of schedules; gives the variables that name them.
async fn furnish(
    ground: &Ground,
    cloud: &Cloud,
    letters: &Letters,
) -> Result<Vec<(&'static str, String)>, LocalError> {
    let mut all = vec![
        ("ENVIRONMENT", "dev".to_owned()),
        ("RUST_LOG", "info".to_owned()),
        ("AWS_ENDPOINT_URL", cloud.url()),
        ("META_BASE_URL", ground.sandbox.base_url()),
        ("META_API_VERSION", "v26.0".to_owned()),
        ("PUBLIC_URL", "http://127.0.0.1".to_owned()),
        ("MAIL_FROM", "Tidings <noreply@tidings.invalid>".to_owned()),
        ("SMTP_HOST", "127.0.0.1".to_owned()),
        ("SMTP_PORT", letters.port.to_string()),
        ("EVENT_BUS_NAME", "tidings".to_owned()),
        ("SCHEDULE_GROUP", SCHEDULE_GROUP.to_owned()),
        ("SCHEDULER_ROLE_ARN", format!("arn:aws:iam::{ACCOUNT}:role/scheduler")),
        ("DISPATCH_ARN", format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:dispatch")),
        ("SCHEDULE_DLQ_ARN", format!("arn:aws:sqs:{REGION}:{ACCOUNT}:schedule-dead-letters")),
    ];
    for (variable, value) in [
        ("META_SECRET_ARN", json!(ground.meta)),
        ("JWT_SECRET_ARN", ground.jwt_secret()),
        ("DATA_KEYS_SECRET_ARN", ground.data_keys_secret()),
        ("SMTP_SECRET_ARN", json!({ "user": "tidings", "password": "a-letter-needs-a-sender" })),
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
