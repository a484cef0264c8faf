//! Every member of a request body that has the wrong shape.
//!
//! The parser stops at the first mistake and names it in its own words. A body that it refused is compared here with the
//! type's description, which knows the names of all members, which are required, and what kind of value each is.

use std::collections::BTreeMap;

use domain::problem::FieldError;
use serde_json::Value;
use utoipa::ToSchema;

/// Mistakes that are named at most.
const NAMED_MAX: usize = 20;
const REFERENCE: &str = "#/components/schemas/";

/// Compares a value with the description of `T`. Empty when its mistake is not one of shape.
pub fn mistakes<T: ToSchema>(value: &Value) -> Vec<FieldError> {
    let mut named = Vec::new();
    T::schemas(&mut named);
    let written = |schema| serde_json::to_value(schema).unwrap_or_default();
    let components = named.into_iter().map(|(name, schema)| (name, written(schema))).collect();
    let mut comparison = Comparison { components, found: Vec::new() };
    comparison.compare("", value, &written(T::schema()));
    comparison.found.truncate(NAMED_MAX);
    comparison.found
}

struct Comparison {
    /// Schemas by name, as JSON.
    components: BTreeMap<String, Value>,
    found: Vec<FieldError>,
}

impl Comparison {
    fn add(&mut self, path: &str, why: impl Into<String>) {
        let field = if path.is_empty() { "body" } else { path };
        self.found.push(FieldError::new(field, why.into()));
    }

    fn compare(&mut self, path: &str, value: &Value, schema: &Value) {
        let Some(schema) = self.meant(value, schema) else { return };
        if let Some(why) = wrong_kind(value, &schema) {
            self.add(path, why);
            return;
        }
        match value {
            Value::Object(members) => self.compare_members(path, members, &schema),
            Value::Array(items) => self.compare_items(path, items, &schema),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn compare_items(&mut self, path: &str, items: &[Value], schema: &Value) {
        let Some(schema) = schema.get("items") else { return };
        for (index, item) in items.iter().enumerate() {
            if self.found.len() >= NAMED_MAX {
                return;
            }
            self.compare(&format!("{path}[{index}]"), item, schema);
        }
    }

    fn compare_members(&mut self, path: &str, members: &serde_json::Map<String, Value>, schema: &Value) {
        let within = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        let names = || {
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
        };
        for name in names().filter(|name| !members.contains_key(*name)) {
            self.add(&within(name), "is required");
        }
        let Some(known) = schema.get("properties").and_then(Value::as_object) else { return };
        for (name, value) in members {
            match known.get(name) {
                Some(schema) => self.compare(&within(name), value, schema),
                None if schema.get("additionalProperties") == Some(&Value::Bool(false)) => {
                    let all = known.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                    self.add(&within(name), format!("is not a field here; the fields are {all}"));
                }
                None => {}
            }
        }
    }

    /// The schema that decides: behind a reference, or of an optional member the one that is not `null`. None when the
    /// value fits already.
    fn meant(&self, value: &Value, schema: &Value) -> Option<Value> {
        if let Some(name) =
            schema.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix(REFERENCE))
        {
            return self.components.get(name).and_then(|schema| self.meant(value, schema));
        }
        if let Some(all) = schema.get("allOf").and_then(Value::as_array) {
            return all.first().and_then(|schema| self.meant(value, schema));
        }
        match schema.get("oneOf").and_then(Value::as_array) {
            None => Some(schema.clone()),
            Some(_) if value.is_null() => None,
            Some(choices) => {
                let some =
                    choices.iter().find(|choice| choice.get("type").and_then(Value::as_str) != Some("null"));
                some.and_then(|schema| self.meant(value, schema))
            }
        }
    }
}

/// What the value must be, if it is of another kind.
fn wrong_kind(value: &Value, schema: &Value) -> Option<String> {
    let kinds: Vec<&str> = match schema.get("type")? {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return None,
    };
    let format = schema.get("format").and_then(Value::as_str);
    let fits = kinds.iter().any(|kind| match (*kind, value) {
        ("integer", Value::Number(number)) => number.is_i64(),
        ("string", Value::Number(_)) => format == Some("decimal"),
        ("object", Value::Object(_))
        | ("array", Value::Array(_))
        | ("string", Value::String(_))
        | ("number", Value::Number(_))
        | ("boolean", Value::Bool(_))
        | ("null", Value::Null) => true,
        _ => false,
    });
    if !fits {
        return kinds.first().map(|kind| format!("must be {}", in_words(kind, format)));
    }
    let text = value.as_str()?;
    if format == Some("uuid") && uuid::Uuid::try_parse(text).is_err() {
        return Some(format!("must be {}", in_words("string", format)));
    }
    let words = schema.get("enum").and_then(Value::as_array)?;
    let is_known = words.contains(value);
    let all = || words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ");
    (!is_known).then(|| format!("must be one of {}", all()))
}

fn in_words(kind: &str, format: Option<&str>) -> &'static str {
    match (kind, format) {
        ("object", _) => "an object",
        ("array", _) => "a list",
        ("integer", _) => "a whole number",
        ("number", _) => "a number",
        ("boolean", _) => "true or false",
        (_, Some("uuid")) => "an id (a UUID)",
        (_, Some("decimal")) => "a plain decimal number such as 100.00",
        _ => "a text",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(ToSchema)]
    #[schema(as = Order)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its description is read")]
    struct Order {
        name: String,
        count: i64,
        #[serde(default)]
        note: Option<String>,
        rows: Vec<Row>,
    }

    #[derive(ToSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its description is read")]
    struct Row {
        id: uuid::Uuid,
    }

    fn named(value: &Value) -> Vec<(String, String)> {
        mistakes::<Order>(value).into_iter().map(|error| (error.field, error.why)).collect()
    }

    #[test]
    fn every_mistake_is_named_and_not_the_first_alone() {
        let value = json!({ "count": 1.5, "note": null, "rows": [{ "id": "1" }, { "ids": 1 }], "extra": 1 });
        let found = named(&value);
        let fields: Vec<&str> = found.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(fields, ["name", "count", "extra", "rows[0].id", "rows[1].id", "rows[1].ids"]);
        assert_eq!(named(&json!([])), [("body".to_owned(), "must be an object".to_owned())]);
        let id = "01890000-0000-7000-8000-000000000000";
        let right = json!({ "name": "a", "count": 1, "note": "b", "rows": [{ "id": id }] });
        assert_eq!(named(&right), []);
    }
}
