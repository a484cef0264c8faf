//! Connects every new tenant to an account of its own in the sandbox, so that it can send without a step by hand.

use std::sync::Arc;

use domain::{TenantId, with_causes};
use ops::Platform;
use ops::kernel::platform::NewTenantHook;
use ops::whatsapp::connect::connect;

/// For a platform whose Meta is the sandbox, which takes any code.
pub fn hook() -> NewTenantHook {
    Arc::new(|platform, tenant| Box::pin(connect_to_sandbox(platform, tenant)))
}

/// A tenant for which this failed can still connect by itself.
async fn connect_to_sandbox(platform: &Platform, tenant: TenantId) {
    let act = platform.as_system(tenant);
    if let Err(error) = connect(platform, act, &tenant.to_string(), None).await {
        tracing::warn!(error = with_causes(&error), %tenant, "The new tenant was not connected to the sandbox.");
    }
}
