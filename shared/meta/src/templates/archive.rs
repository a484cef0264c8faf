//! Archiving and unarchiving templates (Meta: template archival). Meta archives templates that were not used for twelve
//! months, and deletes them 28 days later.

use std::collections::BTreeMap;

use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::{Client, Part, object, word};
use crate::error::CallError;
use crate::wire::Id;

/// The result for each template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Archived {
    /// Ids of the templates that were moved.
    pub done: Vec<String>,
    /// Ids of the others, each with Meta's reason.
    pub failed: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct ArchiveResponse {
    #[serde(default, alias = "unarchived_templates")]
    archived_templates: Vec<Id>,
    /// An object from id to reason; an empty list when there are none.
    #[serde(default)]
    failed_templates: Value,
}

impl ArchiveResponse {
    fn read(self) -> Archived {
        let words = |why: &Value| why.as_str().map_or_else(|| why.to_string(), str::to_owned);
        let failed = self.failed_templates.as_object().into_iter().flatten();
        Archived {
            done: self.archived_templates.into_iter().map(String::from).collect(),
            failed: failed.map(|(id, why)| (id.clone(), words(why))).collect(),
        }
    }
}

impl Client {
    /// Archives templates (`POST /{waba}/message_templates/archive`): at most
    /// [`TEMPLATES_PER_CALL_MAX`](super::TEMPLATES_PER_CALL_MAX), approved or rejected ones.
    pub async fn archive_templates(
        &self,
        token: &SecretString,
        waba: &str,
        ids: &[String],
    ) -> Result<Archived, CallError> {
        self.move_templates(token, [object(waba)?, word("message_templates"), word("archive")], ids).await
    }

    /// Unarchives templates within 28 days (`POST /{waba}/message_templates/unarchive`), with their former status.
    pub async fn unarchive_templates(
        &self,
        token: &SecretString,
        waba: &str,
        ids: &[String],
    ) -> Result<Archived, CallError> {
        self.move_templates(token, [object(waba)?, word("message_templates"), word("unarchive")], ids).await
    }

    async fn move_templates(
        &self,
        token: &SecretString,
        path: [Part<'_>; 3],
        ids: &[String],
    ) -> Result<Archived, CallError> {
        let request =
            self.authorized_at_api_host(Method::POST, &path, token).json(&json!({ "hsm_ids": ids }));
        Ok(self.call::<ArchiveResponse>(request).await?.read())
    }
}
