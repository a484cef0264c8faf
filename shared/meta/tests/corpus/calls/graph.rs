//! Chooses and makes the call for a request of the corpus.

use std::sync::LazyLock;
use std::time::Duration;

use domain::{PhoneNumberId, Wamid};
use meta::templates::{TemplateQuery, TemplateSelection};
use meta::{CallError, Client, Config, PageQuery};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{answers, list, maybe, message, new_template, text};
use crate::errors::replies;
use crate::events;
use crate::server::{APP_ID, APP_SECRET, Call, Server};

pub(super) static TOKEN: LazyLock<SecretString> = LazyLock::new(|| "token".into());

/// What was read, in the corpus' words, or what our types cannot express.
pub(super) type Read = Result<Vec<Value>, String>;

/// One request of the corpus, and a server that gives Meta's answer.
pub(super) struct Replay<'a> {
    case: &'a Value,
    request: &'a Value,
    response: &'a Value,
    server: Server,
    client: Client,
    app: (String, String),
}

impl<'a> Replay<'a> {
    pub(super) async fn start(case: &'a Value, exchange: &'a Value) -> Self {
        let request = &exchange["request"];
        let server = Server::answering(replies(exchange, 1)).await;
        let app_id = maybe(&request["query"]["client_id"]).unwrap_or_else(|| APP_ID.to_owned());
        let app_secret = maybe(&request["query"]["client_secret"]).unwrap_or_else(|| APP_SECRET.to_owned());
        let config = Config {
            base_url: format!("http://{}", server.address),
            version: "v26.0".to_owned(),
            app_id: app_id.clone(),
            app_secret: app_secret.clone().into(),
            call_timeout: Duration::from_secs(20),
        };
        let client = Client::new(config).expect("a valid configuration");
        let response = &exchange["response"];
        Self { case, request, response, server, client, app: (app_id, app_secret) }
    }

    pub(super) fn app(&self) -> (&str, &str) {
        (&self.app.0, &self.app.1)
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn case(&self) -> &Value {
        self.case
    }

    pub(super) fn body(&self) -> &Value {
        &self.request["body"]
    }

    /// The request that arrived.
    pub(super) fn sent(&self) -> Option<Call> {
        self.server.calls().into_iter().next()
    }

    pub(super) fn query(&self, key: &str) -> Option<&str> {
        self.request["query"][key].as_str()
    }

    /// The requested fields.
    pub(super) fn fields(&self) -> Vec<&str> {
        self.query("fields").map(|fields| fields.split(',').collect()).unwrap_or_default()
    }

    fn ids(&self, key: &str) -> Vec<String> {
        let ids = self.query(key).unwrap_or_default().trim_matches(['[', ']']);
        ids.split(',').map(str::to_owned).collect()
    }

    pub(super) fn expects(&self, kind: &str) -> bool {
        events(self.case, kind).next().is_some()
    }

    /// The events of a call's result. When the corpus has no answer the result does not matter.
    pub(super) fn events_of<T>(
        &self,
        answer: Result<T, CallError>,
        read: impl FnOnce(T) -> Vec<Value>,
    ) -> Read {
        match answer {
            Ok(answer) => Ok(read(answer)),
            Err(_) if self.response.is_null() => Ok(Vec::new()),
            Err(error) => Err(error.to_string()),
        }
    }

    pub(super) fn done(&self, answer: Result<(), CallError>) -> Read {
        self.events_of(answer, |()| vec![json!({"event": "ok"})])
    }

    /// [`None`] for a call that the client does not have.
    pub(super) async fn perform(&self) -> Option<Read> {
        let path = self.request["path"].as_str().unwrap_or_default();
        let path: Vec<&str> = path.split('/').skip(2).collect();
        let method = self.request["method"].as_str().unwrap_or_default();
        match (method, path.as_slice()) {
            (_, [number, "messages"]) => Some(self.send(number).await),
            (method, [waba, edges @ ..]) if edges.iter().any(|edge| edge.contains("message_template")) => {
                self.templates(method, waba, edges).await
            }
            (method, [node, edge]) => match self.number_edge(method, node, edge).await {
                Some(read) => Some(read),
                None => self.account_edge(method, node, edge).await,
            },
            ("GET", ["debug_token"]) => {
                let info =
                    self.client.debug_token(&self.query("input_token").unwrap_or_default().into()).await;
                Some(self.events_of(info, |info| vec![answers::token(&info)]))
            }
            ("GET", [node]) => self.get(node).await,
            ("POST", [node]) => self.change(node).await,
            _ => None,
        }
    }

    async fn send(&self, number: &str) -> Read {
        let (body, number) = (&self.request["body"], PhoneNumberId(number.to_owned()));
        if !body["status"].is_null() {
            let message = Wamid(text(&body["message_id"]));
            let is_typing = !body["typing_indicator"].is_null();
            return self.done(self.client.mark_read(&TOKEN, &number, &message, is_typing).await);
        }
        let answer = self.client.send(&TOKEN, &number, &message::message(body)?).await;
        Ok(answer.accepted.iter().map(answers::accepted).collect())
    }

    async fn templates(&self, method: &str, waba: &str, edges: &[&str]) -> Option<Read> {
        let (client, body) = (&self.client, &self.request["body"]);
        Some(match (method, edges) {
            ("POST", ["message_templates"]) if !body["library_template_name"].is_null() => return None,
            ("POST", ["message_templates"]) => match new_template::new_template(body) {
                Err(why) => Err(why),
                Ok(new) => {
                    let state = client.create_template(&TOKEN, waba, &new).await;
                    self.events_of(state, |state| vec![answers::created(&state)])
                }
            },
            ("GET", ["message_templates"]) => self.list_templates(waba).await,
            ("DELETE", ["message_templates"]) => {
                let ids = self.ids("hsm_ids");
                let name = self.query("name").unwrap_or_default();
                let selection = match (self.query("hsm_id"), self.query("hsm_ids")) {
                    (Some(id), _) => TemplateSelection::One { id, name },
                    (None, Some(_)) => TemplateSelection::Ids(&ids),
                    (None, None) => TemplateSelection::Name(name),
                };
                self.done(client.delete_templates(&TOKEN, waba, selection).await)
            }
            ("POST", ["message_templates", way]) => {
                let ids: Vec<String> = list(&body["hsm_ids"]).map(text).collect();
                let moved = if *way == "archive" {
                    client.archive_templates(&TOKEN, waba, &ids).await
                } else {
                    client.unarchive_templates(&TOKEN, waba, &ids).await
                };
                let event = events(self.case, "archive_result").next();
                self.events_of(moved, |moved| vec![answers::archived(&moved, event)])
            }
            _ => return None,
        })
    }

    async fn list_templates(&self, waba: &str) -> Read {
        let fields = self.fields();
        let limit = self.query("limit").and_then(|limit| limit.parse().ok());
        let query = TemplateQuery {
            page: PageQuery { fields: &fields, limit, after: self.query("after") },
            name: self.query("name"),
            name_or_content: self.query("name_or_content"),
            content: self.query("content"),
            language: self.query("language"),
            status: self.query("status"),
            category: self.query("category"),
            quality_score: self.query("quality_score"),
        };
        let page = self.client.list_templates(&TOKEN, waba, &query).await;
        self.events_of(page, |page| vec![answers::templates(&page, self.response)])
    }

    /// The expectation shows what kind of node it is.
    async fn get(&self, node: &str) -> Option<Read> {
        let (client, fields) = (&self.client, self.fields());
        let number = PhoneNumberId(node.to_owned());
        if self.expects("health") {
            let health = client.health(&TOKEN, node).await;
            return Some(self.events_of(health, |health| vec![answers::health(&health)]));
        }
        if self.expects("waba") {
            let account = client.account(&TOKEN, node, &fields).await;
            return Some(self.events_of(account, |account| answers::accounts(&[account])));
        }
        if self.expects("template") || self.expects("template_quality") {
            let template = client.template(&TOKEN, node, &fields).await;
            let read =
                if self.expects("template_quality") { answers::quality } else { answers::template_alone };
            return Some(self.events_of(template, |template| vec![read(&template)]));
        }
        if !self.expects("phone_number") {
            return None;
        }
        let read = client.number(&TOKEN, &number, &fields).await;
        let event = events(self.case, "phone_number").next();
        Some(self.events_of(read, |read| vec![answers::number(&read, event)]))
    }

    async fn change(&self, node: &str) -> Option<Read> {
        let (client, body) = (&self.client, &self.request["body"]);
        let is_edit =
            ["category", "components", "message_send_ttl_seconds"].iter().any(|key| !body[*key].is_null());
        if !is_edit {
            return None;
        }
        Some(match new_template::edit(body) {
            Err(why) => Err(why),
            Ok(edit) => self.done(client.edit_template(&TOKEN, node, &edit).await),
        })
    }
}
