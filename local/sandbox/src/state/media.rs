//! Uploaded media: their description, not their content.

use std::collections::HashMap;

/// Uploads that are stored; one more clears all before it.
const MEDIA_MAX: usize = 10_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Media {
    pub(crate) waba_id: String,
    pub(crate) mime_type: String,
    pub(crate) sha256: String,
    pub(crate) bytes: usize,
}

#[derive(Default)]
pub(crate) struct MediaStore(HashMap<String, Media>);

impl MediaStore {
    /// Stores an upload under the id that `new_id` makes of the number of stored uploads.
    pub(crate) fn add(&mut self, media: Media, new_id: impl FnOnce(usize) -> String) -> String {
        if self.0.len() >= MEDIA_MAX {
            self.0.clear();
        }
        let id = new_id(self.0.len());
        self.0.insert(id.clone(), media);
        id
    }

    /// The media of a WABA by its id.
    pub(crate) fn get(&self, waba_id: &str, id: &str) -> Option<&Media> {
        self.0.get(id).filter(|media| media.waba_id == waba_id)
    }

    /// False when the WABA has no media of that id.
    pub(crate) fn remove(&mut self, waba_id: &str, id: &str) -> bool {
        self.get(waba_id, id).is_some() && self.0.remove(id).is_some()
    }
}
