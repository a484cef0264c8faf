//! Registering, logging in and out, passwords, second factors and e-mail addresses, and the public keys of access tokens.

mod access;
mod session;
mod tenants;

use api::App;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this function.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(tenants::register::register_tenant))
        .routes(routes!(access::login::login))
        .routes(routes!(access::refresh::refresh))
        .routes(routes!(access::logout::log_out))
        .routes(routes!(access::logout::log_out_everywhere))
        .routes(routes!(access::second_factor::begin, access::second_factor::remove))
        .routes(routes!(access::second_factor::confirm))
        .routes(routes!(access::sessions::list))
        .routes(routes!(access::sessions::end))
        .routes(routes!(access::set_password::set_password, access::set_password::set_password_page))
        .routes(routes!(access::set_password::set_password_script))
        .routes(routes!(access::forgot_password::forgot_password))
        .routes(routes!(access::verify_email::verify_email, access::verify_email::verify_email_page))
        .routes(routes!(access::verify_email::verify_email_script))
        .routes(routes!(access::verify_email::resend_verification))
        .routes(routes!(access::change_email::change_email))
        .routes(routes!(access::change_email::stop_email_change))
        .routes(routes!(access::jwks::jwks))
}
