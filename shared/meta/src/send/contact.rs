//! Address-book entries in a message (Meta: contacts messages).

use serde::Serialize;

/// One entry: a name, and whatever is known of the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ContactCard {
    /// Meta wants the whole name and one part of it at least.
    pub name: ContactName,
    /// `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthday: Option<String>,
    /// Numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<ContactPhone>,
    /// E-mail addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<ContactEmail>,
    /// Postal addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<ContactAddress>,
    /// Web addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<ContactUrl>,
    /// Where they work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org: Option<ContactOrganisation>,
}

/// A name and its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ContactName {
    /// All of it, as it is shown.
    pub formatted_name: String,
    /// What friends say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// The family's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// What stands between the two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<String>,
    /// What stands before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// What stands behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
}

/// A number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ContactPhone {
    /// As it is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Such as `WORK`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its WhatsApp id, which gives the entry a button to write to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wa_id: Option<String>,
}

/// An e-mail address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ContactEmail {
    /// The address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Such as `WORK`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// A postal address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ContactAddress {
    /// Street and house.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street: Option<String>,
    /// Town.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// Its code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zip: Option<String>,
    /// Country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Two letters (ISO 3166).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
    /// Such as `HOME`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// A web address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ContactUrl {
    /// The address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Such as `WORK`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// Where somebody works.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ContactOrganisation {
    /// The company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// The part of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// What they are there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}
