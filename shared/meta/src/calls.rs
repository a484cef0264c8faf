//! The other Graph calls: templates, and what connecting an account takes.

use domain::{Category, PhoneNumberId};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use crate::client::Client;
use crate::error::CallError;

/// A template to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTemplate {
    /// Its name.
    pub name: String,
    /// Such as `en_US`.
    pub language: String,
    /// What it is for.
    pub category: Category,
    /// Text with `{{1}}`, `{{2}}`, ….
    pub body: String,
    /// An example of each variable; Meta's reviewers read them.
    pub examples: Vec<String>,
}

/// What Meta says of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateState {
    /// Meta's id of it.
    pub id: String,
    /// `PENDING`, `APPROVED`, `REJECTED`, ….
    pub status: String,
    /// Meta may have moved it.
    pub category: Option<Category>,
}

/// A template as Meta lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteTemplate {
    /// Meta's id of it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// Meta's word.
    pub status: String,
    /// What it is for, where we know the word.
    pub category: Option<Category>,
    /// The text of its body, where it has one.
    pub body: Option<String>,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// The cursor of the next page, if there is one.
    pub after: Option<String>,
}

/// What a token opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenInfo {
    /// The app that it was made for.
    pub app_id: String,
    /// Whether Meta takes it.
    pub is_valid: bool,
    /// WhatsApp Business accounts, newest first.
    pub waba_ids: Vec<String>,
}

/// A business number as Meta lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteNumber {
    /// Meta's id of it.
    pub id: String,
    /// As people see it.
    pub display: String,
    /// The business' name on it.
    pub verified_name: Option<String>,
    /// Its throughput.
    pub messages_per_second: i32,
}

/// Meta writes ids as text, and sometimes as numbers.
#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Text(String),
    Number(u64),
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        match id {
            Id::Text(text) => text,
            Id::Number(number) => number.to_string(),
        }
    }
}

#[derive(Deserialize)]
struct Created {
    id: Id,
    status: Option<String>,
    category: Option<String>,
}

#[derive(Deserialize)]
struct Listed<T> {
    data: Vec<T>,
    paging: Option<Paging>,
}

#[derive(Deserialize)]
struct Paging {
    cursors: Option<Cursors>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Cursors {
    after: Option<String>,
}

impl Paging {
    /// A last page has cursors too, but no `next`.
    fn after(self) -> Option<String> {
        self.next?;
        self.cursors?.after
    }
}

#[derive(Deserialize)]
struct ListedTemplate {
    id: Id,
    name: String,
    language: String,
    status: String,
    category: Option<String>,
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Deserialize)]
struct Component {
    r#type: String,
    text: Option<String>,
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
}

#[derive(Deserialize)]
struct Debugged {
    data: DebugData,
}

#[derive(Deserialize)]
struct DebugData {
    app_id: Option<Id>,
    #[serde(default)]
    is_valid: bool,
    #[serde(default)]
    granular_scopes: Vec<Granular>,
}

#[derive(Deserialize)]
struct Granular {
    scope: String,
    #[serde(default)]
    target_ids: Vec<Id>,
}

#[derive(Deserialize)]
struct ListedNumber {
    id: Id,
    display_phone_number: String,
    verified_name: Option<String>,
    throughput: Option<Throughput>,
}

#[derive(Deserialize)]
struct Throughput {
    level: Option<String>,
}

#[derive(Deserialize)]
struct Success {
    success: bool,
}

fn category(word: Option<String>) -> Option<Category> {
    word.and_then(|word| word.parse().ok())
}

impl Client {
    /// Offers a template to Meta (`POST /{waba}/message_templates`).
    pub async fn create_template(
        &self,
        token: &str,
        waba: &str,
        template: &NewTemplate,
    ) -> Result<TemplateState, CallError> {
        let mut body = json!({ "type": "BODY", "text": template.body });
        if !template.examples.is_empty()
            && let Some(component) = body.as_object_mut()
        {
            component.insert("example".to_owned(), json!({ "body_text": [template.examples] }));
        }
        let request =
            self.authorized(Method::POST, &format!("{waba}/message_templates"), token).json(&json!({
                "name": template.name,
                "language": template.language,
                "category": template.category.as_str(),
                "components": [body],
            }));
        let created: Created = self.call(request).await?;
        Ok(TemplateState {
            id: created.id.into(),
            status: created.status.unwrap_or_else(|| "PENDING".to_owned()),
            category: category(created.category),
        })
    }

    /// A page of an account's templates (`GET /{waba}/message_templates`).
    pub async fn list_templates(
        &self,
        token: &str,
        waba: &str,
        after: Option<&str>,
    ) -> Result<Page<RemoteTemplate>, CallError> {
        let fields = [("fields", "id,name,language,status,category,components"), ("limit", "100")];
        let mut request =
            self.authorized(Method::GET, &format!("{waba}/message_templates"), token).query(&fields);
        if let Some(after) = after {
            request = request.query(&[("after", after)]);
        }
        let listed: Listed<ListedTemplate> = self.call(request).await?;
        let items = listed.data.into_iter().map(|template| RemoteTemplate {
            id: template.id.into(),
            name: template.name,
            language: template.language,
            status: template.status,
            category: category(template.category),
            body: template
                .components
                .into_iter()
                .find(|part| part.r#type.eq_ignore_ascii_case("BODY"))
                .and_then(|part| part.text),
        });
        Ok(Page { items: items.collect(), after: listed.paging.and_then(Paging::after) })
    }

    /// Exchanges the code of Meta's login dialog for a token (`GET /oauth/access_token`). A code works once.
    pub async fn exchange_code(&self, code: &str) -> Result<String, CallError> {
        let query = [("client_id", self.app_id()), ("client_secret", self.app_secret()), ("code", code)];
        let token: Token = self.call(self.bare(Method::GET, "oauth/access_token").query(&query)).await?;
        Ok(token.access_token)
    }

    /// What a token opens (`GET /debug_token`), asked with the app's own token.
    pub async fn debug_token(&self, token: &str) -> Result<TokenInfo, CallError> {
        let own = format!("{}|{}", self.app_id(), self.app_secret());
        let request = self.bare(Method::GET, "debug_token").bearer_auth(own).query(&[("input_token", token)]);
        let data = self.call::<Debugged>(request).await?.data;
        let manages = |scope: &Granular| scope.scope == "whatsapp_business_management";
        let waba_ids =
            data.granular_scopes.into_iter().find(manages).map(|scope| scope.target_ids).unwrap_or_default();
        Ok(TokenInfo {
            app_id: data.app_id.map(String::from).unwrap_or_default(),
            is_valid: data.is_valid,
            waba_ids: waba_ids.into_iter().map(String::from).collect(),
        })
    }

    /// An account's numbers (`GET /{waba}/phone_numbers`).
    pub async fn phone_numbers(&self, token: &str, waba: &str) -> Result<Vec<RemoteNumber>, CallError> {
        let fields = [("fields", "id,display_phone_number,verified_name,throughput")];
        let request = self.authorized(Method::GET, &format!("{waba}/phone_numbers"), token).query(&fields);
        let listed: Listed<ListedNumber> = self.call(request).await?;
        let numbers = listed.data.into_iter().map(|number| RemoteNumber {
            id: number.id.into(),
            display: number.display_phone_number,
            verified_name: number.verified_name,
            messages_per_second: messages_per_second(
                number.throughput.and_then(|throughput| throughput.level).as_deref(),
            ),
        });
        Ok(numbers.collect())
    }

    /// Lets Meta send an account's webhooks to the app (`POST /{waba}/subscribed_apps`).
    pub async fn subscribe_app(&self, token: &str, waba: &str) -> Result<(), CallError> {
        self.succeed(self.authorized(Method::POST, &format!("{waba}/subscribed_apps"), token)).await
    }

    /// Registers a number for the Cloud API (`POST /{phone_number_id}/register`).
    pub async fn register(&self, token: &str, number: &PhoneNumberId, pin: &str) -> Result<(), CallError> {
        let body = json!({ "messaging_product": "whatsapp", "pin": pin });
        self.succeed(self.authorized(Method::POST, &format!("{number}/register"), token).json(&body)).await
    }

    async fn succeed(&self, request: reqwest::RequestBuilder) -> Result<(), CallError> {
        const OK: u16 = 200;
        let answer: Success = self.call(request).await?;
        if answer.success { Ok(()) } else { Err(CallError::Status(OK)) }
    }
}

/// Meta's throughput levels: 80 a second, 1,000 after its upgrade (Meta: throughput).
fn messages_per_second(level: Option<&str>) -> i32 {
    match level {
        Some("HIGH") => 1_000,
        Some(_) | None => 80,
    }
}
