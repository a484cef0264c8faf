//! Everything the sandbox knows, by subject.
//!
//! What must survive a kill changes only in [`State::apply`], both live and at replay, so that both give the same state.

use crate::record::Record;
use crate::update::Update;

mod accounts;
mod contacts;
mod media;
mod messages;
mod settings;
mod templates;
mod updates;

pub(crate) use accounts::AccountKey;
pub(crate) use media::Media;
pub(crate) use settings::{Auto, Settings};

use accounts::Accounts;
use contacts::Contacts;
use media::MediaStore;
use messages::Messages;
use templates::Templates;
use updates::Updates;

#[derive(Default)]
pub(crate) struct State {
    pub(crate) accounts: Accounts,
    pub(crate) contacts: Contacts,
    pub(crate) media: MediaStore,
    pub(crate) messages: Messages,
    pub(crate) settings: Settings,
    pub(crate) templates: Templates,
    pub(crate) updates: Updates,
}

impl State {
    pub(crate) fn apply(&mut self, record: Record) {
        let updates = self.apply_without_updates(record);
        self.updates.queue(updates);
    }

    /// Returns the updates of the record.
    fn apply_without_updates(&mut self, record: Record) -> Vec<Update> {
        match record {
            Record::Account { account, updates } => {
                self.accounts.put(account);
                updates
            }
            Record::Template { template, updates } => {
                self.templates.put(template);
                updates
            }
            Record::TemplatesDeleted { ids, at_ms, updates } => {
                for id in &ids {
                    self.templates.delete(id, at_ms);
                }
                updates
            }
            Record::Accepted { acceptance, updates } => {
                self.messages.put(acceptance);
                updates
            }
            Record::Ordered { updates } => updates,
            Record::Inbound { phone_number_id, from, at_ms, updates } => {
                self.contacts.put_inbound(&phone_number_id, from, at_ms);
                updates
            }
            Record::Preference { waba_id, from, stopped, updates } => {
                self.contacts.put_preference(waba_id, from, stopped);
                updates
            }
            Record::Delivered { ids } => {
                for id in ids {
                    self.updates.close(id);
                }
                Vec::new()
            }
            Record::Reset => {
                self.reset();
                Vec::new()
            }
        }
    }

    /// Accounts and templates stay.
    fn reset(&mut self) {
        self.contacts = Contacts::default();
        self.media = MediaStore::default();
        self.messages.reset();
        self.settings = Settings::default();
        self.updates.reset();
    }
}
