//! Headers and footers: one line of text, or a medium in a header.

use serde_json::Value;

use super::texts::{self, ExampleKeys};
use crate::graph_error::GraphError;
use crate::json::{list, text};

/// Characters of a text header and of a footer (Meta: template components).
const LINE_CHARS_MAX: usize = 60;

const FORMATS: [&str; 7] = ["TEXT", "IMAGE", "VIDEO", "GIF", "DOCUMENT", "LOCATION", "PRODUCT"];

fn bad_header(text: &str) -> GraphError {
    GraphError::template(2_388_047, "Message template header is incorrect", text)
}

pub(super) fn check_header(component: &Value, named: bool) -> Result<(), GraphError> {
    check_header_format(component)?;
    if text(component, "format") != "TEXT" {
        return Ok(());
    }
    let line = text(component, "text");
    if line.trim().is_empty() {
        return Err(bad_header("The header has no text."));
    }
    if line.contains(['\n', '*']) {
        return Err(bad_header("A header must not contain a new line or formatting."));
    }
    texts::check_length("HEADER", line, LINE_CHARS_MAX)?;
    let variables = texts::check_variables(line, named, bad_header)?;
    if variables.len() > 1 {
        return Err(bad_header("A header has one variable at most."));
    }
    let keys = ExampleKeys { positional: "header_text", named: "header_text_named_params" };
    texts::check_examples("HEADER", component, &variables, keys.examples(component, named))
}

/// A media header needs an example.
pub(super) fn check_header_format(component: &Value) -> Result<(), GraphError> {
    let format = text(component, "format");
    if !FORMATS.contains(&format) {
        return Err(bad_header("The format of the header is unknown."));
    }
    let complete = matches!(format, "TEXT" | "LOCATION" | "PRODUCT")
        || component.get("example").is_some_and(|example| !list(example, "header_handle").is_empty());
    if complete { Ok(()) } else { Err(texts::missing_example("HEADER")) }
}

pub(super) fn check_footer(component: &Value) -> Result<(), GraphError> {
    let bad = |text: &str| GraphError::template(2_388_073, "Message template footer is incorrect", text);
    let line = text(component, "text");
    if line.trim().is_empty() {
        return Err(bad("The footer has no text."));
    }
    if line.contains("{{") {
        return Err(bad("A footer must not contain a variable."));
    }
    texts::check_length("FOOTER", line, LINE_CHARS_MAX)
}
