//! Message templates at Meta: offering one and listing them.

use domain::Category;
use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::error::CallError;
use crate::wire::{Id, Listed, Page};

/// Templates asked for at once.
const PAGE_ITEMS: &str = "100";

/// A template to be created: a text body and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTemplate {
    /// Lower-case letters, digits, underscores.
    pub name: String,
    /// Such as `en_US`.
    pub language: String,
    /// What it is for. Meta writes the body of AUTHENTICATION templates itself, and refuses one with a text.
    pub category: Category,
    /// Text with `{{1}}`, `{{2}}`, ….
    pub body: String,
    /// An example of each variable, in order; Meta's reviewers read them.
    pub examples: Vec<String>,
}

/// What Meta says of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateState {
    /// Meta's id of it.
    pub id: String,
    /// Meta's word: mostly `PENDING`, but `APPROVED` and `REJECTED` are said at once as well.
    pub status: String,
    /// What it is for now: Meta may have moved it. None where we do not know the word.
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
    /// Meta's word, such as `APPROVED`.
    pub status: String,
    /// What it is for, where we know the word.
    pub category: Option<Category>,
    /// The text of its body, where it has one.
    pub body: Option<String>,
}

#[derive(Serialize)]
struct Offer<'a> {
    name: &'a str,
    language: &'a str,
    category: &'static str,
    parameter_format: &'static str,
    components: [Body<'a>; 1],
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    example: Option<Example<'a>>,
}

/// One list of examples, in a list: Meta allows several.
#[derive(Serialize)]
struct Example<'a> {
    body_text: [&'a [String]; 1],
}

#[derive(Deserialize)]
struct Created {
    id: Id,
    status: Option<String>,
    category: Option<String>,
}

#[derive(Deserialize)]
struct ListedTemplate {
    id: Id,
    name: String,
    language: String,
    status: String,
    category: Option<String>,
    components: Option<Vec<Component>>,
}

#[derive(Deserialize)]
struct Component {
    r#type: Option<String>,
    text: Option<String>,
}

impl Component {
    fn is_body(&self) -> bool {
        self.r#type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("BODY"))
    }
}

impl ListedTemplate {
    fn read(self) -> RemoteTemplate {
        let body = self.components.unwrap_or_default().into_iter().find(Component::is_body);
        RemoteTemplate {
            id: self.id.into(),
            name: self.name,
            language: self.language,
            status: self.status,
            category: known(self.category),
            body: body.and_then(|body| body.text),
        }
    }
}

fn known(category: Option<String>) -> Option<Category> {
    category.and_then(|word| word.parse().ok())
}

impl Client {
    /// Offers a template to Meta (`POST /{waba}/message_templates`).
    pub async fn create_template(
        &self,
        token: &str,
        waba: &str,
        template: &NewTemplate,
    ) -> Result<TemplateState, CallError> {
        let examples = template.examples.as_slice();
        let example = (!examples.is_empty()).then_some(Example { body_text: [examples] });
        let request = self.authorized(Method::POST, &[waba, "message_templates"], token).json(&Offer {
            name: &template.name,
            language: &template.language,
            category: template.category.as_str(),
            parameter_format: "POSITIONAL",
            components: [Body { r#type: "BODY", text: &template.body, example }],
        });
        let created: Created = self.call(request).await?;
        Ok(TemplateState {
            id: created.id.into(),
            status: created.status.unwrap_or_else(|| "PENDING".to_owned()),
            category: known(created.category),
        })
    }

    /// A page of an account's templates (`GET /{waba}/message_templates`), from the start or from where the last page
    /// ended.
    pub async fn list_templates(
        &self,
        token: &str,
        waba: &str,
        after: Option<&str>,
    ) -> Result<Page<RemoteTemplate>, CallError> {
        let mut query =
            vec![("fields", "id,name,language,status,category,components"), ("limit", PAGE_ITEMS)];
        query.extend(after.map(|after| ("after", after)));
        let request = self.authorized(Method::GET, &[waba, "message_templates"], token).query(&query);
        Ok(self.call::<Listed<ListedTemplate>>(request).await?.page(ListedTemplate::read))
    }
}
