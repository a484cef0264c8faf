//! The pages that links in e-mails open. Opening one changes nothing: a mail scanner does it too. Only its button does.

use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{Html, IntoResponse};

pub(crate) const SET_PASSWORD: &str = include_str!("set_password.html");
pub(crate) const VERIFY_EMAIL: &str = include_str!("verify_email.html");

/// Its own script and nothing inline; of styles only the one that the pages have, by its hash.
const POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'sha256-Y081SipZm72ZqGYkMdzhVQlk9sXzjnqY2k/Kc8q/v+U='; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

pub(crate) fn page(html: &'static str) -> impl IntoResponse {
    ([(CONTENT_SECURITY_POLICY, POLICY)], Html(html))
}

pub(crate) fn script(text: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], text)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest::{SHA256, digest};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn the_policy_of_the_pages_lets_their_own_style_through_and_no_inline_script() {
        for (page, script) in [(SET_PASSWORD, "set-password.js"), (VERIFY_EMAIL, "verify-email.js")] {
            let (_, style) = page.split_once("<style>").unwrap();
            let (style, _) = style.split_once("</style>").unwrap();
            let hash = STANDARD.encode(digest(&SHA256, style.as_bytes()));
            assert!(POLICY.contains(&format!("'sha256-{hash}'")), "the style's hash is {hash}");
            assert!(page.contains(&format!("<script src=\"{script}\"")));
            assert_eq!(page.matches("<script").count(), 1);
            assert!(!POLICY.contains("unsafe") && !page.contains(" style="));
        }
    }

    #[test]
    fn what_is_typed_or_linked_never_becomes_part_of_a_url() {
        for page in [SET_PASSWORD, VERIFY_EMAIL] {
            let (_, form) = page.split_once("<form").unwrap();
            let (form, _) = form.split_once('>').unwrap();
            assert!(
                form.contains("method=\"post\""),
                "without the script a browser would send it in the query"
            );
        }
    }
}
