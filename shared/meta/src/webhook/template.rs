//! Webhooks about a template: its review, quality, category and texts.

use serde::Serialize;
use serde_json::Value;

use super::json::{JsonAccess, UnixTime};

/// The template concerned, which may be one that the tenant did not create here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TemplateRef {
    pub template_id: Option<String>,
    #[serde(rename = "template_name")]
    pub name: Option<String>,
    /// Webhooks write `en-US` where calls write `en_US`.
    pub language: Option<String>,
}

impl TemplateRef {
    /// The language in the format of calls.
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
    #[serde(flatten)]
    pub template: TemplateRef,
    /// Meta's word: `APPROVED`, `REJECTED`, `PAUSED`, `DISABLED`, `REINSTATED`, …
    pub status: String,
    /// Meta's word for the reason; `NONE` when there is none.
    pub reason: Option<String>,
    pub category: Option<String>,
    /// When it was disabled, in Meta's JSON.
    pub disable_info: Option<Value>,
    /// Why it was rejected and what to do, in Meta's JSON.
    pub rejection_info: Option<Value>,
    /// Why it was paused, in Meta's JSON.
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
    #[serde(flatten)]
    pub template: TemplateRef,
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    pub previous: Option<String>,
    /// The same words.
    pub current: String,
    pub at: Option<UnixTime>,
}

/// Whether it is a quality update: Meta's own example has one under the field of status updates.
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

/// `template_category_update`: sent a day before the change, and again after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TemplateCategory {
    #[serde(flatten)]
    pub template: TemplateRef,
    /// The present category.
    pub current: String,
    #[serde(flatten)]
    pub phase: CategoryPhase,
}

/// Whether the change is announced or done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum CategoryPhase {
    Announced {
        /// The future category.
        will_become: String,
        /// When it will change.
        at: Option<UnixTime>,
    },
    Done {
        /// The former category.
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
    #[serde(flatten)]
    pub template: TemplateRef,
    /// If it is a text.
    pub header: Option<String>,
    pub body: Option<String>,
    pub footer: Option<String>,
    /// Meta's words for the types.
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

/// Its only time stamp, whatever Meta calls it there.
fn moment(value: &Value) -> Option<UnixTime> {
    value.as_object()?.keys().filter(|key| key.ends_with("timestamp")).find_map(|key| value.time(key))
}
