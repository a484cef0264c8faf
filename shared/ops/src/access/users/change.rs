//! A user gets another name or other rights, or loses a second factor whose device is gone.

use domain::access::manage::{RightsChange, check_change};
use domain::problem::FieldError;
use domain::{Role, TenantId, UserId};
use serde_json::{Map, Value, json};
use store::access::{managed_users, second_factors, sessions};
use store::audit_log::{self, NewEntry};
use store::{SystemOperation, SystemTx};

use super::{ManagedUser, UserError, check_role, manager};
use crate::kernel::fields;
use crate::kernel::permit::UserWriter;
use crate::kernel::platform::Platform;
use crate::kernel::security_event::{SecurityEvent, note};

/// What is to change; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserChange {
    pub name: Option<String>,
    pub role: Option<Role>,
    pub may_approve: Option<bool>,
    /// Only `false` can be asked for: a second factor is set up by its user.
    pub has_second_factor: Option<bool>,
}

/// Changes a user; returns it as it is then. A lower role ends the user's sessions.
pub async fn change_user(
    platform: &Platform,
    permit: &UserWriter,
    user: UserId,
    change: UserChange,
) -> Result<ManagedUser, UserError> {
    let change = ChangeUser { tenant: permit.tenant(), user, change: check(&change)? };
    let after = platform.store.perform_system(&platform.system_act(permit), &change).await?;
    if change.change.role.is_some() || change.change.may_approve.is_some() {
        note(SecurityEvent::RightsChanged, Some(user));
    }
    if change.change.has_second_factor.is_some() {
        note(SecurityEvent::SecondFactorOff, Some(user));
    }
    Ok(after)
}

fn check(change: &UserChange) -> Result<UserChange, UserError> {
    let mut wrong = Vec::new();
    if *change == UserChange::default() {
        wrong.push(FieldError::new("body", "must have one of name, role, mayApprove, hasSecondFactor"));
    }
    let name = change.name.as_deref().map(|name| fields::name("name", name)).transpose();
    let role = change.role.map(check_role).transpose();
    if change.has_second_factor == Some(true) {
        wrong.push(FieldError::new(
            "hasSecondFactor",
            "can only be set to false: a user sets a second factor up with POST /auth/totp",
        ));
    }
    wrong.extend(role.err());
    match name {
        Ok(name) if wrong.is_empty() => Ok(UserChange { name, ..change.clone() }),
        Ok(_) => Err(UserError::Invalid(wrong)),
        Err(error) => Err(UserError::Invalid([vec![error], wrong].concat())),
    }
}

struct ChangeUser {
    tenant: TenantId,
    user: UserId,
    change: UserChange,
}

impl SystemOperation for ChangeUser {
    const NAME: &'static str = "change_user";
    type Done = ManagedUser;
    type Error = UserError;

    async fn run(&self, tx: &SystemTx) -> Result<ManagedUser, UserError> {
        let tx = &tx.as_tenant(self.tenant);
        let manager = manager(tx).await?;
        let before = managed_users::find(tx, self.user).await?.ok_or(UserError::NotFound)?;
        let UserChange { name, role, may_approve, has_second_factor } = self.change.clone();
        let drops_second_factor = has_second_factor.is_some();
        let rights = RightsChange { role, may_approve, drops_second_factor };
        check_change(manager, (self.user, before.role), rights)?;
        let after = ManagedUser {
            name: name.unwrap_or_else(|| before.name.clone()),
            role: role.unwrap_or(before.role),
            may_approve: may_approve.unwrap_or(before.may_approve),
            has_second_factor: before.has_second_factor && !drops_second_factor,
            ..before.clone()
        };
        // Asked for again after a lost answer.
        if after == before {
            return Ok(after);
        }
        managed_users::change(tx, &after).await?;
        if drops_second_factor {
            second_factors::remove(tx, self.user).await?;
        }
        if after.role < before.role {
            sessions::revoke_all(tx, self.user).await?;
        }
        let entry = NewEntry::new("user.change", format!("user:{}", self.user), changes(&before, &after));
        audit_log::append(tx, &entry).await?;
        Ok(after)
    }
}

/// What the change was, from and to. A name is personal, so only that it changed is told.
fn changes(before: &ManagedUser, after: &ManagedUser) -> Value {
    let rights = |user: &ManagedUser| {
        [
            ("role", json!(user.role)),
            ("mayApprove", json!(user.may_approve)),
            ("hasSecondFactor", json!(user.has_second_factor)),
        ]
    };
    let (mut was, mut is) = (Map::new(), Map::new());
    for ((name, old), (_, new)) in rights(before).into_iter().zip(rights(after)) {
        if old != new {
            was.insert(name.to_owned(), old);
            is.insert(name.to_owned(), new);
        }
    }
    json!({ "before": was, "after": is, "changesName": before.name != after.name })
}
