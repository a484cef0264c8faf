//! The schemas of the description, compared with what is sent and answered.

use std::collections::HashMap;

use jsonschema::Validator;
use serde_json::{Value, json};

use super::raw_api::{Answer, Route};

/// The compiled schemas of every request and every answer.
pub struct Schemas {
    compiled: HashMap<String, Validator>,
}

impl Schemas {
    /// From a whole description.
    pub fn of(described: &Value) -> Self {
        let mut compiled = HashMap::new();
        for (path, item) in described["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let route = format!("{} {path}", method.to_uppercase());
                compile_operation(&mut compiled, described, &route, operation);
            }
        }
        Self { compiled }
    }

    /// The body is what the description says.
    pub fn check_answer(&self, route: &Route, answer: &Answer) {
        let name = format!("{} {} {}", route.method, route.path, answer.status);
        let Some(validator) = self.compiled.get(&name) else { return };
        let media_type =
            answer.header("content-type").and_then(|value| value.split(';').next()).unwrap_or_default();
        if !media_type.contains("json") {
            let content = &route.described["responses"][answer.status.to_string()]["content"];
            assert!(
                content.get(media_type).is_some(),
                "{name} answers {media_type:?}, which /openapi.json does not say"
            );
            return;
        }
        let wrong: Vec<String> = validator
            .iter_errors(&answer.body)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(
            wrong.is_empty(),
            "{name} does not answer what /openapi.json says: {wrong:?} in {}",
            answer.text
        );
    }

    /// Whether the description allows the request.
    pub fn allows(&self, route: &str, body: &Value) -> bool {
        self.compiled.get(&format!("{route} request")).is_none_or(|validator| validator.is_valid(body))
    }
}

/// Compiles the schemas of what an operation takes and answers.
fn compile_operation(
    compiled: &mut HashMap<String, Validator>,
    described: &Value,
    route: &str,
    operation: &Value,
) {
    compile(compiled, described, &format!("{route} request"), &operation["requestBody"]);
    for (status, answer) in operation["responses"].as_object().unwrap() {
        compile(compiled, described, &format!("{route} {status}"), answer);
    }
}

/// Compiles the JSON schema of a request or an answer, if it has one.
fn compile(compiled: &mut HashMap<String, Validator>, described: &Value, name: &str, with_content: &Value) {
    let content = with_content["content"].as_object().into_iter().flatten();
    for (_, body) in content.filter(|(media_type, _)| media_type.contains("json")) {
        let mut schema = body["schema"].clone();
        if !schema.is_object() {
            continue;
        }
        // References of the description start at its root.
        schema["components"] = described["components"].clone();
        schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
        let validator = jsonschema::options().should_validate_formats(true).build(&schema);
        compiled.insert(name.to_owned(), validator.unwrap_or_else(|error| panic!("{name}: {error}")));
    }
}
