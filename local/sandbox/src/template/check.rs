//! Meta's rules for a new template, with the codes Meta refuses by.
//!
//! The ratio of words to variables is not published; the sandbox asks for two fixed words per variable,
//! which is milder than what integrators report.

use serde_json::{Map, Value};

use super::{text, variables};
use crate::graph::error::GraphError;

/// Characters of a name (Meta: templates overview).
const NAME_CHARS_MAX: usize = 512;
/// Characters of a body (Meta: template components).
const BODY_CHARS_MAX: usize = 1_024;
/// Characters of a text header and of a footer (Meta: template components).
const LINE_CHARS_MAX: usize = 60;
/// Buttons of one template (Meta: template components).
const BUTTONS_MAX: usize = 10;
/// Characters of a button's label (Meta: template components).
const LABEL_CHARS_MAX: usize = 25;
/// Fixed words that each variable must stand among.
const WORDS_PER_VARIABLE: usize = 2;

const FORMATS: [&str; 7] = ["TEXT", "IMAGE", "VIDEO", "GIF", "DOCUMENT", "LOCATION", "PRODUCT"];

/// A template that Meta would take.
#[derive(Debug, PartialEq)]
pub(crate) struct Proposal {
    pub(crate) name: String,
    pub(crate) language: String,
    pub(crate) category: String,
    pub(crate) named: bool,
    pub(crate) components: Vec<Value>,
}

impl Proposal {
    /// Checks the body of `POST /{waba}/message_templates`.
    pub(crate) fn read(body: &Value) -> Result<Self, GraphError> {
        let name = name(body)?;
        let language = language(body)?;
        let category = category(body)?;
        let named = named(body)?;
        let components = body
            .get("components")
            .and_then(Value::as_array)
            .ok_or_else(|| GraphError::parameter("The parameter components is required."))?;
        let components: Vec<Value> = components.iter().map(upper_case).collect();
        let proposal = Self { name, language, category, named, components };
        proposal.check_components()?;
        Ok(proposal)
    }

    fn check_components(&self) -> Result<(), GraphError> {
        let mut seen: Vec<&str> = Vec::new();
        for component in &self.components {
            let kind = text(component, "type");
            if seen.contains(&kind) {
                return Err(GraphError::parameter(&format!("Component {kind} may appear only once.")));
            }
            seen.push(kind);
            match kind {
                "HEADER" => self.check_header(component)?,
                "BODY" if self.category == "AUTHENTICATION" => check_authentication_body(component)?,
                "BODY" => self.check_body(component)?,
                "FOOTER" => check_footer(component)?,
                "BUTTONS" => check_buttons(component)?,
                "CAROUSEL" | "LIMITED_TIME_OFFER" => {}
                _ => {
                    let words = format!("Param components[].type must be a known component, got \"{kind}\"");
                    return Err(GraphError::parameter(&words));
                }
            }
        }
        if seen.contains(&"BODY") { Ok(()) } else { Err(bad_body("The template has no body.")) }
    }

    fn check_header(&self, component: &Value) -> Result<(), GraphError> {
        let bad =
            |words: &str| GraphError::template(2_388_047, "Message template header is incorrect", words);
        let format = text(component, "format");
        if !FORMATS.contains(&format) {
            return Err(bad("The format of the header is unknown."));
        }
        let example = component.get("example");
        if format != "TEXT" {
            let handled = matches!(format, "LOCATION" | "PRODUCT")
                || example
                    .and_then(|e| e.get("header_handle")?.as_array())
                    .is_some_and(|list| !list.is_empty());
            return if handled { Ok(()) } else { Err(missing_example("HEADER")) };
        }
        let line = text(component, "text");
        if line.trim().is_empty() {
            return Err(bad("The header has no text."));
        }
        check_length("HEADER", line, LINE_CHARS_MAX)?;
        let used = variables(line);
        if used.len() > 1 {
            return Err(bad("A header takes one variable at most."));
        }
        self.check_variables(&used, &bad)?;
        let (positional, by_name) = ("header_text", "header_text_named_params");
        let given =
            if self.named { named_examples(example, by_name) } else { flat_examples(example, positional) };
        check_examples("HEADER", &used, &given, self.named)
    }

    fn check_body(&self, component: &Value) -> Result<(), GraphError> {
        let body = text(component, "text");
        if body.trim().is_empty() {
            return Err(bad_body("The body has no text."));
        }
        check_length("BODY", body, BODY_CHARS_MAX)?;
        let used = variables(body);
        self.check_variables(&used, &bad_body)?;
        check_places(body, used.len())?;
        let example = component.get("example");
        let given = if self.named {
            named_examples(example, "body_text_named_params")
        } else {
            let first = example.and_then(|e| e.get("body_text")?.as_array()?.first());
            // Meta takes a flat list as well as a list of lists.
            match first {
                Some(Value::Array(list)) => list.iter().map(example_text).collect(),
                _ => flat_examples(example, "body_text"),
            }
        };
        check_examples("BODY", &used, &given, self.named)
    }

    fn check_variables(&self, used: &[String], bad: &impl Fn(&str) -> GraphError) -> Result<(), GraphError> {
        if self.named {
            let fits = |name: &String| {
                name.starts_with(|c: char| c.is_ascii_lowercase())
                    && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            };
            return if used.iter().all(fits) { Ok(()) } else { Err(bad("A variable's name is malformed.")) };
        }
        let mut numbers: Vec<usize> = used.iter().filter_map(|name| name.parse().ok()).collect();
        numbers.sort_unstable();
        if numbers.len() == used.len() && numbers.iter().zip(1..).all(|(number, place)| *number == place) {
            return Ok(());
        }
        Err(bad("Variables must be {{1}}, {{2}}, … without a gap."))
    }
}

fn name(body: &Value) -> Result<String, GraphError> {
    let name = text(body, "name");
    if name.is_empty() {
        return Err(GraphError::parameter("The parameter name is required."));
    }
    let fits = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if fits && name.len() <= NAME_CHARS_MAX {
        return Ok(name.to_owned());
    }
    let words = "A name holds lower-case letters, digits and underscores, 512 at most.";
    Err(GraphError::template(2_388_046, "Message template name is incorrect", words))
}

fn language(body: &Value) -> Result<String, GraphError> {
    let language = text(body, "language");
    if language.is_empty() {
        return Err(GraphError::parameter("The parameter language is required."));
    }
    let (tongue, region) = language.split_once('_').unwrap_or((language, "US"));
    let fits = (2..=3).contains(&tongue.len())
        && tongue.bytes().all(|b| b.is_ascii_lowercase())
        && (2..=4).contains(&region.len())
        && region.bytes().all(|b| b.is_ascii_alphanumeric());
    if fits {
        return Ok(language.to_owned());
    }
    Err(GraphError::parameter(&format!(
        "Param language must be a supported locale such as en_US, got \"{language}\""
    )))
}

fn category(body: &Value) -> Result<String, GraphError> {
    let category = text(body, "category").to_ascii_uppercase();
    if category.is_empty() {
        return Err(GraphError::parameter("The parameter category is required."));
    }
    if matches!(category.as_str(), "MARKETING" | "UTILITY" | "AUTHENTICATION") {
        return Ok(category);
    }
    let words = format!(
        "Param category must be one of {{AUTHENTICATION, MARKETING, UTILITY}} - got \"{}\".",
        text(body, "category")
    );
    Err(GraphError::parameter(&words))
}

fn named(body: &Value) -> Result<bool, GraphError> {
    match text(body, "parameter_format").to_ascii_lowercase().as_str() {
        "" | "positional" => Ok(false),
        "named" => Ok(true),
        _ => Err(GraphError::parameter("Param parameter_format must be one of {NAMED, POSITIONAL}")),
    }
}

/// A component with its words in upper case, as answers show them.
fn upper_case(component: &Value) -> Value {
    let Some(members) = component.as_object() else { return component.clone() };
    let mut members = raised(members);
    if let Some(Value::Array(buttons)) = members.get_mut("buttons") {
        for button in buttons {
            if let Some(inner) = button.as_object() {
                *button = Value::Object(raised(inner));
            }
        }
    }
    Value::Object(members)
}

fn raised(members: &Map<String, Value>) -> Map<String, Value> {
    let mut members = members.clone();
    for key in ["type", "format", "otp_type"] {
        if let Some(Value::String(word)) = members.get_mut(key) {
            *word = word.to_ascii_uppercase();
        }
    }
    members
}

fn bad_body(words: &str) -> GraphError {
    GraphError::template(2_388_072, "Message template body is incorrect", words)
}

fn missing_example(component: &str) -> GraphError {
    let words = format!("{component} is missing an example for a variable or for its media.");
    GraphError::template(2_388_043, "Message template is missing an example", words)
}

fn check_length(component: &str, text: &str, max: usize) -> Result<(), GraphError> {
    if text.chars().count() <= max {
        return Ok(());
    }
    let words = format!("{component} holds more than {max} characters.");
    Err(GraphError::template(2_388_040, "Message template is too long", words))
}

fn check_authentication_body(component: &Value) -> Result<(), GraphError> {
    if component.get("text").is_none() {
        return Ok(());
    }
    // The text of such a body is Meta's own.
    Err(GraphError::parameter(
        "Unexpected key \"text\" on param \"components[body]\" of an AUTHENTICATION template.",
    ))
}

/// Variables may not open or close the body, touch each other, or outweigh the words.
fn check_places(body: &str, count: usize) -> Result<(), GraphError> {
    let trimmed = body.trim();
    if trimmed.starts_with("{{") || trimmed.ends_with("}}") {
        let words = "Variables can't be at the start or end of the template.";
        return Err(GraphError::template(2_388_299, "Leading or trailing variable", words));
    }
    if trimmed.contains("}}{{") || trimmed.contains("}} {{") {
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

fn example_text(value: &Value) -> (String, bool) {
    (String::new(), value.as_str().is_some_and(|text| !text.trim().is_empty()))
}

fn flat_examples(example: Option<&Value>, key: &str) -> Vec<(String, bool)> {
    let list = example.and_then(|e| e.get(key)?.as_array());
    list.map_or_else(Vec::new, |list| list.iter().map(example_text).collect())
}

fn named_examples(example: Option<&Value>, key: &str) -> Vec<(String, bool)> {
    let list = example.and_then(|e| e.get(key)?.as_array());
    let read =
        |entry: &Value| (text(entry, "param_name").to_owned(), !text(entry, "example").trim().is_empty());
    list.map_or_else(Vec::new, |list| list.iter().map(read).collect())
}

/// Every variable needs one example that is not empty.
fn check_examples(
    component: &str,
    used: &[String],
    given: &[(String, bool)],
    named: bool,
) -> Result<(), GraphError> {
    let filled = if named {
        used.iter().all(|name| given.iter().any(|(key, filled)| key == name && *filled))
    } else {
        given.len() == used.len() && given.iter().all(|(_, filled)| *filled)
    };
    if filled || used.is_empty() { Ok(()) } else { Err(missing_example(component)) }
}

fn check_footer(component: &Value) -> Result<(), GraphError> {
    let line = text(component, "text");
    if line.contains("{{") {
        let words = "A footer takes no variable.";
        return Err(GraphError::template(2_388_073, "Message template footer is incorrect", words));
    }
    check_length("FOOTER", line, LINE_CHARS_MAX)
}

fn check_buttons(component: &Value) -> Result<(), GraphError> {
    let buttons = component.get("buttons").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if buttons.is_empty() || buttons.len() > BUTTONS_MAX {
        return Err(GraphError::parameter("Param components[].buttons must hold 1 to 10 buttons."));
    }
    for button in buttons {
        check_length("BUTTONS", text(button, "text"), LABEL_CHARS_MAX)?;
        let variable = text(button, "type") == "URL" && text(button, "url").contains("{{");
        let shown = match button.get("example") {
            Some(Value::Array(list)) => !list.is_empty(),
            Some(Value::String(line)) => !line.is_empty(),
            _ => false,
        };
        if variable && !shown {
            return Err(missing_example("BUTTONS"));
        }
    }
    Ok(())
}
