//! Meta's rules for a new template, with the codes Meta refuses by.
//!
//! The ratio of words to variables is not published; the sandbox asks for two fixed words per variable,
//! which is milder than what integrators report.

use serde_json::{Map, Value};

use crate::graph_error::GraphError;
use crate::json::{list, text};

mod authentication;
mod buttons;
mod carousel;
mod words;

use words::Examples;

/// Characters of a name (Meta: templates overview).
const NAME_CHARS_MAX: usize = 512;
/// Characters of a body (Meta: template components).
const BODY_CHARS_MAX: usize = 1_024;
/// Characters of a body beside a limited-time offer (Meta: limited-time offer templates).
const OFFER_BODY_CHARS_MAX: usize = 600;
/// Characters of the text of a limited-time offer.
const OFFER_CHARS_MAX: usize = 16;
/// Characters of a text header and of a footer (Meta: template components).
const LINE_CHARS_MAX: usize = 60;

const FORMATS: [&str; 7] = ["TEXT", "IMAGE", "VIDEO", "GIF", "DOCUMENT", "LOCATION", "PRODUCT"];

/// A template that Meta would take.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Proposal {
    pub(crate) name: String,
    pub(crate) language: String,
    pub(crate) content: Content,
}

/// What an edit replaces: everything but name and language.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Content {
    pub(crate) category: String,
    pub(crate) named: bool,
    pub(crate) components: Vec<Value>,
    pub(crate) message_send_ttl_seconds: Option<i64>,
}

impl Proposal {
    /// Checks the body of `POST /{waba}/message_templates`.
    pub(crate) fn read(body: &Value) -> Result<Self, GraphError> {
        let name = name(body)?;
        let language = language(text(body, "language"))?;
        Ok(Self { name, language, content: Content::read(body)? })
    }

    /// Checks the body of `POST /{waba}/upsert_message_templates`: authentication alone, several languages at once.
    pub(crate) fn read_many(body: &Value) -> Result<Vec<Self>, GraphError> {
        let name = name(body)?;
        let languages: Vec<String> = list(body, "languages")
            .iter()
            .map(|one| language(one.as_str().unwrap_or_default()))
            .collect::<Result<_, GraphError>>()?;
        if languages.is_empty() {
            return Err(GraphError::parameter("The parameter languages is required."));
        }
        let content = Content::read(body)?;
        if content.category != "AUTHENTICATION" {
            return Err(GraphError::parameter("Param category must be AUTHENTICATION."));
        }
        let one = |language| Self { name: name.clone(), language, content: content.clone() };
        Ok(languages.into_iter().map(one).collect())
    }
}

impl Content {
    fn read(body: &Value) -> Result<Self, GraphError> {
        let components = body
            .get("components")
            .and_then(Value::as_array)
            .ok_or_else(|| GraphError::parameter("The parameter components is required."))?;
        Self::new(category(body)?, named(body)?, components, time_to_live(body)?)
    }

    /// Checks components under a category; words are raised to upper case as answers show them.
    pub(crate) fn new(
        category: String,
        named: bool,
        components: &[Value],
        message_send_ttl_seconds: Option<i64>,
    ) -> Result<Self, GraphError> {
        let components: Vec<Value> = components.iter().map(upper_case).collect();
        let content = Self { category, named, components, message_send_ttl_seconds };
        content.check_time_to_live()?;
        content.check_components()?;
        Ok(content)
    }

    /// How long Meta tries to deliver (Meta: time-to-live); −1 stands for 30 days.
    fn check_time_to_live(&self) -> Result<(), GraphError> {
        let Some(seconds) = self.message_send_ttl_seconds else { return Ok(()) };
        let (range, thirty_days) = match self.category.as_str() {
            "AUTHENTICATION" => (30..=900, true),
            "UTILITY" => (30..=43_200, true),
            _ => (43_200..=2_592_000, false),
        };
        if range.contains(&seconds) || (thirty_days && seconds == -1) {
            return Ok(());
        }
        let words = format!(
            "Param message_send_ttl_seconds must be from {} to {} for {}.",
            range.start(),
            range.end(),
            self.category
        );
        Err(GraphError::parameter(&words))
    }

    fn check_components(&self) -> Result<(), GraphError> {
        if self.category == "AUTHENTICATION" {
            authentication::check(&self.components)?;
        }
        let mut seen: Vec<&str> = Vec::new();
        for component in &self.components {
            let kind = text(component, "type");
            if seen.contains(&kind) {
                return Err(GraphError::parameter(&format!("Component {kind} may appear only once.")));
            }
            seen.push(kind);
            match kind {
                // Their content is Meta's own and was checked above.
                "BODY" | "FOOTER" if self.category == "AUTHENTICATION" => {}
                // A question that Meta words itself.
                "CALL_PERMISSION_REQUEST" => {}
                "HEADER" => self.check_header(component)?,
                "BODY" => self.check_body(component)?,
                "FOOTER" => check_footer(component)?,
                "BUTTONS" => buttons::check(list(component, "buttons"), &self.category)?,
                "CAROUSEL" => carousel::check(component, self.named)?,
                "LIMITED_TIME_OFFER" => self.check_offer(component)?,
                _ => {
                    let words = format!("Param components[].type must be a known component, got \"{kind}\"");
                    return Err(GraphError::parameter(&words));
                }
            }
        }
        if seen.contains(&"BODY") { Ok(()) } else { Err(words::bad_body("The template has no body.")) }
    }

    fn check_header(&self, component: &Value) -> Result<(), GraphError> {
        check_header_format(component)?;
        if text(component, "format") != "TEXT" {
            return Ok(());
        }
        let line = text(component, "text");
        if line.trim().is_empty() {
            return Err(bad_header("The header has no text."));
        }
        if line.contains(['\n', '*']) {
            return Err(bad_header("A header holds neither a new line nor formatting."));
        }
        words::check_length("HEADER", line, LINE_CHARS_MAX)?;
        let used = words::check_variables(line, self.named, bad_header)?;
        if used.len() > 1 {
            return Err(bad_header("A header takes one variable at most."));
        }
        let keys = Examples { positional: "header_text", named: "header_text_named_params" };
        words::check_examples("HEADER", component, &used, keys.given(component, self.named))
    }

    fn check_body(&self, component: &Value) -> Result<(), GraphError> {
        let offer = self.components.iter().any(|one| text(one, "type") == "LIMITED_TIME_OFFER");
        let max = if offer { OFFER_BODY_CHARS_MAX } else { BODY_CHARS_MAX };
        words::check_body(component, self.named, max)
    }

    fn check_offer(&self, component: &Value) -> Result<(), GraphError> {
        let words = component.get("limited_time_offer").map_or("", |offer| text(offer, "text"));
        if words.is_empty() {
            return Err(GraphError::parameter("The parameter limited_time_offer['text'] is required."));
        }
        if self.category != "MARKETING" {
            return Err(GraphError::parameter("A limited-time offer is for MARKETING alone."));
        }
        if self.components.iter().any(|one| text(one, "type") == "FOOTER") {
            return Err(GraphError::parameter("A template with a limited-time offer has no footer."));
        }
        words::check_length("LIMITED_TIME_OFFER", words, OFFER_CHARS_MAX)
    }
}

fn bad_header(words: &str) -> GraphError {
    GraphError::template(2_388_047, "Message template header is incorrect", words)
}

/// A header has a known format, and one of media shows an example.
fn check_header_format(component: &Value) -> Result<(), GraphError> {
    let format = text(component, "format");
    if !FORMATS.contains(&format) {
        return Err(bad_header("The format of the header is unknown."));
    }
    let shown = matches!(format, "TEXT" | "LOCATION" | "PRODUCT")
        || component.get("example").is_some_and(|example| !list(example, "header_handle").is_empty());
    if shown { Ok(()) } else { Err(words::missing_example("HEADER")) }
}

fn check_footer(component: &Value) -> Result<(), GraphError> {
    let bad = |words: &str| GraphError::template(2_388_073, "Message template footer is incorrect", words);
    let line = text(component, "text");
    if line.trim().is_empty() {
        return Err(bad("The footer has no text."));
    }
    if line.contains("{{") {
        return Err(bad("A footer takes no variable."));
    }
    words::check_length("FOOTER", line, LINE_CHARS_MAX)
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

fn language(language: &str) -> Result<String, GraphError> {
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

/// The category of a body, in upper case.
pub(crate) fn category(body: &Value) -> Result<String, GraphError> {
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

/// `message_send_ttl_seconds` of a body.
pub(crate) fn time_to_live(body: &Value) -> Result<Option<i64>, GraphError> {
    match body.get("message_send_ttl_seconds") {
        None | Some(Value::Null) => Ok(None),
        Some(seconds) => seconds
            .as_i64()
            .map(Some)
            .ok_or_else(|| GraphError::parameter("Param message_send_ttl_seconds must be an integer.")),
    }
}

/// A component with its words in upper case, also inside its buttons and cards.
fn upper_case(component: &Value) -> Value {
    let Some(members) = component.as_object() else { return component.clone() };
    let mut members = raised(members);
    for key in ["buttons", "cards", "components"] {
        if let Some(Value::Array(inner)) = members.get_mut(key) {
            for one in inner {
                *one = upper_case(one);
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
