//! Texts of a template: their length, their variables and the examples of these.

use serde_json::Value;

use crate::graph_error::GraphError;
use crate::json::{list, text};
use crate::template::variables::{fixed_parts, variables};

/// Fixed words that a body needs per variable.
const WORDS_PER_VARIABLE: usize = 2;

pub(super) fn bad_body(text: &str) -> GraphError {
    GraphError::template(2_388_072, "Message template body is incorrect", text)
}

pub(super) fn missing_example(component: &str) -> GraphError {
    let text = format!("{component} is missing an example for a variable or for its media.");
    GraphError::template(2_388_043, "Message template is missing an example", text)
}

pub(super) fn check_length(component: &str, text: &str, max: usize) -> Result<(), GraphError> {
    if text.chars().count() <= max {
        return Ok(());
    }
    let text = format!("{component} is longer than {max} characters.");
    Err(GraphError::template(2_388_040, "Message template is too long", text))
}

pub(super) fn check_body(component: &Value, named: bool, max: usize) -> Result<(), GraphError> {
    let body = text(component, "text");
    if body.trim().is_empty() {
        return Err(bad_body("The body has no text."));
    }
    check_length("BODY", body, max)?;
    let variables = check_variables(body, named, bad_body)?;
    check_positions(body, variables.len())?;
    let keys = ExampleKeys { positional: "body_text", named: "body_text_named_params" };
    check_examples("BODY", component, &variables, keys.examples(component, named))
}

/// Returns the variables of a text: numbers without a gap, or lower-case names that each occur once.
pub(super) fn check_variables(
    line: &str,
    named: bool,
    bad: impl Fn(&str) -> GraphError,
) -> Result<Vec<String>, GraphError> {
    let found = variables(line);
    if line.matches("{{").count() != line.matches("}}").count() {
        return Err(bad("The braces of a variable are not closed."));
    }
    if named {
        let fits = |name: &String| {
            name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        if !found.iter().all(fits) {
            return Err(bad("A variable name consists of lower-case letters, digits and underscores."));
        }
        let once = line.matches("{{").count() == found.len();
        return if once { Ok(found) } else { Err(bad("A variable name must occur only once in a text.")) };
    }
    let mut numbers: Vec<usize> = found.iter().filter_map(|name| name.parse().ok()).collect();
    numbers.sort_unstable();
    if numbers.len() == found.len() && numbers.iter().zip(1..).all(|(number, position)| *number == position) {
        return Ok(found);
    }
    Err(bad("Variables must be {{1}}, {{2}}, … without a gap."))
}

/// Variables must not begin or end the body, be next to each other, or be too many for the words.
fn check_positions(body: &str, count: usize) -> Result<(), GraphError> {
    let trimmed = body.trim();
    if trimmed.starts_with("{{") || trimmed.ends_with("}}") {
        let text = "Variables can't be at the start or end of the template.";
        return Err(GraphError::template(2_388_299, "Leading or trailing variable", text));
    }
    let mut between = trimmed.split("}}").skip(1).filter_map(|part| part.split_once("{{"));
    if between.any(|(gap, _)| gap.trim().is_empty()) {
        return Err(bad_body("Variables must not be next to each other."));
    }
    let words =
        |part: &str| part.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count();
    let fixed_words: usize = fixed_parts(trimmed).map(words).sum();
    if fixed_words < count * WORDS_PER_VARIABLE {
        let text = "This template has too many variables for its length.";
        return Err(GraphError::template(2_388_293, "Too many variables", text));
    }
    Ok(())
}

/// The members of `example` with the examples of one component.
pub(super) struct ExampleKeys {
    pub(super) positional: &'static str,
    pub(super) named: &'static str,
}

/// The examples of one component; an empty text does not count as one.
pub(super) enum Examples {
    /// Whether each is filled.
    Positional(Vec<bool>),
    /// The names of those that are filled.
    Named(Vec<String>),
}

impl ExampleKeys {
    pub(super) fn examples(&self, component: &Value, named: bool) -> Examples {
        let Some(example) = component.get("example") else { return Examples::Positional(Vec::new()) };
        if named {
            let filled =
                list(example, self.named).iter().filter(|entry| !text(entry, "example").trim().is_empty());
            return Examples::Named(filled.map(|entry| text(entry, "param_name").to_owned()).collect());
        }
        let filled = |example: &Value| example.as_str().is_some_and(|text| !text.trim().is_empty());
        // Meta accepts a text, a list, and a list of lists.
        let positional = match example.get(self.positional) {
            Some(Value::Array(rows)) => match rows.first() {
                Some(Value::Array(row)) => row.iter().map(filled).collect(),
                _ => rows.iter().map(filled).collect(),
            },
            Some(single) => vec![filled(single)],
            None => Vec::new(),
        };
        Examples::Positional(positional)
    }
}

/// Every variable needs one example that is not empty.
pub(super) fn check_examples(
    part: &str,
    component: &Value,
    variables: &[String],
    examples: Examples,
) -> Result<(), GraphError> {
    let filled = match examples {
        Examples::Positional(filled) => {
            filled.len() == variables.len() && filled.iter().all(|filled| *filled)
        }
        Examples::Named(names) => variables.iter().all(|name| names.contains(name)),
    };
    // An example for a text without variables is ignored.
    if variables.is_empty() || (filled && component.get("example").is_some()) {
        return Ok(());
    }
    Err(missing_example(part))
}
