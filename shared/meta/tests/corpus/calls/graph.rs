//! Which call a request of the corpus is, and the making of it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{PhoneNumberId, Wamid};
use jiff::Timestamp;
use meta::{
    CallError, CallbackOverride, Client, Config, Granularity, PageQuery, PreviewQuery, PricingDimension,
    PricingQuery, TemplateQuery, TemplateSelection, TemplateStatsQuery, UsageHeaders,
};
use serde_json::{Value, json};

use super::{list, maybe, message, new_template, number, text, told, unsaid};
use crate::errors::replies;
use crate::events;
use crate::server::{APP_ID, APP_SECRET, Call, Server};

pub(super) const TOKEN: &str = "token";

/// What was read, in the corpus' words; or what our types cannot say.
pub(super) type Read = Result<Vec<Value>, String>;

/// One request of the corpus, and a server that answers it as Meta did.
pub(super) struct Replay<'a> {
    case: &'a Value,
    request: &'a Value,
    has_response: bool,
    server: Server,
    client: Client,
    app: (String, String),
    usage: Arc<Mutex<UsageHeaders>>,
}

impl<'a> Replay<'a> {
    pub(super) async fn start(case: &'a Value, exchange: &'a Value) -> Self {
        let request = &exchange["request"];
        let server = Server::answering(replies(exchange, 1)).await;
        let path: Vec<&str> = request["path"].as_str().unwrap_or_default().split('/').skip(2).collect();
        let app_id = match path.as_slice() {
            [app, "subscriptions" | "uploads"] => (*app).to_owned(),
            _ => maybe(&request["query"]["client_id"]).unwrap_or_else(|| APP_ID.to_owned()),
        };
        let app_secret = maybe(&request["query"]["client_secret"]).unwrap_or_else(|| APP_SECRET.to_owned());
        let config = Config {
            base_url: format!("http://{}", server.address),
            version: "v26.0".to_owned(),
            app_id: app_id.clone(),
            app_secret: app_secret.clone().into(),
            call_timeout: Duration::from_secs(20),
        };
        let usage = Arc::new(Mutex::new(UsageHeaders::default()));
        let heard = Arc::clone(&usage);
        let client = Client::new(config).expect("a sound configuration");
        let client = client.observing(move |said| *heard.lock().expect("nobody panics") = said);
        let has_response = !exchange["response"].is_null();
        Self { case, request, has_response, server, client, app: (app_id, app_secret), usage }
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

    /// The request's body.
    pub(super) fn body(&self) -> &Value {
        &self.request["body"]
    }

    /// What arrived.
    pub(super) fn sent(&self) -> Option<Call> {
        self.server.calls().into_iter().next()
    }

    pub(super) fn query(&self, key: &str) -> Option<&str> {
        self.request["query"][key].as_str()
    }

    /// The fields asked for.
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

    /// What a call gave, told as events. Where the corpus has no answer, whatever the call came to is nothing.
    pub(super) fn heard<T>(&self, answer: Result<T, CallError>, tell: impl FnOnce(T) -> Vec<Value>) -> Read {
        match answer {
            Ok(answer) => Ok(tell(answer)),
            Err(_) if !self.has_response => Ok(Vec::new()),
            Err(error) => Err(error.to_string()),
        }
    }

    pub(super) fn done(&self, answer: Result<(), CallError>) -> Read {
        self.heard(answer, |()| vec![json!({"event": "ok"})])
    }

    /// Nothing for a call that we do not make.
    pub(super) async fn perform(&self) -> Option<Read> {
        let path = self.request["path"].as_str().unwrap_or_default();
        let path: Vec<&str> = path.split('/').skip(2).collect();
        let method = self.request["method"].as_str().unwrap_or_default();
        match (method, path.as_slice()) {
            (_, [number, edge @ ("messages" | "marketing_messages")]) => Some(self.send(number, edge).await),
            (method, [waba, edges @ ..]) if edges.iter().any(|edge| edge.contains("message_template")) => {
                self.templates(method, waba, edges).await
            }
            (method, [node, edge]) => match self.number_edge(method, node, edge).await {
                Some(read) => Some(read),
                None => self.account_edge(method, node, edge).await,
            },
            ("GET", ["debug_token"]) => {
                let info = self.client.debug_token(self.query("input_token").unwrap_or_default()).await;
                Some(self.heard(info, |info| vec![told::token(&info)]))
            }
            ("GET", [node]) => Some(self.get(node).await),
            ("POST", [node]) => Some(self.change(node).await),
            ("DELETE", [node]) => Some(self.done(self.client.delete_media(TOKEN, node).await)),
            _ => None,
        }
    }

    async fn send(&self, number: &str, edge: &str) -> Read {
        let (body, number) = (&self.request["body"], PhoneNumberId(number.to_owned()));
        if !body["status"].is_null() {
            let message = Wamid(text(&body["message_id"]));
            let is_typing = !body["typing_indicator"].is_null();
            return self.done(self.client.mark_read(TOKEN, &number, &message, is_typing).await);
        }
        let answer = if edge == "messages" {
            self.client.send(TOKEN, &number, &message::message(body)?).await
        } else {
            self.client.send_marketing(TOKEN, &number, &message::marketing(body)?).await
        };
        Ok(answer.accepted.iter().map(told::accepted).collect())
    }

    async fn templates(&self, method: &str, waba: &str, edges: &[&str]) -> Option<Read> {
        let (client, body) = (&self.client, &self.request["body"]);
        Some(match (method, edges) {
            ("POST", ["message_templates"]) => match new_template::new_template(body) {
                Err(why) => Err(why),
                Ok(new) => {
                    let state = client.create_template(TOKEN, waba, &new).await;
                    self.heard(state, |state| vec![told::created(&state)])
                }
            },
            ("POST", ["upsert_message_templates"]) => match new_template::authentication(body) {
                Err(why) => Err(why),
                Ok(new) => {
                    let states = client.upsert_authentication_templates(TOKEN, waba, &new).await;
                    self.heard(states, |states| states.iter().map(told::created).collect())
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
                self.done(client.delete_templates(TOKEN, waba, selection).await)
            }
            ("POST", ["message_templates", way]) => {
                let ids: Vec<String> = list(&body["hsm_ids"]).map(text).collect();
                let moved = if *way == "archive" {
                    client.archive_templates(TOKEN, waba, &ids).await
                } else {
                    client.unarchive_templates(TOKEN, waba, &ids).await
                };
                let event = events(self.case, "archive_result").next();
                self.heard(moved, |moved| vec![told::archived(&moved, event)])
            }
            ("GET", ["message_template_previews"]) => self.previews(waba).await,
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
        let page = self.client.list_templates(TOKEN, waba, &query).await;
        let usage = self.usage.lock().expect("nobody panics").clone();
        self.heard(page, |page| vec![told::templates(&page, &usage)])
    }

    async fn previews(&self, waba: &str) -> Read {
        let languages: Vec<&str> =
            self.query("languages").map(|all| all.split(',').collect()).unwrap_or_default();
        let query = PreviewQuery {
            languages: &languages,
            add_security_recommendation: self
                .query("add_security_recommendation")
                .and_then(|adds| adds.parse().ok()),
            code_expiration_minutes: self
                .query("code_expiration_minutes")
                .and_then(|minutes| minutes.parse().ok()),
            has_otp_button: self.query("button_types").is_some(),
        };
        let previews = self.client.preview_authentication_templates(TOKEN, waba, &query).await;
        self.heard(previews, |previews| vec![told::previews(&previews)])
    }

    pub(super) async fn template_analytics(&self, waba: &str) -> Read {
        let ids = self.ids("template_ids");
        let metrics: Vec<&str> =
            self.query("metric_types").map(|all| all.split(',').collect()).unwrap_or_default();
        let query = TemplateStatsQuery {
            start: second(self.query("start").unwrap_or_default()),
            end: second(self.query("end").unwrap_or_default()),
            template_ids: &ids,
            metric_types: &metrics,
            product_type: self.query("product_type"),
            limit: self.query("limit").and_then(|limit| limit.parse().ok()),
            after: self.query("after"),
        };
        let page = self.client.template_analytics(TOKEN, waba, &query).await;
        self.heard(page, |page| vec![told::template_analytics(&page.items)])
    }

    /// A node is what the corpus reads it as.
    async fn get(&self, node: &str) -> Read {
        let (client, fields) = (&self.client, self.fields());
        let number = PhoneNumberId(node.to_owned());
        if self.query("fields").is_some_and(|fields| fields.starts_with("pricing_analytics.")) {
            return self.pricing(node).await;
        }
        if self.expects("health") {
            return self.heard(client.health(TOKEN, node).await, |health| vec![told::health(&health)]);
        }
        if self.expects("media") {
            let number = self.query("phone_number_id").map(|id| PhoneNumberId(id.to_owned()));
            let media = client.media(TOKEN, node, number.as_ref()).await;
            return self.heard(media, |media| vec![told::media(&media)]);
        }
        if self.expects("waba") {
            let account = client.account(TOKEN, node, &fields).await;
            return self.heard(account, |account| told::accounts(&[account]));
        }
        if self.expects("template") || self.expects("template_quality") {
            let (template, is_quality) =
                (client.template(TOKEN, node, &fields).await, self.expects("template_quality"));
            let tell = if is_quality { told::quality } else { told::template_alone };
            return self.heard(template, |template| vec![tell(&template)]);
        }
        let read = client.number(TOKEN, &number, &fields).await;
        let webhooks = events(self.case, "webhook_configuration").next();
        self.heard(read, |read| match webhooks {
            Some(event) => vec![told::webhooks(&read, event)],
            None => vec![told::number(&read, events(self.case, "phone_number").next())],
        })
    }

    async fn change(&self, node: &str) -> Read {
        let (client, body) = (&self.client, &self.request["body"]);
        let number = PhoneNumberId(node.to_owned());
        if self.query("is_enabled_for_insights").is_some() {
            let wants_ok = self.expects("ok");
            let enabled = client.enable_template_analytics(TOKEN, node).await;
            self.heard(enabled, |()| if wants_ok { vec![json!({"event": "ok"})] } else { Vec::new() })
        } else if let Some(pin) = body["pin"].as_str() {
            self.done(client.set_pin(TOKEN, &number, pin).await)
        } else if body["webhook_configuration"].is_object() {
            let callback = callback(&body["webhook_configuration"]);
            let callback = Some(&callback).filter(|callback| !callback.override_callback_uri.is_empty());
            self.done(client.override_number_callback(TOKEN, &number, callback).await)
        } else if ["category", "components", "message_send_ttl_seconds"]
            .iter()
            .any(|key| !body[*key].is_null())
        {
            self.done(client.edit_template(TOKEN, node, &new_template::edit(body)?).await)
        } else {
            unsaid(body)
        }
    }

    /// `pricing_analytics.start(1).end(2).granularity(DAILY).dimensions(COUNTRY,TIER)`.
    async fn pricing(&self, waba: &str) -> Read {
        let field = self.query("fields").unwrap_or_default();
        let argument = |name: &str| {
            let (_, rest) = field.split_once(&format!(".{name}("))?;
            rest.split_once(')').map(|(argument, _)| argument)
        };
        let granularity = match argument("granularity") {
            Some("HALF_HOUR") => Granularity::HalfHour,
            Some("MONTHLY") => Granularity::Monthly,
            Some(_) | None => Granularity::Daily,
        };
        let dimension = |name: &str| match name.trim_matches(['[', ']', '"']) {
            "COUNTRY" => Some(PricingDimension::Country),
            "PHONE" => Some(PricingDimension::Phone),
            "PRICING_CATEGORY" => Some(PricingDimension::PricingCategory),
            "PRICING_TYPE" => Some(PricingDimension::PricingType),
            "TIER" => Some(PricingDimension::Tier),
            _ => None,
        };
        let dimensions: Vec<PricingDimension> =
            argument("dimensions").unwrap_or_default().split(',').filter_map(dimension).collect();
        let query = PricingQuery {
            start: second(argument("start").unwrap_or_default()),
            end: second(argument("end").unwrap_or_default()),
            granularity,
            dimensions: &dimensions,
        };
        let points = self.client.pricing_analytics(TOKEN, waba, &query).await;
        self.heard(points, |points| vec![told::pricing(&points)])
    }
}

fn second(text: &str) -> Timestamp {
    let seconds = number(&json!(text)).unwrap_or_default();
    Timestamp::from_second(seconds).expect("a time")
}

pub(super) fn callback(object: &Value) -> CallbackOverride {
    CallbackOverride {
        override_callback_uri: text(&object["override_callback_uri"]),
        verify_token: text(&object["verify_token"]),
    }
}
