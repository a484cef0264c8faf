use super::*;
use crate::scratch::Scratch;

#[test]
fn a_program_that_hangs_is_killed_at_its_limit() {
    let started = Instant::now();
    let said = run(Command::new("sleep").arg("60"), Duration::from_millis(50)).unwrap_err();
    assert!(said.contains("killed"), "{said}");
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_failing_program_is_quoted() {
    let said =
        run(Command::new("sh").args(["-c", "echo why >&2; exit 3"]), Duration::from_secs(10)).unwrap_err();
    assert!(said.contains("why") && said.contains('3'), "{said}");
}

#[test]
fn a_talkative_program_does_not_block() {
    let said = run(Command::new("sh").args(["-c", "yes | head -c 300000"]), Duration::from_secs(10)).unwrap();
    assert_eq!(said.len(), 300_000);
}

#[test]
fn the_state_is_read_behind_a_name_with_parentheses() {
    assert_eq!(parse_stat("7 (a) Z (b) S 1 7"), Some(("a) Z (b", 'S')));
    assert_eq!(parse_stat("7 (postgres) Z 1 7"), Some(("postgres", 'Z')));
    assert_eq!(parse_stat("7"), None);
}

#[test]
fn an_ended_child_is_a_zombie_until_it_is_asked_and_then_gone() {
    let mut child = Command::new("true").spawn().unwrap();
    let data = Path::new("/");
    let zombie =
        poll(Duration::from_secs(10), || (state(child.id(), data) == ProcessState::Zombie).then_some(()));
    assert!(zombie.is_some());
    child.wait().unwrap();
    assert_eq!(state(child.id(), data), ProcessState::Gone);
}

#[test]
fn another_program_is_recognised() {
    assert_eq!(state(std::process::id(), Path::new("/")), ProcessState::OtherProgram);
}

#[test]
fn a_tail_keeps_the_end_and_whole_characters() {
    let long = format!("{}end", "é".repeat(SAID_CHARS_MAX * 2));
    assert!(tail(&long).ends_with("end") && tail(&long).chars().count() <= SAID_CHARS_MAX + 1);
    assert_eq!(tail("short"), "short");
}

#[test]
fn a_program_that_holds_a_lock_has_it_open() {
    let scratch = Scratch::new();
    let lock = File::open(&scratch.0).unwrap();
    let mut sees_it = Command::new("sh");
    sees_it.args(["-c", "test . -ef /dev/stdin && echo yes"]).current_dir(&scratch.0);
    assert_eq!(run_holding(&mut sees_it, &lock, Duration::from_secs(10)).unwrap(), "yes\n");
    assert!(run(&mut sees_it, Duration::from_secs(10)).is_err());
}

#[test]
fn a_wrapped_postmaster_is_known_by_its_name() {
    for name in ["postgres", "postmaster", ".postgres-wrapp", "/opt/pgsql/bin/postgres"] {
        assert!(is_postmaster(name), "{name}");
    }
    assert!(!is_postmaster("sleep"));
}

#[test]
fn a_process_that_works_in_the_data_folder_is_its_postmaster() {
    let scratch = Scratch::new();
    let mut child = Command::new("sleep").arg("60").current_dir(&scratch.0).spawn().unwrap();
    let seen = state(child.id(), &scratch.0);
    child.kill().unwrap();
    child.wait().unwrap();
    // Only Linux shows the working folder of a process.
    let known = Path::new("/proc/self/cwd").exists();
    assert_eq!(seen, if known { ProcessState::Postmaster } else { ProcessState::OtherProgram });
}
