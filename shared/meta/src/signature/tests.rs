use proptest::prelude::*;

use super::*;

#[test]
fn only_the_signed_bytes_with_one_of_our_secrets_are_accepted() {
    let (new, old): (SecretString, SecretString) = ("new".into(), "old".into());
    let secrets = [new.clone(), old.clone()];
    let body = br#"{"object":"whatsapp_business_account"}"#;
    for secret in [&new, &old] {
        assert_eq!(verify(&secrets, Some(&sign(secret, body)), body), Ok(()));
    }
    assert_eq!(verify(&secrets, Some(&sign(&"else".into(), body)), body), Err(SignatureError::Wrong));
    assert_eq!(verify(&secrets, Some(&sign(&new, body)), b"{}"), Err(SignatureError::Wrong));
    assert_eq!(verify(&[], Some(&sign(&new, body)), body), Err(SignatureError::Wrong));
    assert_eq!(verify(&secrets, None, body), Err(SignatureError::Missing));
    for malformed in ["", "sha1=00", "sha256=", "sha256=zz", "sha256=0011", &sign(&new, body)[7..]] {
        assert_eq!(verify(&secrets, Some(malformed), body), Err(SignatureError::Malformed), "{malformed}");
    }
}

/// RFC 4231, test case 2.
#[test]
fn the_digest_matches_the_rfc() {
    let expected = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert_eq!(sign(&"Jefe".into(), b"what do ya want for nothing?"), expected);
}

proptest! {
    #[test]
    fn any_other_header_is_refused(
        header in "(sha256=[0-9a-f]{60,66}|.{0,80})", body in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let secret: SecretString = "ours".into();
        let is_ours = header == sign(&secret, &body);
        prop_assert_eq!(verify(&[secret], Some(&header), &body).is_ok(), is_ours);
    }

    #[test]
    fn a_body_with_one_changed_byte_is_refused(
        body in prop::collection::vec(any::<u8>(), 1..100), index in any::<prop::sample::Index>(), flip in 1..=255_u8,
    ) {
        let secret: SecretString = "ours".into();
        let header = sign(&secret, &body);
        let mut other = body.clone();
        other[index.index(body.len())] ^= flip;
        prop_assert_eq!(verify(std::slice::from_ref(&secret), Some(&header), &other), Err(SignatureError::Wrong));
        prop_assert_eq!(verify(&[secret], Some(&header), &body), Ok(()));
    }
}
