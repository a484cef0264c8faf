use super::*;

#[test]
fn only_the_very_bytes_signed_with_one_of_our_secrets_count() {
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
fn the_digest_is_the_standards() {
    let expected = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert_eq!(sign(&"Jefe".into(), b"what do ya want for nothing?"), expected);
}
