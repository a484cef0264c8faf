//! Files at Meta: those that people sent us and those that we send (Meta: media), and examples of a template's header
//! (Meta: resumable upload API).

use bytes::Bytes;
use domain::PhoneNumberId;
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde::Deserialize;

use crate::client::Client;
use crate::error::CallError;
use crate::wire::{Id, text_of};

/// A file at Meta.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaInfo {
    /// Meta's id of it: seven days for what was received, 30 for what was uploaded.
    pub id: Option<String>,
    /// Where its bytes are for five minutes, for whoever shows the token.
    pub url: Option<String>,
    /// Such as `image/jpeg`.
    pub mime_type: Option<String>,
    /// Of its bytes, in hexadecimal digits.
    pub sha256: Option<String>,
    /// In bytes.
    pub file_size: Option<u64>,
}

/// An example of a template's header, to be uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUpload<'a> {
    /// Its name.
    pub file_name: &'a str,
    /// Such as `image/jpeg`.
    pub file_type: &'a str,
    /// The file.
    pub bytes: Bytes,
}

#[derive(Deserialize)]
struct Told {
    id: Option<Id>,
    url: Option<String>,
    mime_type: Option<String>,
    sha256: Option<String>,
    file_size: Option<Id>,
}

#[derive(Deserialize)]
struct Session {
    id: String,
}

#[derive(Deserialize)]
struct Uploaded {
    h: String,
}

impl Told {
    fn read(self) -> MediaInfo {
        MediaInfo {
            id: text_of(self.id),
            url: self.url,
            mime_type: self.mime_type,
            sha256: self.sha256,
            file_size: text_of(self.file_size).and_then(|size| size.parse().ok()),
        }
    }
}

impl Client {
    /// What Meta tells of a file (`GET /{media_id}`); with a number, only when the file is that number's.
    pub async fn media(
        &self,
        token: &str,
        id: &str,
        number: Option<&PhoneNumberId>,
    ) -> Result<MediaInfo, CallError> {
        let query: Vec<(&str, &str)> =
            number.map(|number| ("phone_number_id", number.0.as_str())).into_iter().collect();
        let request = self.authorized(Method::GET, &[id], token).query(&query);
        Ok(self.call::<Told>(request).await?.read())
    }

    /// Deletes a file (`DELETE /{media_id}`).
    pub async fn delete_media(&self, token: &str, id: &str) -> Result<(), CallError> {
        self.succeed(self.authorized(Method::DELETE, &[id], token)).await
    }

    /// Uploads an example of a template's header and gives its handle, `4::…` (`POST /{app}/uploads`, then
    /// `POST /{upload}`). An upload that breaks off is begun anew: examples are small.
    pub async fn upload_example(&self, token: &str, new: &NewUpload<'_>) -> Result<String, CallError> {
        let session = self.start_upload(token, new).await?;
        // This call alone wants the token by the older name of its scheme.
        let request = self
            .upload(&session)
            .header(AUTHORIZATION, format!("OAuth {token}"))
            .header("file_offset", "0")
            .body(new.bytes.clone());
        Ok(self.call::<Uploaded>(request).await?.h)
    }

    /// Opens an upload (`POST /{app}/uploads`) and gives its id, `upload:…`.
    pub async fn start_upload(&self, token: &str, new: &NewUpload<'_>) -> Result<String, CallError> {
        let query = [
            ("file_name", new.file_name.to_owned()),
            ("file_length", new.bytes.len().to_string()),
            ("file_type", new.file_type.to_owned()),
        ];
        let request = self.authorized(Method::POST, &[&self.app().id, "uploads"], token).query(&query);
        Ok(self.call::<Session>(request).await?.id)
    }
}
