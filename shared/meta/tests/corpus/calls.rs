//! The calls that the client makes, replayed: the request that it builds, and what it reads out of the answer.

use domain::message::Outcome;
use domain::{AttemptId, PhoneNumber, PhoneNumberId, Wamid};
use meta::{Client, NewTemplate, TemplateSend};
use serde_json::{Value, json};

use crate::errors::replies;
use crate::server::{Server, client};
use crate::{Verdict, events, listed};

pub(crate) async fn judge(case: &Value, exchange: &Value) -> Verdict {
    let server = Server::answering(replies(exchange, 1)).await;
    let client = client(&format!("http://{}", server.address), std::time::Duration::from_secs(20));
    let call = Replay { case, request: &exchange["request"], client, server };
    let path: Vec<&str> = call.request["path"].as_str().unwrap_or_default().split('/').skip(2).collect();
    match (call.request["method"].as_str().unwrap_or_default(), path.as_slice()) {
        ("POST", [number, "messages" | "marketing_messages"]) => call.send(number).await,
        ("POST", [waba, "message_templates"]) => call.create_template(waba).await,
        ("GET", [waba, "message_templates"]) => call.list_templates(waba).await,
        ("GET", [waba, "phone_numbers"]) => call.phone_numbers(waba).await,
        ("GET", ["debug_token"]) => call.debug_token().await,
        ("GET", ["oauth", "access_token"]) => call.exchange_code().await,
        ("POST", [waba, "subscribed_apps"]) if call.request["body"].is_null() => {
            done(call.client.subscribe_app("token", waba).await.is_ok())
        }
        ("POST", [number, "register"]) => call.register(number).await,
        _ => Verdict::Outside,
    }
}

fn done(is_done: bool) -> Verdict {
    Verdict::equal("done", &is_done, &true)
}

/// A text that must be in a request we build.
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

struct Replay<'a> {
    case: &'a Value,
    request: &'a Value,
    client: Client,
    server: Server,
}

impl Replay<'_> {
    /// What was sent, against what must be sent; what the corpus leaves to its default may stand in ours.
    fn built(&self, mut ours: Value, defaults: &[&str]) -> Verdict {
        let theirs = &self.request["body"];
        for key in defaults {
            if let (Some(members), None) = (ours.as_object_mut(), theirs.get(key)) {
                members.remove(*key);
            }
        }
        Verdict::equal("request", &ours, theirs)
    }

    /// Ours are templates with positional text in the body; of the other requests the answer alone is compared.
    async fn send(&self, number: &str) -> Verdict {
        let body = &self.request["body"];
        let (template, components) = (&body["template"], &body["template"]["components"]);
        let parameters = components[0]["parameters"].as_array().cloned().unwrap_or_default();
        let send = TemplateSend {
            to: PhoneNumber::from_stored(text(&body["to"])),
            template: text(&template["name"]),
            language: text(&template["language"]["code"]),
            parameters: parameters.iter().map(|parameter| text(&parameter["text"])).collect(),
            attempt: AttemptId::random(),
        };
        let outcome = self.client.send_template("token", &PhoneNumberId(number.to_owned()), &send).await;
        let mut verdicts: Vec<Verdict> = events(self.case, "send_accepted")
            .map(|event| {
                Verdict::equal("outcome", &outcome, &Outcome::Accepted(Wamid(text(&event["wamid"]))))
            })
            .collect();
        let is_positional =
            |parameter: &Value| parameter["type"] == "text" && parameter["parameter_name"].is_null();
        let is_ours = body["type"] == "template"
            && body["to"].is_string()
            && body["product_policy"].is_null()
            && components.as_array().is_none_or(|all| all.iter().all(|one| one["type"] == "body"))
            && parameters.iter().all(is_positional);
        if is_ours {
            let mut ours = self.server.call().body;
            ours.as_object_mut().expect("a request").remove("biz_opaque_callback_data");
            verdicts.push(self.built(ours, &["recipient_type"]));
        }
        Verdict::all(verdicts)
    }

    /// Ours have a body with positional variables and nothing else; of the others the answer alone is compared.
    async fn create_template(&self, waba: &str) -> Verdict {
        let body = &self.request["body"];
        let text_body = &body["components"][0];
        let examples = text_body["example"]["body_text"][0].as_array().into_iter().flatten();
        let new = NewTemplate {
            name: text(&body["name"]),
            language: text(&body["language"]),
            category: text(&body["category"]).parse().unwrap_or(domain::Category::Utility),
            body: text(&text_body["text"]),
            examples: examples.map(text).collect(),
        };
        let created = self.client.create_template("token", waba, &new).await;
        let mut verdicts: Vec<Verdict> = events(self.case, "template_created")
            .map(|event| {
                let read = created
                    .as_ref()
                    .map(|state| json!({"id": state.id, "status": state.status, "category": state.category}));
                listed_alike(&read.unwrap_or_default(), event)
            })
            .collect();
        let is_ours = body["components"].as_array().is_some_and(|all| all.len() == 1)
            && text_body["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("body"))
            && text_body["example"]["body_text_named_params"].is_null();
        if is_ours {
            let lower = |body: &Value| body.to_string().to_lowercase();
            let ours = self.server.call().body;
            let theirs: Value = serde_json::from_str(&lower(body)).expect("JSON");
            let ours: Value = serde_json::from_str(&lower(&ours)).expect("JSON");
            verdicts.push(Verdict::equal("request", &ours, &theirs));
        }
        Verdict::all(verdicts)
    }

    /// A list of ours always has the fields that it needs; a case with fewer is not ours.
    async fn list_templates(&self, waba: &str) -> Verdict {
        let Some(event) = events(self.case, "template_page").next() else { return Verdict::Outside };
        let expected = event["templates"].as_array().cloned().unwrap_or_default();
        if expected.iter().any(|template| template["language"].is_null()) {
            return Verdict::Outside;
        }
        let page = match self.client.list_templates("token", waba, None).await {
            Ok(page) => page,
            Err(error) => return Verdict::Wrong(error.to_string()),
        };
        let after = if event["has_next"] == true { event["after"].as_str() } else { None };
        let mut verdicts = vec![
            Verdict::equal("templates", &page.items.len(), &expected.len()),
            Verdict::equal("next page", &page.after.as_deref(), &after),
        ];
        verdicts.extend(page.items.iter().zip(&expected).map(|(read, event)| {
            let read = json!({"id": read.id, "name": read.name, "language": read.language, "status": read.status,
                "category": read.category});
            listed_alike(&read, event)
        }));
        Verdict::all(verdicts)
    }

    async fn phone_numbers(&self, waba: &str) -> Verdict {
        let numbers = match self.client.phone_numbers("token", waba).await {
            Ok(numbers) => numbers,
            Err(error) => return Verdict::Wrong(error.to_string()),
        };
        let expected: Vec<&Value> = events(self.case, "phone_number").collect();
        let mut verdicts = vec![Verdict::equal("numbers", &numbers.len(), &expected.len())];
        verdicts.extend(numbers.iter().zip(expected).map(|(read, event)| {
            let read = json!({"id": read.id, "display_phone_number": read.display, "verified_name": read.verified_name});
            listed_alike(&read, event)
        }));
        Verdict::all(verdicts)
    }

    async fn debug_token(&self) -> Verdict {
        let info = match self.client.debug_token("token").await {
            Ok(info) => info,
            Err(error) => return Verdict::Wrong(error.to_string()),
        };
        let read = json!({"valid": info.is_valid, "app_id": info.app_id, "waba_ids": info.waba_ids});
        Verdict::all(events(self.case, "token_info").map(|event| listed_alike(&read, event)))
    }

    async fn exchange_code(&self) -> Verdict {
        let token = self.client.exchange_code("code").await;
        let is_present = token.is_ok_and(|token| !token.is_empty());
        let wanted = events(self.case, "token_exchanged");
        Verdict::all(
            wanted.map(|event| Verdict::equal("token", &Some(is_present), &event["token_present"].as_bool())),
        )
    }

    async fn register(&self, number: &str) -> Verdict {
        let body = &self.request["body"];
        let number = PhoneNumberId(number.to_owned());
        let is_registered = self.client.register("token", &number, &text(&body["pin"])).await.is_ok();
        let is_ours = body["data_localization_region"].is_null();
        let built = if is_ours { self.built(self.server.call().body, &[]) } else { Verdict::Outside };
        Verdict::all([done(is_registered), built])
    }
}

/// Each member that we read, where the expectation lists it.
fn listed_alike(read: &Value, event: &Value) -> Verdict {
    let members = read.as_object().into_iter().flatten();
    let compared = members.filter_map(|(key, read)| Some(Verdict::equal(key, read, listed(event, key)?)));
    Verdict::all(compared)
}
