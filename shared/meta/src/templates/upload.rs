//! Uploading the examples of template headers (Meta: resumable upload API).

use bytes::Bytes;
use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;

use crate::client::{Client, object, word};
use crate::error::CallError;

/// An example of a header, to be uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUpload<'a> {
    pub file_name: &'a str,
    /// Such as `image/jpeg`.
    pub file_type: &'a str,
    pub bytes: Bytes,
}

#[derive(Deserialize)]
struct Session {
    id: String,
}

#[derive(Deserialize)]
struct Uploaded {
    h: String,
}

impl Client {
    /// Uploads an example of a header and returns its handle, `4::…` (`POST /{app}/uploads`, then `POST /{upload}`). An
    /// interrupted upload starts again from the beginning, because examples are small.
    pub async fn upload_example(
        &self,
        token: &SecretString,
        new: &NewUpload<'_>,
    ) -> Result<String, CallError> {
        let session = self.start_upload(token, new).await?;
        let request = self.upload(&session, token).header("file_offset", "0").body(new.bytes.clone());
        Ok(self.call::<Uploaded>(request).await?.h)
    }

    /// Opens an upload (`POST /{app}/uploads`) and returns its id, `upload:…`.
    async fn start_upload(&self, token: &SecretString, new: &NewUpload<'_>) -> Result<String, CallError> {
        let query = [
            ("file_name", new.file_name.to_owned()),
            ("file_length", new.bytes.len().to_string()),
            ("file_type", new.file_type.to_owned()),
        ];
        let app = self.app();
        let path = [object(&app.id)?, word("uploads")];
        let request = self.authorized(Method::POST, &path, token).query(&query);
        let session = self.call::<Session>(request).await?.id;
        // It is a path of the next call.
        let is_upload = session.starts_with("upload:") && !session.contains('/');
        if is_upload { Ok(session) } else { Err(CallError::Unreadable("id".to_owned())) }
    }
}
