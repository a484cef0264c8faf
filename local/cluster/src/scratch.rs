//! For several unit tests: a scratch folder, and programs that are only scripts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::account::{self, Account};

/// A folder that is removed with the test.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("cluster-unit-{}-{number}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    /// A program in this folder.
    pub(crate) fn program(&self, name: &str, script: &str) -> PathBuf {
        let file = self.0.join(name);
        program(&file, script);
        file
    }

    /// A file of this folder as text, empty when missing.
    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap_or_default()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Writes a shell script that can be run.
///
/// Another process does it: a file that we had open for writing could, while another thread forks, still be
/// busy when it is run.
pub(crate) fn program(file: &Path, script: &str) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let write = r#"printf '#!/bin/sh\n%s\n' "$2" > "$1" && chmod 755 "$1""#;
    assert!(Command::new("sh").args(["-c", write, "sh"]).arg(file).arg(script).status().unwrap().success());
}

/// The user who runs the tests, also root.
pub(crate) fn myself() -> Account {
    account::look_up(None).unwrap()
}

/// The account `nobody`, to which root drops; `None` with a message when the tests are not run by root.
pub(crate) fn dropped() -> Option<Account> {
    if myself().uid != 0 {
        println!("skipped: only root drops to another account");
        return None;
    }
    Some(Account { dropped: true, ..account::look_up(Some("nobody")).unwrap() })
}
