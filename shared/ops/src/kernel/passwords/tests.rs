use std::time::Duration;

use hashers::AT_ONCE;

use super::*;

const HERE: &[u8] = b"here";

async fn is_right(passwords: &Passwords, password: &str, stored: Option<String>) -> bool {
    passwords.verify(passwords.place(HERE).unwrap(), password.to_owned(), stored).await.unwrap()
}

#[tokio::test]
async fn a_hash_knows_its_password_and_no_other() {
    let passwords = Passwords::default();
    let hash = passwords.hash("password123".to_owned()).await.unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    assert!(is_right(&passwords, "password123", Some(hash.clone())).await);
    assert!(!is_right(&passwords, "password124", Some(hash)).await);
    assert!(!is_right(&passwords, "password123", None).await);
}

/// Hashes that were stored before the memory was kept, and by other implementations, still count.
#[tokio::test]
async fn a_hash_of_the_crates_own_verifier_and_ours_are_the_same() {
    use argon2::password_hash::{PasswordHasher, PasswordVerifier};
    let passwords = Passwords::default();
    let theirs = Argon2::default().hash_password(b"a longer secret").unwrap().to_string();
    assert!(is_right(&passwords, "a longer secret", Some(theirs)).await);
    let ours = passwords.hash("a longer secret".to_owned()).await.unwrap();
    assert!(
        Argon2::default().verify_password(b"a longer secret", &PasswordHash::new(&ours).unwrap()).is_ok()
    );
}

#[tokio::test]
async fn a_stored_hash_that_cannot_be_read_is_an_error_and_not_a_wrong_password() {
    let passwords = Passwords::default();
    let place = passwords.place(HERE).unwrap();
    let outcome = passwords.verify(place, "password123".to_owned(), Some("broken".to_owned())).await;
    assert_eq!(outcome, Err(HashError::Failed));
}

#[test]
fn the_hash_for_nobody_is_one_that_takes_the_usual_time() {
    let hash = PasswordHash::new(ABSENT_USER_HASH).unwrap();
    assert_eq!(hash.algorithm.as_str(), "argon2id");
    assert!(hash.hash.is_some());
    assert_eq!(Params::try_from(&hash).unwrap().block_count(), Params::default().block_count());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_does_not_free_the_hash_it_started() {
    let passwords = Passwords::default();
    for _ in 0..60 {
        let hash = passwords.verify(passwords.place(HERE).unwrap(), "wrong".to_owned(), None);
        // Begun, and dropped long before a hash can be done.
        tokio::time::timeout(Duration::from_millis(1), hash).await.ok();
    }
    let most = passwords.hashers.most_at_once().await;
    assert!((1..=AT_ONCE).contains(&most), "{most} hashes at once");
    assert_eq!(passwords.checks.available_permits(), CHECKS_MAX);
}

#[tokio::test]
async fn a_client_that_would_wait_too_long_is_refused_at_once() {
    let passwords = Passwords::default();
    let here: Vec<Place> = (0..CHECKS_BY_SOURCE_MAX).map(|_| passwords.place(HERE).unwrap()).collect();
    assert_eq!(passwords.place(HERE).unwrap_err(), HashError::Busy);
    // One source cannot take every place.
    let others = (CHECKS_BY_SOURCE_MAX..CHECKS_MAX).map(|number| passwords.place(&number.to_be_bytes()));
    let there: Vec<Place> = others.map(Result::unwrap).collect();
    assert_eq!(passwords.place(b"elsewhere").unwrap_err(), HashError::Busy);
    let problem = Problem::from(HashError::Busy);
    assert_eq!((problem.kind, problem.retry_after), (Kind::Unavailable, Some(BUSY_WAIT)));
    // New passwords have places of their own: registrations do not hold up logins, nor the reverse.
    assert!(passwords.hash("a longer secret".to_owned()).await.is_ok());
    drop((here, there));
    assert!(passwords.place(HERE).is_ok());
    assert_eq!(passwords.turns.count(), 0, "nothing is kept for a source that asks for nothing");
}

#[test]
fn what_anybody_would_try_first_is_no_password() {
    for (password, expected) in [
        ("1234567", Err(PasswordError::Length)),
        ("        ", Err(PasswordError::OneCharacter)),
        ("aaaaaaaa", Err(PasswordError::OneCharacter)),
        (
            "\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}",
            Err(PasswordError::OneCharacter),
        ),
        ("password", Err(PasswordError::Common)),
        ("PassWord1", Err(PasswordError::Common)),
        ("12345678", Err(PasswordError::Common)),
        ("qwertyui", Err(PasswordError::Common)),
        ("password123", Err(PasswordError::Common)),
        ("aaaaaaab", Ok(())),
        ("correct horse battery", Ok(())),
        ("another-password", Ok(())),
        ("the-owners-password", Ok(())),
    ] {
        assert_eq!(check(password), expected, "{password}");
    }
}
