//! The templates as one: what the root passes in the place of each parameter, and what is given in the place of each output.
//!
//! So a rule about a function and its queue need not know in which files they are.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Stack;

/// The parts of a template that several files have some of.
const PARTS: [&str; 3] = ["Globals", "Mappings", "Resources"];

const PLATFORM: &str = "PlatformStack";

/// The root with the parts of every nested stack.
pub fn together(root: &Value, stacks: &BTreeMap<String, Stack>) -> Value {
    let mut whole = root.clone();
    for (name, stack) in stacks {
        whole["Resources"].as_object_mut().unwrap().remove(name);
        for part in PARTS {
            let of_stack = linked(&stack.template[part], &Scope { root, stacks, stack: Some(name) });
            let members = of_stack.as_object().cloned().unwrap_or_default();
            let part = whole.as_object_mut().unwrap().entry(part).or_insert_with(|| json!({}));
            for (name, member) in members {
                merge(part.as_object_mut().unwrap().entry(name), member);
            }
        }
    }
    whole["Conditions"] = conditions(root, stacks);
    whole
}

/// The conditions of every file. Of one name in several, that of the root counts, then that of the platform, which the others
/// are told.
fn conditions(root: &Value, stacks: &BTreeMap<String, Stack>) -> Value {
    let mut all = root["Conditions"].as_object().cloned().unwrap_or_default();
    let platform = stacks.iter().filter(|(name, _)| *name == PLATFORM);
    for (name, stack) in platform.chain(stacks.iter().filter(|(name, _)| *name != PLATFORM)) {
        let of_stack = linked(&stack.template["Conditions"], &Scope { root, stacks, stack: Some(name) });
        for (name, condition) in of_stack.as_object().cloned().unwrap_or_default() {
            all.entry(name).or_insert(condition);
        }
    }
    all.into()
}

/// Of two files that say something about all functions, each may say what the other does not.
fn merge(place: serde_json::map::Entry<'_>, member: Value) {
    let known = place.or_insert_with(|| json!({}));
    match (known.as_object_mut(), member) {
        (Some(known), Value::Object(more)) => known.extend(more),
        (_, member) => *known = member,
    }
}

/// Where a value is: in the root, or in a stack.
struct Scope<'a> {
    root: &'a Value,
    stacks: &'a BTreeMap<String, Stack>,
    stack: Option<&'a str>,
}

impl Scope<'_> {
    /// What the root passes as this parameter of the stack.
    fn given(&self, name: &str) -> Option<Value> {
        let given = self.root["Resources"][self.stack?]["Properties"]["Parameters"].get(name)?;
        Some(linked(given, &Scope { stack: None, ..*self }))
    }

    /// What a stack gives to the root.
    fn output(&self, of: &Value, attribute: &Value) -> Option<Value> {
        let (stack, name) = (of.as_str()?, attribute.as_str()?.strip_prefix("Outputs.")?);
        let (stack, found) = self.stacks.get_key_value(stack).filter(|_| self.stack.is_none())?;
        let value = &found.template["Outputs"].get(name)?["Value"];
        Some(linked(value, &Scope { stack: Some(stack), ..*self }))
    }
}

fn linked(value: &Value, scope: &Scope<'_>) -> Value {
    if let Some(name) = value["Ref"].as_str()
        && let Some(given) = scope.given(name)
    {
        return given;
    }
    if let Some([of, attribute]) = value["Fn::GetAtt"].as_array().map(Vec::as_slice)
        && let Some(output) = scope.output(of, attribute)
    {
        return output;
    }
    match value {
        Value::Array(items) => items.iter().map(|item| linked(item, scope)).collect(),
        Value::Object(members) => {
            let linked = members.iter().map(|(name, member)| match (name.as_str(), member) {
                ("Fn::Sub", Value::String(text)) => (name.clone(), written(text, scope)),
                _ => (name.clone(), linked(member, scope)),
            });
            Value::Object(linked.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

/// A text with the parameters in it, where what is passed can stand in a text.
fn written(text: &str, scope: &Scope<'_>) -> Value {
    let mut pieces = text.split("${");
    let mut written = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, after) = piece.split_once('}').unwrap();
        let given = scope.given(name);
        let found = given.as_ref().and_then(|given| match (given["Ref"].as_str(), &given["Fn::GetAtt"]) {
            (Some(other), _) => Some(format!("${{{other}}}")),
            (_, Value::Array(path)) => Some(format!("${{{}.{}}}", path[0].as_str()?, path[1].as_str()?)),
            _ => None,
        });
        written.push_str(&found.unwrap_or_else(|| format!("${{{name}}}")));
        written.push_str(after);
    }
    Value::from(written)
}

#[test]
fn a_parameter_is_what_the_root_passes_and_an_output_is_what_its_stack_gives() {
    let stack = |template: Value| Stack { file: String::new(), template };
    let root = json!({ "Resources": {
        "Low": { "Properties": { "Parameters": { "Name": { "Ref": "AWS::StackName" } } } },
        "High": { "Properties": { "Parameters": { "Key": { "Fn::GetAtt": ["Low", "Outputs.KeyArn"] } } } },
    } });
    let low = stack(json!({
        "Resources": { "Key": { "Name": { "Fn::Sub": "/${Name}/${AWS::Region}" } } },
        "Outputs": { "KeyArn": { "Value": { "Fn::GetAtt": ["Key", "Arn"] } } },
    }));
    let high = stack(json!({
        "Globals": { "Function": { "Timeout": 3 } },
        "Resources": { "Queue": { "Key": { "Ref": "Key" }, "Own": { "Ref": "Queue" }, "Text": { "Fn::Sub": "${Key}" } } },
    }));
    let whole = together(&root, &[("Low".to_owned(), low), ("High".to_owned(), high)].into());
    assert_eq!(
        whole,
        json!({
            "Globals": { "Function": { "Timeout": 3 } },
            "Conditions": {},
            "Mappings": {},
            "Resources": {
                "Key": { "Name": { "Fn::Sub": "/${AWS::StackName}/${AWS::Region}" } },
                "Queue": {
                    "Key": { "Fn::GetAtt": ["Key", "Arn"] },
                    "Own": { "Ref": "Queue" },
                    "Text": { "Fn::Sub": "${Key.Arn}" },
                },
            },
        })
    );
}
