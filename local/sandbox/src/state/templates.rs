//! Templates, and the names that deleted ones have locked.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::record::Rest;
use crate::template::{RequiredParameters, Template};

/// How long the name of a deleted template cannot be used again (Meta: template management).
const NAME_LOCK_MS: u64 = 30 * 86_400_000;

pub(crate) struct StoredTemplate {
    pub(crate) template: Template,
    pub(crate) required: RequiredParameters,
}

/// WABA, name and language.
type NameKey = (String, String, String);

#[derive(Default)]
pub(crate) struct Templates {
    by_serial: BTreeMap<u64, Arc<StoredTemplate>>,
    serial_by_id: HashMap<String, u64>,
    serial_by_name: HashMap<NameKey, u64>,
    next_serial: u64,
    locked_until_ms: HashMap<NameKey, u64>,
}

fn name_key(template: &Template) -> NameKey {
    (template.waba_id.clone(), template.name.clone(), template.language.clone())
}

impl Templates {
    pub(super) fn put(&mut self, template: Template) {
        self.next_serial = self.next_serial.max(template.serial + 1);
        self.serial_by_id.insert(template.id.clone(), template.serial);
        self.serial_by_name.insert(name_key(&template), template.serial);
        let required = template.required_parameters();
        self.by_serial.insert(template.serial, Arc::new(StoredTemplate { template, required }));
    }

    pub(super) fn delete(&mut self, id: &str, at_ms: u64) {
        let serial = self.serial_by_id.remove(id);
        if let Some(stored) = serial.and_then(|serial| self.by_serial.remove(&serial)) {
            let key = name_key(&stored.template);
            self.serial_by_name.remove(&key);
            if stored.template.status.locks_its_name() {
                self.locked_until_ms.insert(key, at_ms + NAME_LOCK_MS);
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Template> {
        self.by_serial.values().map(|stored| &stored.template)
    }

    pub(super) fn add_to(&self, rest: &mut Rest) {
        let locks = self.locked_until_ms.iter();
        rest.locked_until_ms = locks
            .map(|((waba, name, language), until_ms)| {
                (waba.clone(), name.clone(), language.clone(), *until_ms)
            })
            .collect();
        rest.next_template_serial = self.next_serial;
    }

    pub(super) fn put_rest(&mut self, rest: &Rest) {
        let locks = rest.locked_until_ms.iter().cloned();
        self.locked_until_ms =
            locks.map(|(waba, name, language, until_ms)| ((waba, name, language), until_ms)).collect();
        self.next_serial = rest.next_template_serial;
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<StoredTemplate>> {
        self.by_serial.get(self.serial_by_id.get(id)?).map(Arc::clone)
    }

    pub(crate) fn by_name(&self, waba_id: &str, name: &str, language: &str) -> Option<Arc<StoredTemplate>> {
        let key = (waba_id.to_owned(), name.to_owned(), language.to_owned());
        self.by_serial.get(self.serial_by_name.get(&key)?).map(Arc::clone)
    }

    /// The templates of a WABA, newest last.
    pub(crate) fn of_waba(&self, waba_id: &str) -> impl DoubleEndedIterator<Item = &Template> {
        let templates = self.by_serial.values().map(|stored| &stored.template);
        templates.filter(move |template| template.waba_id == waba_id)
    }

    /// Whether the name is still locked in that language.
    pub(crate) fn is_locked(&self, waba_id: &str, name: &str, language: &str, now_ms: u64) -> bool {
        let key = (waba_id.to_owned(), name.to_owned(), language.to_owned());
        self.locked_until_ms.get(&key).is_some_and(|until_ms| now_ms < *until_ms)
    }

    /// The serial of the next template.
    pub(crate) fn next_serial(&self) -> u64 {
        self.next_serial
    }
}
