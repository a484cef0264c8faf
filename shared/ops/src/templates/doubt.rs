//! A refused send that contradicts what is stored of its template.

use domain::MessageId;
use domain::holds::{HoldReason, HoldTarget};
use domain::messages::Outcome;
use domain::updates::MetaError;
use meta::error::{TemplateDoubt, template_doubt};
use store::templates::checks;
use store::{StoreError, TenantTx, holds};

/// Puts the templates of refused messages on hold when the refusal says that the next message would be refused too, until
/// Meta was asked ([`check`](super::check)); returns whether one was. The wallet is locked already, because refusals are
/// refunded.
pub(crate) async fn doubt<'a>(
    tx: &TenantTx,
    sent: impl Iterator<Item = (MessageId, &'a Outcome)> + Clone + Send,
) -> Result<bool, StoreError> {
    let mut is_one_held = false;
    for doubt in [TemplateDoubt::Standing, TemplateDoubt::Words] {
        let refused = sent.clone().filter_map(|(message, outcome)| Some((message, refusal(outcome, doubt)?)));
        let (messages, errors): (Vec<MessageId>, Vec<&MetaError>) = refused.unzip();
        let Some(error) = errors.first() else { continue };
        let why =
            format!("Meta refused a message of it and is asked about it: {} {}", error.code, error.text);
        for template_id in checks::doubt(tx, &messages, doubt == TemplateDoubt::Standing).await? {
            tracing::warn!(tenant = %tx.tenant(), %template_id, reason = why, "A template is on hold until Meta confirms it.");
            let target = HoldTarget::Template(template_id);
            holds::place(tx, &target, HoldReason::Template, &why, None).await?;
            is_one_held = true;
        }
    }
    Ok(is_one_held)
}

/// Whether an outcome may put a template in doubt.
pub(crate) fn is_doubtful(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Rejected(error) if template_doubt(error.code).is_some())
}

fn refusal(outcome: &Outcome, doubt: TemplateDoubt) -> Option<&MetaError> {
    match outcome {
        Outcome::Rejected(error) => (template_doubt(error.code) == Some(doubt)).then_some(error),
        Outcome::Accepted(_) | Outcome::KnownUnsent { .. } | Outcome::Unknown => None,
    }
}
