//! What an HTTP function with operations is given.

use std::sync::Arc;

use api::tokens::Keys;
use api::{App, Tokens};
use cloud::{Cloud, Secret};

use super::{Boot, BootError};

impl Boot {
    /// The platform, and the keys of access tokens.
    pub async fn app(&self, cloud: Cloud, uses: &[Secret]) -> Result<App, BootError> {
        let keys = self.reloadable(Secret::Jwt, Keys::from_json);
        let (platform, keys) = futures_util::try_join!(self.platform(cloud, uses), keys)?;
        Ok(App { platform, tokens: Arc::new(Tokens::new(keys, self.clock().clone())) })
    }
}
