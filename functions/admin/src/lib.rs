//! Plans, tenants, invitations and credit, managed by the platform's owner; a tenant's own users, API keys, balance and ledger; and what the API says
//! about itself, here because few calls of a user wait for this function.

mod about;
mod api_keys;
mod audit_log;
mod billing;
mod invitations;
mod mail;
mod plans;
mod rate_cards;
mod tenants;
mod users;

pub use about::{DOCS, Health, about};
use api::App;
use domain::limits::QUOTE_BODY_BYTES_MAX;
use http_kit::limit_body;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

/// The routes of this function that need the platform; [`about()`] has the others.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(plans::list::list, plans::create::create))
        .routes(routes!(plans::get::get, plans::change::change))
        .routes(routes!(rate_cards::list::list, rate_cards::apply::apply))
        .routes(routes!(rate_cards::preview::preview))
        .routes(routes!(tenants::create::create))
        .routes(routes!(tenants::list::list))
        .routes(routes!(tenants::get::get, tenants::change::change))
        .routes(routes!(invitations::list::list, invitations::create::create))
        .routes(routes!(invitations::delete::delete))
        .routes(routes!(tenants::subscription::subscription))
        .routes(routes!(tenants::onboarding::onboarding))
        .routes(routes!(tenants::resend_invite::resend_invite))
        .routes(routes!(mail::list::list))
        .routes(routes!(mail::retry::retry))
        .routes(routes!(users::list::list, users::add::add))
        .routes(routes!(users::change::change, users::remove::remove))
        .routes(routes!(users::invite_again::invite_again))
        .routes(routes!(api_keys::list::list, api_keys::create::create))
        .routes(routes!(api_keys::revoke::revoke))
        .routes(routes!(audit_log::own::own))
        .routes(routes!(audit_log::all::all))
        .routes(routes!(billing::add_credits::add_credits))
        .routes(routes!(billing::balance::balance))
        .routes(routes!(billing::ledger::ledger))
        .routes(routes!(billing::proof::proof))
        .routes(routes!(billing::statement::statement))
        .routes(routes!(billing::quote::quote).layer(limit_body(QUOTE_BODY_BYTES_MAX)))
        .routes(routes!(billing::low_balance::thresholds, billing::low_balance::set_thresholds))
        .routes(routes!(billing::adjustments::adjust::adjust))
        .routes(routes!(billing::adjustments::list::list))
        .routes(routes!(billing::adjustments::decide::approve))
        .routes(routes!(billing::adjustments::decide::reject))
        .routes(routes!(billing::reconciliation::reconciliation))
}
