//! Accounts, and the ids by which they are found.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::account::Account;

/// An id of an account other than its WABA.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum AccountKey {
    PhoneNumberId(String),
    Token(String),
    CodeHash(String),
}

#[derive(Default)]
pub(crate) struct Accounts {
    by_waba: BTreeMap<String, Arc<Account>>,
    waba_ids: HashMap<AccountKey, String>,
    numbers: HashSet<String>,
}

impl Accounts {
    pub(super) fn put(&mut self, account: Account) {
        let waba_id = account.waba_id.clone();
        for key in [
            AccountKey::PhoneNumberId(account.phone_number_id.clone()),
            AccountKey::Token(account.access_token.clone()),
            AccountKey::CodeHash(account.code_hash.clone()),
        ] {
            self.waba_ids.insert(key, waba_id.clone());
        }
        self.numbers.insert(account.number.clone());
        self.by_waba.insert(waba_id, Arc::new(account));
    }

    pub(crate) fn get(&self, waba_id: &str) -> Option<Arc<Account>> {
        self.by_waba.get(waba_id).map(Arc::clone)
    }

    pub(crate) fn find(&self, key: &AccountKey) -> Option<Arc<Account>> {
        self.get(self.waba_ids.get(key)?)
    }

    /// In the order of their WABA ids.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Account>> {
        self.by_waba.values()
    }

    pub(crate) fn has_number(&self, number: &str) -> bool {
        self.numbers.contains(number)
    }
}
