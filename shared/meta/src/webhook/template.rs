//! What Meta says of a template: its review, its quality, its category, its text.

use serde::Serialize;
use serde_json::Value;

use super::json::{JsonAccess, UnixTime};

/// Which template. It may be one that the tenant never made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TemplateRef {
    /// Meta's id of it.
    pub template_id: Option<String>,
    /// Its name.
    #[serde(rename = "template_name")]
    pub name: Option<String>,
    /// Its language; webhooks write `en-US` where calls write `en_US`.
    pub language: Option<String>,
}

impl TemplateRef {
    /// The language as calls write it.
    pub fn api_language(&self) -> Option<String> {
        self.language.as_ref().map(|language| language.replace('-', "_"))
    }
}

fn named(value: &Value) -> TemplateRef {
    TemplateRef {
        template_id: value.id("message_template_id"),
        name: value.text("message_template_name"),
        language: value.text("message_template_language"),
    }
}

/// `message_template_status_update`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TemplateStatus {
    /// Which.
    #[serde(flatten)]
    pub template: TemplateRef,
    /// Meta's word: `APPROVED`, `REJECTED`, `PAUSED`, `DISABLED`, `REINSTATED`, …
    pub status: String,
    /// Meta's word for why; `NONE` when it is fine.
    pub reason: Option<String>,
    /// Its category.
    pub category: Option<String>,
    /// When it was disabled, as Meta wrote it.
    pub disable_info: Option<Value>,
    /// Why it was rejected and what to do, as Meta wrote it.
    pub rejection_info: Option<Value>,
    /// Why it was paused, as Meta wrote it.
    pub other_info: Option<Value>,
}

pub(super) fn status(value: &Value) -> Result<TemplateStatus, &'static str> {
    Ok(TemplateStatus {
        template: named(value),
        status: value.text("event").ok_or("a template status without an event")?,
        reason: value.text("reason"),
        category: value.text("message_template_category"),
        disable_info: value.raw("disable_info"),
        rejection_info: value.raw("rejection_info"),
        other_info: value.raw("other_info"),
    })
}

/// `message_template_quality_update`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TemplateQuality {
    /// Which.
    #[serde(flatten)]
    pub template: TemplateRef,
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`, as it was.
    pub previous: Option<String>,
    /// As it is.
    pub current: String,
    /// Since when.
    pub at: Option<UnixTime>,
}

/// Whether it is a quality update: Meta's own example carries one under the field of status updates.
pub(super) fn is_quality(value: &Value) -> bool {
    !value.at("new_quality_score").is_null() && value.at("event").is_null()
}

pub(super) fn quality(value: &Value) -> Result<TemplateQuality, &'static str> {
    Ok(TemplateQuality {
        template: named(value),
        previous: value.text("previous_quality_score"),
        current: value.text("new_quality_score").ok_or("a template quality without a score")?,
        at: moment(value),
    })
}

/// `template_category_update`: said a day before, and again when it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TemplateCategory {
    /// Which.
    #[serde(flatten)]
    pub template: TemplateRef,
    /// The category now.
    pub current: String,
    /// What is said of it.
    #[serde(flatten)]
    pub phase: CategoryPhase,
}

/// Before or after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum CategoryPhase {
    /// It will change.
    Announced {
        /// Into this.
        will_become: String,
        /// Then.
        at: Option<UnixTime>,
    },
    /// It changed.
    Done {
        /// From this.
        previous: Option<String>,
    },
}

pub(super) fn category(value: &Value) -> Result<TemplateCategory, &'static str> {
    let phase = match value.text("correct_category") {
        Some(will_become) => CategoryPhase::Announced { will_become, at: moment(value) },
        None => CategoryPhase::Done { previous: value.text("previous_category") },
    };
    let current = value.text("new_category").ok_or("a template category without the category")?;
    Ok(TemplateCategory { template: named(value), current, phase })
}

/// `template_correct_category_detection`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TemplateCategoryMismatch {
    /// Which.
    #[serde(flatten)]
    pub template: TemplateRef,
    /// The category it has.
    pub current: Option<String>,
    /// The category it should have.
    pub correct: String,
}

pub(super) fn mismatch(value: &Value) -> Result<TemplateCategoryMismatch, &'static str> {
    Ok(TemplateCategoryMismatch {
        template: named(value),
        current: value.text("category").or_else(|| value.text("new_category")),
        correct: value.text("correct_category").ok_or("a category mismatch without the right one")?,
    })
}

/// `message_template_components_update`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TemplateComponents {
    /// Which.
    #[serde(flatten)]
    pub template: TemplateRef,
    /// The text above, if it is text.
    pub header: Option<String>,
    /// The text.
    pub body: Option<String>,
    /// The text below.
    pub footer: Option<String>,
    /// The types of its buttons.
    pub buttons: Vec<String>,
}

pub(super) fn components(value: &Value) -> TemplateComponents {
    let buttons = value.list("message_template_buttons").iter();
    TemplateComponents {
        template: named(value),
        header: value.text("message_template_title"),
        body: value.text("message_template_element"),
        footer: value.text("message_template_footer"),
        buttons: buttons.filter_map(|button| button.text("message_template_button_type")).collect(),
    }
}

/// The one time stamp in it, however Meta calls it there.
fn moment(value: &Value) -> Option<UnixTime> {
    value.as_object()?.keys().filter(|key| key.ends_with("timestamp")).find_map(|key| value.time(key))
}
