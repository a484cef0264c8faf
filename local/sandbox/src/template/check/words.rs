//! Texts of a template: their length, their variables, and an example of each.

use serde_json::Value;

use super::super::variables;
use crate::graph_error::GraphError;
use crate::json::{list, text};

/// Fixed words that each variable must stand among.
const WORDS_PER_VARIABLE: usize = 2;

pub(super) fn bad_body(words: &str) -> GraphError {
    GraphError::template(2_388_072, "Message template body is incorrect", words)
}

pub(super) fn missing_example(component: &str) -> GraphError {
    let words = format!("{component} is missing an example for a variable or for its media.");
    GraphError::template(2_388_043, "Message template is missing an example", words)
}

pub(super) fn check_length(component: &str, text: &str, max: usize) -> Result<(), GraphError> {
    if text.chars().count() <= max {
        return Ok(());
    }
    let words = format!("{component} holds more than {max} characters.");
    Err(GraphError::template(2_388_040, "Message template is too long", words))
}

/// A body: its text, its variables and their examples.
pub(super) fn check_body(component: &Value, named: bool, max: usize) -> Result<(), GraphError> {
    let body = text(component, "text");
    if body.trim().is_empty() {
        return Err(bad_body("The body has no text."));
    }
    check_length("BODY", body, max)?;
    let used = check_variables(body, named, bad_body)?;
    check_places(body, used.len())?;
    let keys = Examples { positional: "body_text", named: "body_text_named_params" };
    check_examples("BODY", component, &used, keys.given(component, named))
}

/// The variables of a text, well formed: numbers without a gap, or lower-case names that each stand once.
pub(super) fn check_variables(
    line: &str,
    named: bool,
    bad: impl Fn(&str) -> GraphError,
) -> Result<Vec<String>, GraphError> {
    let used = variables(line);
    if line.matches("{{").count() != line.matches("}}").count() {
        return Err(bad("A variable's braces are not closed."));
    }
    if named {
        let fits = |name: &String| {
            name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        if !used.iter().all(fits) {
            return Err(bad("A variable's name holds lower-case letters, digits and underscores."));
        }
        let once = line.matches("{{").count() == used.len();
        return if once { Ok(used) } else { Err(bad("A variable's name stands once in a text.")) };
    }
    let mut numbers: Vec<usize> = used.iter().filter_map(|name| name.parse().ok()).collect();
    numbers.sort_unstable();
    if numbers.len() == used.len() && numbers.iter().zip(1..).all(|(number, place)| *number == place) {
        return Ok(used);
    }
    Err(bad("Variables must be {{1}}, {{2}}, … without a gap."))
}

/// Variables may not open or close the body, touch each other, or outweigh the words.
fn check_places(body: &str, count: usize) -> Result<(), GraphError> {
    let trimmed = body.trim();
    if trimmed.starts_with("{{") || trimmed.ends_with("}}") {
        let words = "Variables can't be at the start or end of the template.";
        return Err(GraphError::template(2_388_299, "Leading or trailing variable", words));
    }
    let mut between = trimmed.split("}}").skip(1).filter_map(|piece| piece.split_once("{{"));
    if between.any(|(gap, _)| gap.trim().is_empty()) {
        return Err(bad_body("Variables may not stand next to each other."));
    }
    let fixed = fixed_words(trimmed);
    if fixed < count * WORDS_PER_VARIABLE {
        let words = "This template has too many variables for its length.";
        return Err(GraphError::template(2_388_293, "Too many variables", words));
    }
    Ok(())
}

fn fixed_words(body: &str) -> usize {
    let pieces = body.split("{{").enumerate().map(|(index, piece)| {
        if index == 0 { piece } else { piece.split_once("}}").map_or(piece, |(_, after)| after) }
    });
    let words = |piece: &str| piece.split_whitespace().filter(|w| w.contains(char::is_alphanumeric)).count();
    pieces.map(words).sum()
}

/// The members of `example` that hold the examples of one component.
pub(super) struct Examples {
    pub(super) positional: &'static str,
    pub(super) named: &'static str,
}

/// Examples as they were given: in order, or by name. An empty text is none.
pub(super) enum Given {
    InOrder(Vec<bool>),
    ByName(Vec<String>),
}

impl Examples {
    pub(super) fn given(&self, component: &Value, named: bool) -> Given {
        let Some(example) = component.get("example") else { return Given::InOrder(Vec::new()) };
        if named {
            let filled =
                list(example, self.named).iter().filter(|one| !text(one, "example").trim().is_empty());
            return Given::ByName(filled.map(|one| text(one, "param_name").to_owned()).collect());
        }
        let filled = |one: &Value| one.as_str().is_some_and(|text| !text.trim().is_empty());
        // Meta takes a text, a list, and a list of lists.
        let in_order = match example.get(self.positional) {
            Some(Value::Array(rows)) => match rows.first() {
                Some(Value::Array(row)) => row.iter().map(filled).collect(),
                _ => rows.iter().map(filled).collect(),
            },
            Some(single) => vec![filled(single)],
            None => Vec::new(),
        };
        Given::InOrder(in_order)
    }
}

/// Every variable needs one example that is not empty.
pub(super) fn check_examples(
    component: &str,
    shown: &Value,
    used: &[String],
    given: Given,
) -> Result<(), GraphError> {
    let filled = match given {
        Given::InOrder(given) => given.len() == used.len() && given.iter().all(|filled| *filled),
        Given::ByName(given) => used.iter().all(|name| given.contains(name)),
    };
    // What has no variable needs no example; one that is given all the same is passed over.
    if used.is_empty() || (filled && shown.get("example").is_some()) {
        return Ok(());
    }
    Err(missing_example(component))
}
