//! The limits in the description are the limits of the API: for each, the value within and the value beyond.

use serde_json::{Value, json};

use super::actors::{super_admin, tenant_actor};
use super::raw_api::RawApi;
use crate::test_system::{PASSWORD, TestSystem};

/// Members that must name something that exists, whatever their length.
const NAMES_OF_OTHERS: [&str; 2] = ["plan", "invitation"];

/// The description names limits from the code's constants. Here each is tried: what the schema allows, the API does not
/// call wrong, and what the schema forbids, the API refuses and names.
#[tokio::test]
async fn the_api_refuses_exactly_what_its_description_forbids() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let (home, platform) = (tenant_actor(&api, "home").await, super_admin(&api).await);
    let described = api.get("/openapi.json").send().await.success().clone();
    let contact = json!({ "phone": "+15551234568", "name": "Bob", "attributes": {} });
    let bodies = [
        (
            "/auth/register-tenant",
            json!({ "tenantName": "Limits", "slug": "limits", "adminEmail": "limits@tenant.test",
            "adminPassword": PASSWORD, "adminName": "Ann" }),
        ),
        (
            "/admin/create-tenant",
            json!({ "tenantName": "Limits", "slug": "limits", "adminEmail": "limits@tenant.test",
            "adminName": "Ann" }),
        ),
        (
            "/billing/add-credits",
            json!({ "tenantId": home.tenant, "amount": "1.00", "description": "x",
            "idempotencyKey": "k" }),
        ),
        ("/contacts/import", json!({ "contacts": [contact] })),
        ("/messages", home.message()),
        ("/messages/schedule", home.scheduled(&system, "k")),
        (
            "/plans",
            json!({ "name": "Limits", "monthlyPrice": "1.00", "messagesPerMonth": 1, "contacts": 1, "templates": 1,
            "phoneNumbers": 1, "users": 1, "requestsPerMinute": 1, "marginBps": 0 }),
        ),
        ("/templates", json!({ "name": "limits", "content": "Hello!", "variables": [] })),
        ("/whatsapp/connect", json!({ "code": home.tenant })),
    ];
    let (mut tried, mut wrong) = (0, Vec::new());
    for (path, body) in bodies {
        let needs_owner = path.starts_with("/admin") || path.starts_with("/billing") || path == "/plans";
        let token = if needs_owner { &platform } else { &home.token };
        let schema =
            &described["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"];
        let mut found = Vec::new();
        members(&described, schema, &[], &mut found);
        assert!(!found.is_empty(), "{path} has no members");
        let members = found.iter().filter(|member| !NAMES_OF_OTHERS.contains(&member.name()));
        let values = members.flat_map(|member| member.limits().into_iter().map(move |value| (member, value)));
        for (member, value) in values {
            let changed = member.with(&body, value);
            wrong.extend(disagreement(&api, path, token, (member, &changed)).await);
            tried += 1;
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(tried > 80, "{tried}");
}

/// What the description and the API say of a body, if they differ about this member.
async fn disagreement(api: &RawApi, path: &str, token: &str, of: (&Member, &Value)) -> Option<String> {
    let (field, body) = (of.0.field(), of.1);
    let answer = api.post(path).bearer(token).json(body).send().await;
    let is_named = answer.fields().contains(&field.as_str());
    let is_allowed = api.schemas.allows(&format!("POST {path}"), body);
    let shown: String = body.to_string().chars().take(200).collect();
    (is_allowed == is_named)
        .then(|| format!("{path} {field}: allowed {is_allowed}: {shown}, answered {}", answer.text))
}

/// A member of a request, with its schema.
struct Member {
    path: Vec<String>,
    schema: Value,
}

impl Member {
    fn name(&self) -> &str {
        self.path.last().unwrap()
    }

    /// As a refusal names it, such as `contacts[0].phone`.
    fn field(&self) -> String {
        self.path.join(".").replace(".0.", "[0].")
    }

    /// The body with another value for this member.
    fn with(&self, body: &Value, value: Value) -> Value {
        let mut body = body.clone();
        let pointer = format!("/{}", self.path.join("/"));
        match body.pointer_mut(&pointer) {
            Some(place) => *place = value,
            None => body[self.name()] = value,
        }
        body
    }

    /// Values just inside and just outside of each limit that the schema names.
    fn limits(&self) -> Vec<Value> {
        let number = |name: &str| self.schema[name].as_i64();
        // Letters that are no common password, and not one repeated.
        let letters = |chars: usize| "qzvkwj".chars().cycle().take(chars).collect::<String>();
        let filler = |chars: i64| json!(letters(usize::try_from(chars).unwrap_or_default()));
        let mut values = Vec::new();
        for limit in [number("minLength"), number("maxLength")].into_iter().flatten() {
            values.extend([limit - 1, limit, limit + 1].into_iter().filter(|chars| *chars >= 0).map(filler));
        }
        for limit in
            [number("minimum"), number("maximum").filter(|max| *max < i64::MAX)].into_iter().flatten()
        {
            values.extend([limit - 1, limit, limit + 1].map(|value| json!(value)));
        }
        if let Some(words) = self.schema["enum"].as_array() {
            values.extend(words.iter().cloned().chain([json!("NO_SUCH_WORD")]));
        }
        values
    }
}

/// The members of a request body, with references followed; of an array those of its items.
fn members(described: &Value, schema: &Value, path: &[String], found: &mut Vec<Member>) {
    let schema = resolved(described, schema);
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let path: Vec<String> = path.iter().cloned().chain([name.clone()]).collect();
        let member = resolved(described, member);
        if member["type"] == "array" {
            let path: Vec<String> = path.iter().cloned().chain(["0".to_owned()]).collect();
            members(described, &member["items"], &path, found);
        }
        found.push(Member { path, schema: member });
    }
}

/// The schema that a reference, or one beside `null`, stands for.
fn resolved(described: &Value, schema: &Value) -> Value {
    let choices = schema["oneOf"].as_array().or_else(|| schema["allOf"].as_array());
    if let Some(choice) = choices.into_iter().flatten().find(|choice| choice.get("$ref").is_some()) {
        return resolved(described, choice);
    }
    match schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => resolved(described, described.pointer(pointer).unwrap()),
        None => schema.clone(),
    }
}
