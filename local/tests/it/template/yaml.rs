//! A template as JSON: anchors and merge keys written out as SAM writes them, tags as the functions they stand for.

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Number, Value, json};

/// The one document of a text.
pub fn parse(text: &str) -> Value {
    let documents = Yaml::load_from_str(text).unwrap();
    value(documents.first().unwrap())
}

fn value(node: &Yaml<'_>) -> Value {
    match node {
        Yaml::Value(scalar) => of_scalar(scalar),
        Yaml::Sequence(items) => items.iter().map(value).collect(),
        Yaml::Mapping(members) => {
            let (mut own, mut merged) = (Map::new(), Map::new());
            for (name, member) in members {
                match text(name).as_str() {
                    "<<" => merge(value(member), &mut merged),
                    name => drop(own.insert(name.to_owned(), value(member))),
                }
            }
            merged.extend(own);
            Value::Object(merged)
        }
        Yaml::Tagged(tag, node) => called(&tag.suffix, value(node)),
        Yaml::Representation(text, ..) => Value::from(text.as_ref()),
        Yaml::Alias(_) | Yaml::BadValue => panic!("an alias without its anchor"),
    }
}

fn of_scalar(scalar: &Scalar<'_>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(is) => Value::from(*is),
        Scalar::Integer(number) => Value::from(*number),
        Scalar::FloatingPoint(number) => Value::from(Number::from_f64(number.into_inner())),
        Scalar::String(text) => Value::from(text.as_ref()),
    }
}

fn text(name: &Yaml<'_>) -> String {
    match value(name) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// Of several maps the earlier one wins, and the map they are merged into wins over all.
fn merge(from: Value, into: &mut Map<String, Value>) {
    let maps = if let Value::Array(maps) = from { maps } else { vec![from] };
    for map in maps {
        for (name, value) in map.as_object().unwrap().clone() {
            into.entry(name).or_insert(value);
        }
    }
}

/// `!Sub x` is `{"Fn::Sub": x}`, and so on.
fn called(function: &str, argument: Value) -> Value {
    match (function, argument) {
        ("Ref" | "Condition", argument) => json!({ (function): argument }),
        ("GetAtt", Value::String(path)) => {
            let (resource, attribute) = path.split_once('.').unwrap();
            json!({ "Fn::GetAtt": [resource, attribute] })
        }
        (_, argument) => json!({ (format!("Fn::{function}")): argument }),
    }
}

#[test]
fn anchors_merges_and_tags_are_resolved() {
    let text = "
a: {<<: &base {k: 1, l: !Ref X}, k: 2}
b: {<<: [*base, {k: 3, m: !GetAtt Y.Arn.Z}]}
c: &list [!If [P, 'no', 0.5]]
d: *list
";
    assert_eq!(
        parse(text),
        json!({
            "a": { "k": 2, "l": { "Ref": "X" } },
            "b": { "k": 1, "l": { "Ref": "X" }, "m": { "Fn::GetAtt": ["Y", "Arn.Z"] } },
            "c": [{ "Fn::If": ["P", "no", 0.5] }],
            "d": [{ "Fn::If": ["P", "no", 0.5] }],
        })
    );
}
