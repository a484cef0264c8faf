//! Calls, groups, and which party answers a conversation.

use serde::Serialize;
use serde_json::Value;

use super::json::{JsonAccess, UnixTime};

/// `calls`: a call starts or ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Call {
    pub call_id: String,
    /// `connect` or `terminate`.
    pub change: Option<String>,
    /// `BUSINESS_INITIATED` or `USER_INITIATED`.
    pub direction: Option<String>,
    pub from: Option<String>,
    pub to: Option<String>,
    /// How it ended.
    pub status: Option<String>,
    pub timestamp: Option<UnixTime>,
}

pub(super) fn call(value: &Value) -> Result<Call, &'static str> {
    Ok(Call {
        call_id: value.id("id").ok_or("a call without an id")?,
        change: value.text("event"),
        direction: value.text("direction"),
        from: value.id("from"),
        to: value.id("to"),
        status: value.text("status"),
        timestamp: value.time("timestamp"),
    })
}

/// `calls`, statuses: the progress of a call from the business.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallStatus {
    pub wamid: String,
    /// `RINGING`, `ACCEPTED` or `REJECTED`.
    pub status: String,
    pub recipient: Option<String>,
    /// The callback data that we gave the call.
    pub callback_data: Option<String>,
    pub timestamp: Option<UnixTime>,
}

pub(super) fn status(value: &Value) -> Result<CallStatus, &'static str> {
    Ok(CallStatus {
        wamid: value.id("id").ok_or("a call's status without an id")?,
        status: value.text("status").ok_or("a call's status without a kind")?,
        recipient: value.id("recipient_id"),
        callback_data: value.id("biz_opaque_callback_data"),
        timestamp: value.time("timestamp"),
    })
}

/// `group_…`: a group is created, changed or ended, or its members change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Meta's word for the event.
    pub r#type: Option<String>,
    pub group_id: Option<String>,
    /// The request of ours that it answers.
    pub request_id: Option<String>,
    pub timestamp: Option<UnixTime>,
}

pub(super) fn group(value: &Value) -> Result<Group, &'static str> {
    let (r#type, group_id) = (value.text("type"), value.id("group_id"));
    if r#type.is_none() && group_id.is_none() {
        return Err("a group without type and id");
    }
    Ok(Group { r#type, group_id, request_id: value.id("request_id"), timestamp: value.time("timestamp") })
}

/// `messaging_handovers`: a conversation passes from one party to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ThreadControl {
    /// `control_passed` or `control_taken`.
    pub r#type: String,
    /// The role of the party that answers now.
    pub new_owner_role: Option<String>,
    pub timestamp: Option<UnixTime>,
}

pub(super) fn thread(value: &Value) -> Result<ThreadControl, &'static str> {
    let r#type = value.text("type").ok_or("a handover without a type")?;
    let inner = value.at(&r#type);
    Ok(ThreadControl {
        new_owner_role: inner.text("new_owner_role").or_else(|| value.text("new_owner_role")),
        timestamp: value.time("timestamp"),
        r#type,
    })
}
