//! Queries of a template.

use serde_json::Value;

use super::Repository;

/// A function of the template.
pub struct Function<'a> {
    pub id: &'a str,
    /// Its name in `functions/`.
    pub name: &'a str,
    pub resource: &'a Value,
}

/// The resources of a type, with their names.
pub fn of_type<'a>(repo: &'a Repository, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let resources = repo.resources().iter().filter(move |(_, resource)| resource["Type"] == kind);
    resources.map(|(id, resource)| (id.as_str(), &resource["Properties"]))
}

/// Every function.
pub fn functions(repo: &Repository) -> Vec<Function<'_>> {
    let resources = repo.resources().iter();
    let functions = resources.filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function");
    functions
        .map(|(id, resource)| {
            let name = resource["Metadata"]["BuildProperties"]["Binary"].as_str().unwrap_or_default();
            Function { id, name, resource }
        })
        .collect()
}

/// A property of a function, its own or the global one.
pub fn property<'a>(repo: &'a Repository, function: &'a Function<'_>, name: &str) -> Option<&'a Value> {
    let left_out = function.resource["IgnoreGlobals"].as_array();
    let ignores = left_out.is_some_and(|names| names.iter().any(|left_out| left_out == name));
    let global = repo.template["Globals"]["Function"].get(name).filter(|_| !ignores);
    function.resource["Properties"].get(name).or(global)
}

/// What a `Ref` or a `GetAtt` points at: `!Ref DispatchFunction.Alias` at `DispatchFunction`.
pub fn target(value: &Value) -> Option<&str> {
    let whole = value.get("Ref").or_else(|| value.get("Fn::GetAtt")?.get(0))?.as_str()?;
    whole.split('.').next()
}

/// Every string below a value.
pub fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(members) => members.values().flat_map(strings).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// Every object below a value that has this member.
pub fn having<'a>(value: &'a Value, member: &str) -> Vec<&'a Value> {
    let mut found = Vec::new();
    if value.get(member).is_some() {
        found.push(value);
    }
    match value {
        Value::Array(items) => found.extend(items.iter().flat_map(|item| having(item, member))),
        Value::Object(members) => found.extend(members.values().flat_map(|item| having(item, member))),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    found
}
