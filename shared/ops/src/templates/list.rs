//! The templates of a tenant, newest first.

use store::StoreError;
use store::templates;
pub use store::templates::Template;
use uuid::Uuid;

use crate::kernel::one_statement::one_statement;
use crate::kernel::permit::TemplateReader;
use crate::kernel::platform::Platform;

/// Templates older than `before`, newest first.
pub async fn list_templates(
    platform: &Platform,
    permit: &TemplateReader,
    before: Uuid,
    limit: i64,
) -> Result<Vec<Template>, StoreError> {
    platform.store.perform(&platform.act(permit), &ListTemplates { before, limit }).await
}

one_statement! {
    const NAME: &'static str = "list_templates";
    struct ListTemplates { before: Uuid, limit: i64 }
    fn run(&self, tx) -> Vec<Template> { templates::list(tx, self.before, self.limit) }
}
