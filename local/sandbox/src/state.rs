//! Everything the sandbox knows, by subject.
//!
//! What must survive a kill changes only in [`State::apply`], both live and at replay, so that both give the same state.

use crate::record::{Record, Rest};
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
            Record::Rest(rest) => {
                self.put_rest(rest);
                Vec::new()
            }
        }
    }

    /// Everything in as few records as possible, for a journal that is written anew. The oldest acceptances beyond
    /// `acceptances_max` are forgotten, here too.
    pub(crate) fn condense(&mut self, acceptances_max: usize) -> Vec<Record> {
        self.messages.forget_oldest(acceptances_max);
        let accounts = self.accounts.iter().map(|account| Record::Account {
            account: crate::account::Account::clone(account),
            updates: Vec::new(),
        });
        let templates = self
            .templates
            .iter()
            .map(|template| Record::Template { template: template.clone(), updates: Vec::new() });
        let acceptances = self.messages.iter().map(|acceptance| Record::Accepted {
            acceptance: crate::record::Acceptance::clone(acceptance),
            updates: Vec::new(),
        });
        let mut rest = Rest::default();
        self.messages.add_to(&mut rest);
        self.contacts.add_to(&mut rest);
        self.templates.add_to(&mut rest);
        self.updates.add_to(&mut rest);
        let last = [Record::Ordered { updates: self.updates.all_pending() }, Record::Rest(rest)];
        accounts.chain(templates).chain(acceptances).chain(last).collect()
    }

    fn put_rest(&mut self, rest: Rest) {
        self.updates.put_rest(&rest);
        self.messages.put_rest(&rest);
        self.templates.put_rest(&rest);
        self.contacts.put_rest(rest);
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
