//! An answer in JSON as tables: one of its single values, and one of each list.

use comfy_table::{Cell, Color, Row};
use serde_json::{Map, Value};

use crate::table::table;

/// Values that ask for attention.
const BAD: [&str; 5] = ["FAILED", "REJECTED", "UNKNOWN", "NO_FUNDS", "SUSPENDED"];

/// The tables of an answer, in its order.
pub(crate) fn tables(answer: &Value) -> String {
    let Value::Object(members) = answer else { return answer.to_string() };
    let mut single = table(&["", ""]);
    let mut lists = Vec::new();
    for (name, value) in members {
        match value {
            Value::Array(rows) if rows.is_empty() => {}
            Value::Array(rows) => lists.push(format!("{}\n{}", words(name), list(rows))),
            Value::Object(inner) => {
                for (inner_name, value) in inner.iter().filter(|(_, value)| !value.is_null()) {
                    single.add_row(row(&format!("{} {}", words(name), words(inner_name)), value));
                }
            }
            Value::Null => {}
            value => {
                single.add_row(row(&words(name), value));
            }
        }
    }
    let first = (single.row_count() > 0).then(|| single.to_string());
    first.into_iter().chain(lists).collect::<Vec<_>>().join("\n\n")
}

fn row(name: &str, value: &Value) -> Row {
    Row::from(vec![Cell::new(name), cell(name, value)])
}

/// A row for each object, a column for each member that one of them has.
fn list(rows: &[Value]) -> String {
    let objects: Vec<&Map<String, Value>> = rows.iter().filter_map(Value::as_object).collect();
    let mut columns: Vec<&str> = Vec::new();
    for name in objects.iter().flat_map(|object| object.keys()) {
        if !columns.contains(&name.as_str()) {
            columns.push(name);
        }
    }
    columns.retain(|name| objects.iter().any(|object| !object.get(*name).is_none_or(Value::is_null)));
    let headers: Vec<String> = columns.iter().map(|name| words(name)).collect();
    let mut table = table(&headers.iter().map(String::as_str).collect::<Vec<_>>());
    for object in objects {
        let cells = columns.iter().map(|name| cell(name, object.get(*name).unwrap_or(&Value::Null)));
        table.add_row(cells.collect::<Vec<_>>());
    }
    table.to_string()
}

fn cell(name: &str, value: &Value) -> Cell {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(is_so) => if *is_so { "yes" } else { "no" }.to_owned(),
        other => other.to_string(),
    };
    let is_bad = BAD.contains(&text.as_str()) || (name == "violations" && text != "0");
    let cell = Cell::new(text);
    if is_bad { cell.fg(Color::Red) } else { cell }
}

/// `leaseUntil` as `lease until`.
fn words(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_uppercase() {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn single_values_and_every_list_have_their_table_and_nothing_empty_is_shown() {
        let shown = tables(&json!({
            "slug": "acme", "tenant": { "name": "Acme" }, "error": null, "isClean": false,
            "numbers": [{ "isHeld": true, "leaseUntil": null }, { "isHeld": false, "leaseUntil": null, "overdue": 3 }],
            "holds": [],
        }));
        for part in [
            "slug",
            "acme",
            "tenant name",
            "Acme",
            "is clean",
            "no",
            "numbers",
            "is held",
            "yes",
            "overdue",
            "3",
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert!(
            !shown.contains("lease until") && !shown.contains("holds") && !shown.contains("error"),
            "{shown}"
        );
    }
}
