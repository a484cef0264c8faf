//! The state of every router of operations.

use std::sync::Arc;

use ops::Platform;

use crate::tokens::Tokens;

/// The platform and who may call it.
#[derive(Clone, Debug)]
pub struct App {
    /// What operations run on.
    pub platform: Platform,
    /// Makes and checks access tokens.
    pub tokens: Arc<Tokens>,
}
