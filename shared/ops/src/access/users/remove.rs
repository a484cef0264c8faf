//! A user is removed: every session and link ends, and the e-mail and the place in the plan are free again.

use domain::access::manage::check_removal;
use domain::{TenantId, UserId};
use serde_json::json;
use store::access::managed_users;
use store::audit_log::{self, NewEntry};
use store::{SystemOperation, SystemTx};

use super::{UserError, manager};
use crate::kernel::permit::UserWriter;
use crate::kernel::platform::Platform;
use crate::kernel::security_event::{SecurityEvent, note};

pub async fn remove_user(platform: &Platform, permit: &UserWriter, user: UserId) -> Result<(), UserError> {
    let remove = RemoveUser { tenant: permit.tenant(), user };
    platform.store.perform_system(&platform.system_act(permit), &remove).await?;
    note(SecurityEvent::UserRemoved, Some(user));
    Ok(())
}

struct RemoveUser {
    tenant: TenantId,
    user: UserId,
}

impl SystemOperation for RemoveUser {
    const NAME: &'static str = "remove_user";
    type Done = ();
    type Error = UserError;

    async fn run(&self, tx: &SystemTx) -> Result<(), UserError> {
        let tx = &tx.as_tenant(self.tenant);
        let manager = manager(tx).await?;
        let user = managed_users::find(tx, self.user).await?.ok_or(UserError::NotFound)?;
        check_removal(manager, (self.user, user.role))?;
        managed_users::remove(tx, self.user).await?;
        let before = json!({ "role": user.role, "mayApprove": user.may_approve });
        let entry = NewEntry::new("user.remove", format!("user:{}", self.user), json!({ "before": before }));
        Ok(audit_log::append(tx, &entry).await.map(drop)?)
    }
}
