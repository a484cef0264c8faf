//! Meta's rules for the content of a template, with the codes that Meta refuses with.
//!
//! Meta does not publish the ratio of words to variables; the sandbox requires two fixed words per variable, which is
//! less than what integrators report.

use serde_json::{Map, Value};

use crate::graph_error::GraphError;
use crate::json::{list, text};

mod authentication;
mod buttons;
mod carousel;
mod lines;
mod texts;

/// Characters of a name (Meta: templates overview).
const NAME_CHARS_MAX: usize = 512;
/// Characters of a body (Meta: template components).
const BODY_CHARS_MAX: usize = 1_024;
/// Characters of a body beside a limited-time offer (Meta: limited-time offer templates).
const OFFER_BODY_CHARS_MAX: usize = 600;
/// Characters of the text of a limited-time offer.
const OFFER_CHARS_MAX: usize = 16;

/// A new template that passed the checks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NewTemplate {
    pub(crate) name: String,
    pub(crate) language: String,
    pub(crate) content: TemplateContent,
}

/// What an edit replaces: everything but name and language.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TemplateContent {
    pub(crate) category: String,
    pub(crate) named: bool,
    pub(crate) components: Vec<Value>,
    pub(crate) message_send_ttl_seconds: Option<i64>,
}

impl NewTemplate {
    /// Reads and checks the body of `POST /{waba}/message_templates`.
    pub(crate) fn read(body: &Value) -> Result<Self, GraphError> {
        let name = name(body)?;
        let language = language(text(body, "language"))?;
        Ok(Self { name, language, content: TemplateContent::read(body)? })
    }

    /// Reads and checks the body of `POST /{waba}/upsert_message_templates`: authentication templates only, in several
    /// languages.
    pub(crate) fn read_many(body: &Value) -> Result<Vec<Self>, GraphError> {
        let name = name(body)?;
        let languages: Vec<String> = list(body, "languages")
            .iter()
            .map(|code| language(code.as_str().unwrap_or_default()))
            .collect::<Result<_, GraphError>>()?;
        if languages.is_empty() {
            return Err(GraphError::parameter("The parameter languages is required."));
        }
        let content = TemplateContent::read(body)?;
        if content.category != "AUTHENTICATION" {
            return Err(GraphError::parameter("Param category must be AUTHENTICATION."));
        }
        let template = |language| Self { name: name.clone(), language, content: content.clone() };
        Ok(languages.into_iter().map(template).collect())
    }
}

impl TemplateContent {
    fn read(body: &Value) -> Result<Self, GraphError> {
        let components = body
            .get("components")
            .and_then(Value::as_array)
            .ok_or_else(|| GraphError::parameter("The parameter components is required."))?;
        Self::new(category(body)?, named(body)?, components, time_to_live(body)?)
    }

    /// Checks the components; `type`, `format` and `otp_type` become upper case, as answers show them.
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

    /// Meta: time-to-live. −1 means 30 days.
    fn check_time_to_live(&self) -> Result<(), GraphError> {
        let Some(seconds) = self.message_send_ttl_seconds else { return Ok(()) };
        let (range, may_be_thirty_days) = match self.category.as_str() {
            "AUTHENTICATION" => (30..=900, true),
            "UTILITY" => (30..=43_200, true),
            _ => (43_200..=2_592_000, false),
        };
        if range.contains(&seconds) || (may_be_thirty_days && seconds == -1) {
            return Ok(());
        }
        let message = format!(
            "Param message_send_ttl_seconds must be from {} to {} for {}.",
            range.start(),
            range.end(),
            self.category
        );
        Err(GraphError::parameter(&message))
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
                // Meta writes their text; they were checked above.
                "BODY" | "FOOTER" if self.category == "AUTHENTICATION" => {}
                // Meta writes its text.
                "CALL_PERMISSION_REQUEST" => {}
                "HEADER" => lines::check_header(component, self.named)?,
                "BODY" => self.check_body(component)?,
                "FOOTER" => lines::check_footer(component)?,
                "BUTTONS" => buttons::check(list(component, "buttons"), &self.category)?,
                "CAROUSEL" => carousel::check(component, self.named)?,
                "LIMITED_TIME_OFFER" => self.check_offer(component)?,
                _ => {
                    let message =
                        format!("Param components[].type must be a known component, got \"{kind}\"");
                    return Err(GraphError::parameter(&message));
                }
            }
        }
        if seen.contains(&"BODY") { Ok(()) } else { Err(texts::bad_body("The template has no body.")) }
    }

    fn check_body(&self, component: &Value) -> Result<(), GraphError> {
        let offer = self.components.iter().any(|component| text(component, "type") == "LIMITED_TIME_OFFER");
        let max = if offer { OFFER_BODY_CHARS_MAX } else { BODY_CHARS_MAX };
        texts::check_body(component, self.named, max)
    }

    fn check_offer(&self, component: &Value) -> Result<(), GraphError> {
        let line = component.get("limited_time_offer").map_or("", |offer| text(offer, "text"));
        if line.is_empty() {
            return Err(GraphError::parameter("The parameter limited_time_offer['text'] is required."));
        }
        if self.category != "MARKETING" {
            return Err(GraphError::parameter(
                "A limited-time offer is allowed in MARKETING templates only.",
            ));
        }
        if self.components.iter().any(|component| text(component, "type") == "FOOTER") {
            return Err(GraphError::parameter(
                "A template with a limited-time offer must not have a footer.",
            ));
        }
        texts::check_length("LIMITED_TIME_OFFER", line, OFFER_CHARS_MAX)
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
    let text = "A name consists of lower-case letters, digits and underscores, 512 at most.";
    Err(GraphError::template(2_388_046, "Message template name is incorrect", text))
}

fn language(language: &str) -> Result<String, GraphError> {
    if language.is_empty() {
        return Err(GraphError::parameter("The parameter language is required."));
    }
    let (language_code, region) = language.split_once('_').unwrap_or((language, "US"));
    let fits = (2..=3).contains(&language_code.len())
        && language_code.bytes().all(|b| b.is_ascii_lowercase())
        && (2..=4).contains(&region.len())
        && region.bytes().all(|b| b.is_ascii_alphanumeric());
    if fits {
        return Ok(language.to_owned());
    }
    Err(GraphError::parameter(&format!(
        "Param language must be a supported locale such as en_US, got \"{language}\""
    )))
}

/// `category` of a body, in upper case.
pub(crate) fn category(body: &Value) -> Result<String, GraphError> {
    let category = text(body, "category").to_ascii_uppercase();
    if category.is_empty() {
        return Err(GraphError::parameter("The parameter category is required."));
    }
    if matches!(category.as_str(), "MARKETING" | "UTILITY" | "AUTHENTICATION") {
        return Ok(category);
    }
    let message = format!(
        "Param category must be one of {{AUTHENTICATION, MARKETING, UTILITY}} - got \"{}\".",
        text(body, "category")
    );
    Err(GraphError::parameter(&message))
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

/// A component with its keywords in upper case, also inside its buttons and cards.
fn upper_case(component: &Value) -> Value {
    let Some(members) = component.as_object() else { return component.clone() };
    let mut members = upper_case_keywords(members);
    for key in ["buttons", "cards", "components"] {
        if let Some(Value::Array(inner)) = members.get_mut(key) {
            for component in inner {
                *component = upper_case(component);
            }
        }
    }
    Value::Object(members)
}

fn upper_case_keywords(members: &Map<String, Value>) -> Map<String, Value> {
    let mut members = members.clone();
    for key in ["type", "format", "otp_type"] {
        if let Some(Value::String(keyword)) = members.get_mut(key) {
            *keyword = keyword.to_ascii_uppercase();
        }
    }
    members
}
