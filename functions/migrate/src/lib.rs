//! Brings a deployment to the present schema: as a step of the stack, on invoke, and as a command on one machine.
//!
//! Beside the schema it makes what a first deploy lacks: the missing keys, and a super admin. It can be run again at any
//! time; what exists stays. It also carries out operators' commands, because it has the database's role for them.

mod stack;

use std::time::Duration;

use api::tokens::{BadKey, Keys};
use cloud::{CloudError, Reloadable, Secret, Secrets};
use domain::{Clock, SystemAct};
use jiff::Timestamp;
use ops::kernel::cipher::{KeyRing, TokenCipher};
use ops::operators::{self, Answer, OperatorError};
use ops::tenants::owner::{OwnerError, invite_super_admin};
use secrecy::{ExposeSecret, SecretString};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::sync::Arc;
use store::migrate::{self, Migrated, Session, Status, status};
use store::{Access, Config, Store, StoreError};
use thiserror::Error;

pub use stack::{Properties, StackRequest};

/// How long a transaction waits for a connection.
const CONNECTION_WAIT: Duration = Duration::from_secs(10);

/// What the deployed function works with.
#[derive(Clone)]
pub struct Migrator {
    /// The database, as a user who owns it.
    pub access: Access,
    /// Where the keys are.
    pub secrets: Arc<dyn Secrets>,
    /// The time.
    pub clock: Clock,
}

/// A request to the function.
#[derive(Clone, Debug)]
pub enum Request {
    /// By CloudFormation, as a custom resource.
    ByStack(StackRequest),
    /// By an operator who invokes it.
    ByCommand(Command),
    /// By an operator, about tenants and messages.
    ByOperator(operators::Command),
}

/// The members of a request decide which it is, so that an error names what is wrong with it.
impl<'de> Deserialize<'de> for Request {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let request = Value::deserialize(deserializer)?;
        let read = if request.get("RequestType").is_some() {
            serde_json::from_value(request).map(Self::ByStack)
        } else if request.get("command").and_then(Value::as_str).is_some_and(Command::is_named) {
            serde_json::from_value(request).map(Self::ByCommand)
        } else {
            serde_json::from_value(request).map(Self::ByOperator)
        };
        read.map_err(D::Error::custom)
    }
}

/// What an operator can invoke it for, about the deployment.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Command {
    /// Everything.
    Migrate {
        /// The super admin to be.
        admin_email: Option<String>,
    },
    /// Which migrations are there.
    Status,
}

impl Command {
    fn is_named(name: &str) -> bool {
        ["migrate", "status"].contains(&name)
    }
}

/// What it did, or found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Done {
    /// After a migration.
    Deployed(Deployed),
    /// After a look.
    Status(Status),
    /// CloudFormation has its answer.
    Answered,
    /// Of an operator's command.
    Operator(Box<Answer>),
}

/// What a deploy changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployed {
    /// Migrations that were applied.
    pub applied: Vec<String>,
    /// Keys that were made.
    pub keys: Vec<&'static str>,
    /// Whether a link for the super admin was promised.
    pub is_admin_invited: bool,
}

/// Why something could not be done. What was done until then stays, and is found done the next time.
#[derive(Debug, Error)]
pub enum MigrateError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A secret.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// A key.
    #[error(transparent)]
    Key(#[from] BadKey),
    /// A key again.
    #[error("a key could not be written as JSON")]
    Json(#[from] serde_json::Error),
    /// The super admin.
    #[error("the super admin could not be invited: {0}")]
    Owner(#[from] OwnerError),
    #[error(transparent)]
    Operator(#[from] OperatorError),
    #[error("CloudFormation could not be answered")]
    Answer(#[from] reqwest::Error),
    /// It takes longer than the function lives.
    #[error("the function's time is over before this is done; invoke it again to go on")]
    Late,
}

/// Applies what is missing, as a user who owns the database.
pub async fn run(access: &Access) -> Result<Migrated, StoreError> {
    migrate::migrate(access).await
}

impl Migrator {
    /// Carries out a request, and ends by `until`.
    pub async fn handle(&self, request: Request, until: Timestamp) -> Result<Done, MigrateError> {
        match request {
            Request::ByStack(request) => {
                stack::answer(self, request, until).await?;
                Ok(Done::Answered)
            }
            Request::ByCommand(Command::Migrate { admin_email }) => {
                self.deploy(admin_email.as_deref(), until).await.map(Done::Deployed)
            }
            Request::ByCommand(Command::Status) => Ok(Done::Status(status(&self.access).await?)),
            Request::ByOperator(command) => {
                let answer = self.within(until, self.operate(&command)).await?;
                Ok(Done::Operator(Box::new(answer)))
            }
        }
    }

    async fn deploy(&self, admin: Option<&str>, until: Timestamp) -> Result<Deployed, MigrateError> {
        self.within(until, self.deploy_all(admin)).await
    }

    async fn within<T>(
        &self,
        until: Timestamp,
        work: impl Future<Output = Result<T, MigrateError>>,
    ) -> Result<T, MigrateError> {
        let left = Duration::try_from(until.duration_since(self.clock.now())).unwrap_or_default();
        tokio::time::timeout(left, work).await.map_err(|_elapsed| MigrateError::Late)?
    }

    /// Carries out an operator's command as the owner of the database, which may take the role that sees all tenants.
    async fn operate(&self, command: &operators::Command) -> Result<Answer, MigrateError> {
        let keys = if command.needs_keys() {
            let text = self.secrets.read(Secret::DataKeys).await?;
            let wrong = |why| CloudError::new(format!("the secret {} {why}", Secret::DataKeys.name()));
            KeyRing::from_json(text.expose_secret()).map_err(wrong)?
        } else {
            KeyRing::empty()
        };
        let cipher = TokenCipher::new(Reloadable::fixed(keys));
        let store = self.owners_store()?;
        let act =
            SystemAct { trace: cloud::trace::current().map(String::from), ..SystemAct::at(self.clock.now()) };
        let answer = operators::perform(&store, &cipher, &act, command).await;
        store.close();
        Ok(answer?)
    }

    fn owners_store(&self) -> Result<Store, StoreError> {
        let config = Config { access: self.access.clone(), connections_max: 1, wait: CONNECTION_WAIT };
        Store::of_owner(&config)
    }

    /// One deploy at a time: of two that find a key missing, the second would replace the key of the first.
    async fn deploy_all(&self, admin: Option<&str>) -> Result<Deployed, MigrateError> {
        migrate::alone(&self.access, |session| self.deploy_alone(session, admin)).await
    }

    async fn deploy_alone(
        &self,
        mut session: Session,
        admin: Option<&str>,
    ) -> Result<Deployed, MigrateError> {
        let mut deployed = Deployed::default();
        // Keys first: a function that starts before them would have to be started again.
        if self.is_missing(Secret::Jwt, "signing").await? {
            self.secrets.write(Secret::Jwt, &SecretString::from(Keys::new_json()?)).await?;
            deployed.keys.push(Secret::Jwt.name());
        }
        if self.is_missing(Secret::DataKeys, "current").await? {
            self.secrets.write(Secret::DataKeys, &SecretString::from(KeyRing::new_json()?)).await?;
            deployed.keys.push(Secret::DataKeys.name());
        }
        deployed.applied = session.migrate().await?.applied;
        if let Some(email) = admin.filter(|email| !email.trim().is_empty()) {
            let store = self.owners_store()?;
            deployed.is_admin_invited = invite_super_admin(&store, email, self.clock.now()).await?;
            store.close();
        }
        Ok(deployed)
    }

    /// A key that exists is never replaced: what it encrypted would be lost.
    async fn is_missing(&self, secret: Secret, member: &str) -> Result<bool, CloudError> {
        let text = self.secrets.read(secret).await?;
        let written: Value = serde_json::from_str(text.expose_secret())
            .map_err(|_quotes| CloudError::new(format!("the secret {} is not JSON", secret.name())))?;
        Ok(written.get(member).is_none_or(Value::is_null))
    }
}
