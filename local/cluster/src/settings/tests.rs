use super::*;

fn text(profile: Profile) -> String {
    let all = arguments(profile, Path::new("/tmp/a, \"b\""));
    all.iter().map(|argument| argument.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[test]
fn durable_is_durable_and_throwaway_is_not() {
    assert!(text(Profile::Durable).contains("-c fsync=on -c synchronous_commit=on"));
    assert!(text(Profile::Throwaway).contains("-c fsync=off -c synchronous_commit=off"));
}

#[test]
fn no_profile_opens_a_port() {
    for profile in [Profile::Durable, Profile::Throwaway] {
        assert!(text(profile).contains("-c listen_addresses= "));
    }
}

#[test]
fn a_folder_with_a_comma_stays_one_folder() {
    assert!(text(Profile::Durable).ends_with(r#"unix_socket_directories="/tmp/a, ""b""""#));
}
