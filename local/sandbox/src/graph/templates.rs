//! Templates: created and reviewed at once, listed in pages, deleted; edited and unpaused in a file of their own.
//!
//! The answer to a creation says what the review said, `APPROVED` unless `POST /sandbox/reviews` told otherwise; the
//! webhook about it follows all the same. The name of a deleted template that people may have got messages from is
//! not free again for 30 days.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::Uri;
use serde_json::{Value, json};

use super::numbers::Ids;
use super::oauth::json_body;
use super::paging::{self, Element};
use super::{Business, GraphError};
use crate::clock;
use crate::digest;
use crate::record::{News, Record, Update};
use crate::sandbox::Sandbox;
use crate::template::check::Proposal;
use crate::template::{Template, TemplateStatus};
use crate::world::World;

mod edit;

pub(crate) use edit::{components_news, edit, unpause};

/// Templates that one call may delete by their ids (Meta: changelog of December 2025).
const DELETIONS_MAX: usize = 100;

/// `POST /{waba}/message_templates`.
pub(crate) async fn create(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): Ids,
    body: Bytes,
) -> Result<Json<Value>, GraphError> {
    caller.waba(&id, "post")?;
    let proposal = Proposal::read(&json_body(&body)?)?;
    let template = make(&sandbox, &id, proposal).await?;
    Ok(Json(json!({ "id": template.id, "status": template.status, "category": template.category })))
}

/// `POST /{waba}/upsert_message_templates`: one authentication template in several languages, new or renewed.
pub(crate) async fn upsert(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): Ids,
    body: Bytes,
) -> Result<Json<Value>, GraphError> {
    caller.waba(&id, "post")?;
    let mut data = Vec::new();
    for proposal in Proposal::read_many(&json_body(&body)?)? {
        let known = sandbox.world().template_named(&id, &proposal.name, &proposal.language);
        let template = match known {
            Some(known) => edit::replace(&sandbox, &known.0.id, proposal.content).await?,
            None => make(&sandbox, &id, proposal).await?,
        };
        data.push(json!({ "id": template.id, "status": template.status, "language": template.language }));
    }
    Ok(Json(json!({ "data": data })))
}

/// Makes a template, unless its name is taken or the account is full.
async fn make(sandbox: &Sandbox, waba_id: &str, proposal: Proposal) -> Result<Template, GraphError> {
    let now = clock::now_ms();
    let made = sandbox
        .commit(|world| {
            check_free(world, waba_id, &proposal, now)?;
            let serial = world.next_template();
            let content = proposal.content;
            let template = Template {
                id: digest::object_id(&["template", waba_id, &serial.to_string()]),
                serial,
                waba_id: waba_id.to_owned(),
                name: proposal.name,
                language: proposal.language,
                category: content.category,
                named: content.named,
                components: content.components,
                status: world.review.status,
                reason: world.review.reason.clone(),
                quality: None,
                previous_category: None,
                correct_category: None,
                message_send_ttl_seconds: content.message_send_ttl_seconds,
                updated_ms: now,
                edits_ms: Vec::new(),
            };
            // A template that still waits has nothing to tell.
            let told = (template.status != TemplateStatus::Pending).then(|| template.news());
            let updates = tell(sandbox, world, waba_id, told.into_iter().collect());
            Ok::<_, GraphError>((Some(Record::Template { template: template.clone(), updates }), template))
        })
        .await?;
    sandbox.queued.notify_one();
    Ok(made)
}

/// The updates about news, when somebody listens and they follow by themselves.
fn tell(sandbox: &Sandbox, world: &World, waba_id: &str, news: Vec<News>) -> Vec<Update> {
    let heard = world.account(waba_id).is_some_and(|account| sandbox.is_heard(&account));
    if !world.auto.on || !heard {
        return Vec::new();
    }
    let told_ms = clock::now_ms() + world.auto.delay_ms;
    (0..).zip(news).map(|(place, one)| world.update(place, told_ms, one)).collect()
}

fn check_free(world: &World, waba_id: &str, proposal: &Proposal, now: u64) -> Result<(), GraphError> {
    let (name, language) = (&proposal.name, &proposal.language);
    if world.template_named(waba_id, name, language).is_some() {
        let words = format!("There is already {language} content for this template.");
        return Err(GraphError::template(2_388_024, "Content in this language already exists", words));
    }
    if world.is_locked(waba_id, name, language, now) {
        let words = format!("New {language} content cannot be added while the deleted one is being removed.");
        return Err(GraphError::template(2_388_023, "Message template language is being deleted", words));
    }
    if world.templates_of(waba_id).count() >= world.limits.templates {
        let words = "The account has as many templates as it may have.";
        return Err(GraphError::template(2_388_019, "Message template limit exceeded", words));
    }
    Ok(())
}

/// `GET /{waba}/message_templates`: newest first, with cursors, and `next` while there is more.
pub(crate) async fn list(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): Ids,
    uri: Uri,
) -> Result<Json<Value>, GraphError> {
    caller.waba(&id, "get")?;
    let query = &caller.query;
    let fits = |template: &&Template| {
        let same = |key: &str, value: &str| {
            query
                .get(key)
                .is_none_or(|asked| asked.split(',').any(|one| one.trim().eq_ignore_ascii_case(value)))
        };
        let said = |text: &str| json!(template.components).to_string().contains(text);
        let score = template.quality.map_or_else(|| json!("UNKNOWN"), |score| json!(score));
        same("name", &template.name)
            && same("language", &template.language)
            && same("category", &template.category)
            && same("status", template.status.as_str())
            && same("quality_score", score.as_str().unwrap_or_default())
            && query.get("content").is_none_or(|asked| said(asked))
            && query.get("name_or_content").is_none_or(|asked| template.name.contains(asked) || said(asked))
    };
    let fields = query.get("fields").map(String::as_str);
    let world = sandbox.world();
    let fitting = world.templates_of(&id).rev().filter(fits);
    let all: Vec<Element> =
        fitting.map(|one| Element { serial: one.serial, shown: one.view(fields) }).collect();
    drop(world);
    Ok(Json(paging::page(&sandbox.app.base_url, &uri, query, all)?))
}

/// `DELETE /{waba}/message_templates`: `name` alone takes every language, with `hsm_id` the one; `hsm_ids` a list.
pub(crate) async fn delete(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): Ids,
) -> Result<Json<Value>, GraphError> {
    caller.waba(&id, "delete")?;
    let asked = |key: &str| caller.query.get(key).map(String::as_str).filter(|value| !value.is_empty());
    let chosen = match (asked("hsm_ids"), asked("name")) {
        (Some(ids), _) => Chosen::Ids(read_ids(ids)?),
        (None, Some(name)) => Chosen::Name(name, asked("hsm_id")),
        (None, None) => return Err(GraphError::parameter("The parameter name is required.")),
    };
    sandbox
        .commit(|world| {
            let meant: Vec<&Template> = world.templates_of(&id).filter(|one| chosen.means(one)).collect();
            let complete = match &chosen {
                Chosen::Ids(ids) => meant.len() == ids.len(),
                Chosen::Name(..) => !meant.is_empty(),
            };
            if !complete {
                let words = "No message template was found under this name or id.";
                return Err(GraphError::template(2_593_002, "Message template not found", words));
            }
            if meant.iter().any(|template| template.status == TemplateStatus::Disabled) {
                // Meta's subcode for this is not known; 2388094 is that of its own samples.
                let refused = GraphError::of(400, 100).saying("Invalid parameter");
                let words = "A disabled template cannot be deleted.";
                return Err(refused.told("Message template cannot be deleted", words));
            }
            let gone =
                |template: &&Template| Template { status: TemplateStatus::Deleted, ..(*template).clone() };
            let news = meant.iter().map(|template| gone(template).news()).collect();
            let updates = tell(&sandbox, world, &id, news);
            let ids = meant.iter().map(|template| template.id.clone()).collect();
            Ok((Some(Record::TemplatesDeleted { ids, at_ms: clock::now_ms(), updates }), ()))
        })
        .await?;
    sandbox.queued.notify_one();
    Ok(Json(json!({ "success": true })))
}

/// Which templates a deletion is about.
enum Chosen<'a> {
    Ids(Vec<String>),
    Name(&'a str, Option<&'a str>),
}

impl Chosen<'_> {
    fn means(&self, template: &Template) -> bool {
        match self {
            Self::Ids(ids) => ids.contains(&template.id),
            Self::Name(name, one) => template.name == *name && one.is_none_or(|one| one == template.id),
        }
    }
}

/// A JSON list of ids, as numbers or as texts.
fn read_ids(given: &str) -> Result<Vec<String>, GraphError> {
    let list: Vec<Value> = serde_json::from_str(given)
        .map_err(|error| GraphError::parameter(&format!("Param hsm_ids must be an array: {error}")))?;
    let id = |one: Value| one.as_str().map_or_else(|| one.to_string(), str::to_owned);
    let mut ids: Vec<String> = list.into_iter().map(id).collect();
    ids.sort_unstable();
    ids.dedup();
    if (1..=DELETIONS_MAX).contains(&ids.len()) {
        return Ok(ids);
    }
    Err(GraphError::parameter("Param hsm_ids must hold 1 to 100 ids."))
}
