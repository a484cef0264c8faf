//! The texts that Meta writes for authentication templates (Meta: authentication template previews).

use domain::Category;
use reqwest::Method;
use serde::Deserialize;

use crate::client::Client;
use crate::error::CallError;
use crate::wire::Listed;

/// Which texts are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PreviewQuery<'a> {
    /// Such as `en_US`; none are all that Meta has.
    pub languages: &'a [&'a str],
    /// Whether the body says that the code is not to be shared.
    pub add_security_recommendation: Option<bool>,
    /// How long the code holds, 1 to 90 minutes; a footer says it.
    pub code_expiration_minutes: Option<u8>,
    /// Whether there is a button for the code.
    pub has_otp_button: bool,
}

/// A template's texts in one language.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct TemplatePreview {
    /// Such as `en_US`.
    pub language: String,
    /// The text.
    pub body: Option<String>,
    /// What stands below it.
    pub footer: Option<String>,
    /// Its buttons.
    #[serde(default)]
    pub buttons: Vec<PreviewButton>,
}

/// A button's labels.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PreviewButton {
    /// Of copying the code.
    pub text: Option<String>,
    /// Of filling it in.
    pub autofill_text: Option<String>,
}

impl PreviewQuery<'_> {
    fn members(&self) -> Vec<(&'static str, String)> {
        let members = [
            Some(("category", Category::Authentication.as_str().to_owned())),
            (!self.languages.is_empty()).then(|| ("languages", self.languages.join(","))),
            self.add_security_recommendation.map(|adds| ("add_security_recommendation", adds.to_string())),
            self.code_expiration_minutes.map(|minutes| ("code_expiration_minutes", minutes.to_string())),
            self.has_otp_button.then(|| ("button_types", "OTP".to_owned())),
        ];
        members.into_iter().flatten().collect()
    }
}

impl Client {
    /// What Meta would write (`GET /{waba}/message_template_previews`).
    pub async fn preview_authentication_templates(
        &self,
        token: &str,
        waba: &str,
        query: &PreviewQuery<'_>,
    ) -> Result<Vec<TemplatePreview>, CallError> {
        let request =
            self.authorized(Method::GET, &[waba, "message_template_previews"], token).query(&query.members());
        Ok(self.call::<Listed<TemplatePreview>>(request).await?.items(|preview| preview))
    }
}
