//! A home of a test's own, which leaves neither a server nor a folder behind.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cluster::{Fetch, Options, Profile};

/// A scratch folder for a cluster in `<folder>/pg`.
pub struct Home {
    pub scratch: PathBuf,
    /// Folders outside of the scratch folder that the launcher chose.
    pub elsewhere: Vec<PathBuf>,
}

impl Home {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("cluster-it-{}-{}-{number}", me(), std::process::id());
        let scratch = std::env::temp_dir().join(name);
        fs::DirBuilder::new().mode(0o755).create(&scratch).unwrap();
        Self { scratch, elsewhere: Vec::new() }
    }

    /// A durable cluster that never fetches.
    pub fn options(&self) -> Options {
        Options { fetch: Fetch::Never, ..Options::from_environment(self.scratch.join("pg")) }
    }

    /// A throwaway cluster; its folder in memory is removed with the home.
    pub fn throwaway(&self) -> Options {
        Options { profile: Profile::Throwaway, ..self.options() }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let folders = [self.scratch.join("pg"), self.scratch.join("pg/throwaway")];
        let left: Vec<u32> =
            folders.iter().chain(&self.elsewhere).flat_map(|folder| servers(folder)).collect();
        for &pid in &left {
            signal("QUIT", pid);
            wait_until("the left server is gone", || !alive(pid));
        }
        for folder in self.elsewhere.iter().chain([&self.scratch]).filter(|folder| folder.exists()) {
            fs::remove_dir_all(folder).unwrap();
        }
        assert!(std::thread::panicking() || left.is_empty(), "the test left servers running: {left:?}");
    }
}

/// The postmasters that pid files in `folder` name and that are alive.
fn servers(folder: &Path) -> Vec<u32> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| {
        let text = fs::read_to_string(entry.path().join("postmaster.pid")).ok()?;
        text.lines().next()?.parse().ok()
    });
    pids.filter(|&pid| alive(pid)).collect()
}

pub fn me() -> u32 {
    let said = Command::new("id").arg("-u").output().unwrap();
    String::from_utf8(said.stdout).unwrap().trim().parse().unwrap()
}

/// Owner of a folder: for a cluster's home, the account Postgres runs as.
pub fn owner(folder: &Path) -> (u32, u32) {
    let metadata = fs::metadata(folder).unwrap();
    (metadata.uid(), metadata.gid())
}

/// Sends a signal by the shell's own `kill`; minimal systems have no program of that name.
pub fn signal(name: &str, pid: u32) {
    assert!(Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).status().unwrap().success());
}

/// Sends a signal to all processes of a group.
pub fn signal_group(name: &str, group: u32) {
    let kill = format!("kill -{name} -{group}");
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

/// Whether the process runs. One that has ended but was never asked after (a zombie) does not, though signals
/// can be sent to it.
pub fn alive(pid: u32) -> bool {
    if Path::new("/proc/self/stat").exists() {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        return stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'));
    }
    let test = format!("kill -0 {pid} 2>/dev/null");
    Command::new("sh").args(["-c", &test]).status().unwrap().success()
}

/// Polls until `condition` holds; a test that waits in vain fails after 20 s.
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(20), "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
