use jsonwebtoken::encode;
use serde_json::Value;

use super::*;

fn setup() -> (Tokens, Vec<u8>, Subject, Clock) {
    let (key, clock) = (new_key().unwrap(), Clock::shifted());
    let tokens = Tokens::new(Reloadable::fixed(Keys::new(&key, &[]).unwrap()), clock.clone());
    let subject = Subject { tenant: TenantId::at(clock.now()), user: UserId::at(clock.now()), session: None };
    (tokens, key, subject, clock)
}

fn claims(subject: Subject, clock: &Clock) -> Value {
    let now = clock.now().as_second();
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": subject.user, "tid": subject.tenant,
        "iat": now, "nbf": now - 30, "exp": now + 900,
    })
}

fn header(tokens: &Tokens) -> Header {
    let mut header = Header::new(Algorithm::ES256);
    header.kid = Some(tokens.keys.get().kid.clone());
    header.typ = Some(TYPE.to_owned());
    header
}

#[tokio::test]
async fn a_token_says_who_it_is_for_a_quarter_of_an_hour() {
    let (tokens, _, subject, clock) = setup();
    let token = tokens.issue(subject).unwrap();
    assert_eq!(tokens.verify(&token).await, Ok(subject));
    clock.advance(GOOD_FOR - SignedDuration::from_secs(2));
    assert_eq!(tokens.verify(&token).await, Ok(subject));
    clock.advance(SignedDuration::from_secs(2));
    assert_eq!(tokens.verify(&token).await, Err(TokenError::Expired));
}

#[tokio::test]
async fn a_token_signed_before_a_rotation_still_counts() {
    let (old, old_key, subject, clock) = setup();
    let token = old.issue(subject).unwrap();
    let rotated = Tokens::new(Reloadable::fixed(Keys::new(&new_key().unwrap(), &[old_key]).unwrap()), clock);
    assert_eq!(rotated.verify(&token).await, Ok(subject));
    assert_eq!(rotated.jwks()["keys"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        old.verify(&rotated.issue(subject).unwrap()).await,
        Err(TokenError::Invalid),
        "a key that it does not know"
    );
}

#[tokio::test]
async fn a_token_without_one_of_its_claims_does_not_count() {
    let (tokens, _, subject, clock) = setup();
    for missing in ["iss", "aud", "sub", "tid", "iat", "nbf", "exp"] {
        let mut claims = claims(subject, &clock);
        claims.as_object_mut().unwrap().remove(missing);
        let token = encode(&header(&tokens), &claims, &tokens.keys.get().signing).unwrap();
        assert_eq!(tokens.verify(&token).await, Err(TokenError::Invalid), "without {missing}");
    }
    for (claim, value) in
        [("iss", json!("else")), ("aud", json!("else")), ("nbf", json!(clock.now().as_second() + 60))]
    {
        let mut claims = claims(subject, &clock);
        claims[claim] = value;
        let token = encode(&header(&tokens), &claims, &tokens.keys.get().signing).unwrap();
        assert_eq!(tokens.verify(&token).await, Err(TokenError::Invalid), "another {claim}");
    }
}

#[tokio::test]
async fn a_token_for_longer_than_a_quarter_of_an_hour_does_not_count_even_with_our_signature() {
    let (tokens, _, subject, clock) = setup();
    let good = claims(subject, &clock);
    let now = clock.now().as_second();
    for (exp, iat) in [(now + 901, now), (1 << 62, now), (now + 900, now - 1), (now + 900, i64::MIN)] {
        let mut claims = good.clone();
        (claims["exp"], claims["iat"]) = (json!(exp), json!(iat));
        let token = encode(&header(&tokens), &claims, &tokens.keys.get().signing).unwrap();
        assert_eq!(tokens.verify(&token).await, Err(TokenError::Invalid), "{exp} {iat}");
    }
}

#[tokio::test]
async fn a_token_with_an_extension_that_must_be_understood_does_not_count() {
    let (tokens, _, subject, clock) = setup();
    let mut header = header(&tokens);
    header.crit = Some(vec!["exp".to_owned()]);
    let token = encode(&header, &claims(subject, &clock), &tokens.keys.get().signing).unwrap();
    assert_eq!(tokens.verify(&token).await, Err(TokenError::Invalid));
}

#[tokio::test]
async fn a_forged_token_does_not_count() {
    let (tokens, _, subject, clock) = setup();
    let claims = claims(subject, &clock);
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let none = json!({"alg": "none", "typ": TYPE, "kid": tokens.keys.get().kid});
    assert_eq!(tokens.verify(&format!("{}.{}.", part(&none), part(&claims))).await, Err(TokenError::Invalid));

    // HS256 with the public key as its secret.
    let mut hs256 = header(&tokens);
    hs256.alg = Algorithm::HS256;
    let public = tokens.jwks()["keys"][0].to_string();
    let token = encode(&hs256, &claims, &EncodingKey::from_secret(public.as_bytes())).unwrap();
    assert_eq!(tokens.verify(&token).await, Err(TokenError::Invalid));

    // Another key under our key's name, no name, and an unknown name.
    let theirs = EncodingKey::from_ec_der(&new_key().unwrap());
    assert_eq!(
        tokens.verify(&encode(&header(&tokens), &claims, &theirs).unwrap()).await,
        Err(TokenError::Invalid)
    );
    for kid in [None, Some("unknown".to_owned())] {
        let mut header = header(&tokens);
        header.kid = kid;
        assert_eq!(
            tokens.verify(&encode(&header, &claims, &tokens.keys.get().signing).unwrap()).await,
            Err(TokenError::Invalid)
        );
    }

    // Another type of token, signed by us.
    let mut plain = header(&tokens);
    plain.typ = Some("JWT".to_owned());
    assert_eq!(
        tokens.verify(&encode(&plain, &claims, &tokens.keys.get().signing).unwrap()).await,
        Err(TokenError::Invalid)
    );

    // A claim changed after signing, and rubbish.
    let token = tokens.issue(subject).unwrap();
    let (head, rest) = token.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    let mut other = claims;
    other["tid"] = json!(TenantId::at(clock.now()));
    assert_eq!(
        tokens.verify(&format!("{head}.{}.{signature}", part(&other))).await,
        Err(TokenError::Invalid)
    );
    for rubbish in ["", "a.b.c", &"x".repeat(5_000)] {
        assert_eq!(tokens.verify(rubbish).await, Err(TokenError::Invalid));
    }
}
