//! What was sent and what it cost, as Meta counts it (Meta: analytics).

mod pricing;
mod template;

pub use pricing::{Granularity, PricingDimension, PricingPoint, PricingQuery};
pub use template::{TemplateCost, TemplatePoint, TemplateStatsQuery};
