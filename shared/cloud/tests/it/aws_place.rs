//! AWS as ministack has it, furnished as the template furnishes the real one.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use aws_types::SdkConfig;
use cloud::aws::Aws;
use cloud::{Cloud, Queue, Scheduled, Secret};
use testkit::ministack::Ministack;

use crate::place::{Place, Seen};

const REGION: &str = "eu-central-1";

/// An account of a test's own.
pub struct AwsPlace {
    pub aws: Aws,
    pub sdk: SdkConfig,
    sqs: Client,
    queues: HashMap<Queue, String>,
    dead_letters: HashMap<Queue, String>,
    /// Where schedules deliver to, in the place of the wake-up queue.
    fired: String,
    _ministack: Arc<Ministack>,
}

/// The environment that a function would have.
pub fn environment(endpoint: &str, account: &str) -> HashMap<String, String> {
    let variables = [
        ("AWS_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", account),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_ENDPOINT_URL", endpoint),
        ("SCHEDULE_GROUP", "tidings"),
        ("SCHEDULER_ROLE_ARN", "arn:aws:iam::000000000000:role/scheduler"),
        ("EVENT_BUS_NAME", "tidings"),
    ];
    variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// AWS with that environment.
pub fn aws(environment: HashMap<String, String>) -> Aws {
    Aws::new(move |variable| environment.get(variable).cloned()).unwrap()
}

impl AwsPlace {
    pub async fn new() -> Option<Self> {
        let ministack = tokio::task::spawn_blocking(Ministack::shared).await.unwrap()?;
        let account = Ministack::new_account();
        let mut environment = environment(ministack.endpoint(), &account);
        let sdk = aws(environment.clone()).sdk().clone();
        let sqs = Client::new(&sdk);
        let (mut queues, mut dead_letters) = (HashMap::new(), HashMap::new());
        for queue in Queue::ALL {
            queues.insert(queue, make_queue(&sqs, queue.name()).await);
            dead_letters.insert(queue, make_queue(&sqs, &format!("{}-dead", queue.name())).await);
        }
        let fired = make_queue(&sqs, "fired").await;
        let dead = make_queue(&sqs, "schedule-dead").await;
        make_schedule_group(&sdk).await;
        make_bus(&sdk, &arn(&sqs, &queues[&Queue::Mail]).await).await;
        let names = [
            ("WAKE_UPS_QUEUE_URL", queues[&Queue::WakeUps].clone()),
            ("UPDATES_QUEUE_URL", queues[&Queue::Updates].clone()),
            ("REFUNDS_QUEUE_URL", queues[&Queue::Refunds].clone()),
            ("MAIL_QUEUE_URL", queues[&Queue::Mail].clone()),
            ("UPDATES_DLQ_URL", dead_letters[&Queue::Updates].clone()),
            ("MAIL_DLQ_URL", dead_letters[&Queue::Mail].clone()),
            ("WAKE_UPS_QUEUE_ARN", arn(&sqs, &fired).await),
            ("SCHEDULE_DLQ_ARN", arn(&sqs, &dead).await),
            ("META_SECRET_ARN", make_secret(&sdk, Secret::Meta).await),
            ("JWT_SECRET_ARN", make_secret(&sdk, Secret::Jwt).await),
            ("DATA_KEYS_SECRET_ARN", make_secret(&sdk, Secret::DataKeys).await),
            ("SMTP_SECRET_ARN", make_secret(&sdk, Secret::Smtp).await),
            ("DATABASE_PASSWORD", make_secret(&sdk, Secret::Database).await),
        ];
        environment.extend(names.map(|(name, value)| (name.to_owned(), value)));
        Some(Self { aws: aws(environment), sdk, sqs, queues, dead_letters, fired, _ministack: ministack })
    }

    async fn take_from(&self, url: &str) -> Vec<Message> {
        let client = &self.sqs;
        let receive = client
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(10)
            .message_attribute_names("All")
            .message_system_attribute_names(MessageSystemAttributeName::All);
        let messages = receive.send().await.unwrap().messages.unwrap_or_default();
        for message in &messages {
            let delete = client.delete_message().queue_url(url);
            delete.set_receipt_handle(message.receipt_handle.clone()).send().await.unwrap();
        }
        messages
    }
}

#[async_trait]
impl Place for AwsPlace {
    fn name(&self) -> &'static str {
        "AWS"
    }

    fn cloud(&self) -> Cloud {
        self.aws.cloud()
    }

    async fn take(&self, queue: Queue) -> Vec<Seen> {
        let seen = |message: Message| Seen {
            group: message
                .attributes()
                .and_then(|attributes| attributes.get(&MessageSystemAttributeName::MessageGroupId))
                .cloned(),
            traceparent: message
                .message_attributes()
                .and_then(|attributes| attributes.get("traceparent")?.string_value.clone()),
            body: message.body.unwrap(),
        };
        self.take_from(&self.queues[&queue]).await.into_iter().map(seen).collect()
    }

    async fn hold(&self, queue: Queue) -> Vec<(String, String)> {
        let receive = self.sqs.receive_message().queue_url(&self.queues[&queue]).max_number_of_messages(10);
        let messages = receive.send().await.unwrap().messages.unwrap_or_default().into_iter();
        messages.map(|message| (message.receipt_handle.unwrap(), message.body.unwrap())).collect()
    }

    async fn delete(&self, queue: Queue, receipt: &str) {
        let delete = self.sqs.delete_message().queue_url(&self.queues[&queue]);
        delete.receipt_handle(receipt).send().await.unwrap();
    }

    async fn has_dead_letter(&self, queue: Queue, body: &str, reason: &str) -> bool {
        let messages = self.take_from(&self.dead_letters[&queue]).await;
        let of = |message: &Message| {
            let attributes = message.message_attributes();
            attributes.and_then(|attributes| attributes.get("reason")?.string_value.clone())
        };
        matches!(messages.as_slice(), [one] if one.body() == Some(body) && of(one).as_deref() == Some(reason))
    }

    async fn fired(&self) -> Vec<Scheduled> {
        let messages = self.take_from(&self.fired).await.into_iter();
        messages.map(|message| serde_json::from_str(&message.body.unwrap()).unwrap()).collect()
    }
}

async fn make_queue(sqs: &Client, name: &str) -> String {
    let made = sqs.create_queue().queue_name(name).send().await.unwrap();
    made.queue_url.unwrap()
}

async fn arn(sqs: &Client, url: &str) -> String {
    let ask = sqs.get_queue_attributes().queue_url(url);
    let attributes = ask.attribute_names(QueueAttributeName::QueueArn).send().await.unwrap().attributes;
    attributes.unwrap()[&QueueAttributeName::QueueArn].clone()
}

async fn make_schedule_group(sdk: &SdkConfig) {
    let client = aws_sdk_scheduler::Client::new(sdk);
    client.create_schedule_group().name("tidings").send().await.unwrap();
}

/// The bus, and its rule: what is about a person goes to the mail queue.
async fn make_bus(sdk: &SdkConfig, mail: &str) {
    let client = aws_sdk_eventbridge::Client::new(sdk);
    client.create_event_bus().name("tidings").send().await.unwrap();
    let rule = client.put_rule().name("mail").event_bus_name("tidings");
    let pattern = r#"{"source":["tidings"],"detail-type":["EmailQueued","TenantProvisioned","UserInvited","BalanceLow"]}"#;
    rule.event_pattern(pattern).send().await.unwrap();
    let target = aws_sdk_eventbridge::types::Target::builder().id("mail").arn(mail).input_path("$.detail");
    let targets = client.put_targets().rule("mail").event_bus_name("tidings");
    targets.targets(target.build().unwrap()).send().await.unwrap();
}

async fn make_secret(sdk: &SdkConfig, secret: Secret) -> String {
    let client = aws_sdk_secretsmanager::Client::new(sdk);
    let made = client.create_secret().name(secret.name()).secret_string("{}").send().await.unwrap();
    made.arn.unwrap()
}
