//! Calls, groups, and who answers a conversation.

use serde::Serialize;
use serde_json::Value;

use super::json::{JsonAccess, UnixTime};

/// `calls`: a call begins or ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Call {
    /// Meta's id of it.
    pub call_id: String,
    /// `connect` or `terminate`.
    pub change: Option<String>,
    /// `BUSINESS_INITIATED` or `USER_INITIATED`.
    pub direction: Option<String>,
    /// Who calls.
    pub from: Option<String>,
    /// Who is called.
    pub to: Option<String>,
    /// How it ended.
    pub status: Option<String>,
    /// When.
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

/// `calls`, statuses: how a call of the business goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallStatus {
    /// Meta's id of the call.
    pub wamid: String,
    /// `RINGING`, `ACCEPTED` or `REJECTED`.
    pub status: String,
    /// Who is called.
    pub recipient: Option<String>,
    /// What we gave the call.
    pub callback_data: Option<String>,
    /// When.
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

/// `group_…`: a group is made, changed or ended, or people come and go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Meta's word for what happened.
    pub r#type: Option<String>,
    /// Which group.
    pub group_id: Option<String>,
    /// The call of ours that it answers.
    pub request_id: Option<String>,
    /// When.
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
    /// Who answers now.
    pub new_owner_role: Option<String>,
    /// When.
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
