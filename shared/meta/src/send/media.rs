//! Files in messages, referenced by the id of an upload or by a link.

use serde_json::{Value, json};

use crate::wire::{present, typed};

/// Where Meta finds a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaSource {
    /// An upload to the sending number; it expires after 30 days.
    Id(String),
    /// An address that Meta fetches and caches for ten minutes.
    Link(String),
}

/// A file (Meta: image, video, audio, document and sticker messages).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaMessage {
    Image {
        /// JPEG or PNG, at most 5 MB.
        source: MediaSource,
        caption: Option<String>,
    },
    /// MP4 or 3GP, at most 16 MB.
    Video { source: MediaSource, caption: Option<String> },
    /// At most 16 MB.
    Audio {
        source: MediaSource,
        /// Whether it is shown as a voice message, which requires OGG with Opus.
        voice: Option<bool>,
    },
    /// Anything, at most 100 MB.
    Document {
        source: MediaSource,
        caption: Option<String>,
        /// The name under which it is saved.
        filename: Option<String>,
    },
    /// WebP.
    Sticker(MediaSource),
}

impl MediaSource {
    /// `{"id": …}` or `{"link": …}`.
    pub(super) fn json(&self) -> Value {
        match self {
            Self::Id(id) => json!({ "id": id }),
            Self::Link(link) => json!({ "link": link }),
        }
    }

    /// The same object with more members.
    pub(super) fn with(&self, more: Value) -> Value {
        let mut object = self.json();
        if let (Some(members), Value::Object(more)) = (object.as_object_mut(), present(more)) {
            members.extend(more);
        }
        object
    }
}

impl MediaMessage {
    /// `{"type": "image", "image": {…}}`.
    pub(super) fn json(&self) -> Value {
        match self {
            Self::Image { source, caption } => typed("image", source.with(json!({ "caption": caption }))),
            Self::Video { source, caption } => typed("video", source.with(json!({ "caption": caption }))),
            Self::Audio { source, voice } => typed("audio", source.with(json!({ "voice": voice }))),
            Self::Document { source, caption, filename } => {
                typed("document", source.with(json!({ "caption": caption, "filename": filename })))
            }
            Self::Sticker(source) => typed("sticker", source.json()),
        }
    }
}
