//! Keys that the settings bring along, under the names that other products use. What cannot be used as it is is refused
//! with what to do instead.

use api::tokens;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ops::kernel::cipher::KEY_BYTES;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{PrivateKeyDer, SubjectPublicKeyInfoDer};
use secrecy::SecretString;

use super::reader::Reader;

/// Keys as `secrets.json` holds them: base64.
#[derive(Clone, Debug, Default)]
pub struct GivenKeys {
    /// Signs access tokens: PKCS#8.
    pub jwt: Option<SecretString>,
    /// Encrypts tenants' tokens for Meta.
    pub data: Option<SecretString>,
}

const PRIVATE: &str = "JWT_PRIVATE_KEY_PATH";
const PUBLIC: &str = "JWT_PUBLIC_KEY_PATH";
const AES: &str = "AES_SECRET";
/// The object identifier of `rsaEncryption` (RFC 8017, appendix C) in DER.
const RSA: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// A value that documents print as an example: everyone has it.
const EXAMPLE: &str = "super_secret_aes_key_32_chars_12";

pub(super) fn given_keys(reader: &mut Reader) -> GivenKeys {
    reader.needs(&[PUBLIC], PRIVATE);
    GivenKeys { jwt: jwt(reader).map(SecretString::from), data: data(reader).map(SecretString::from) }
}

fn jwt(reader: &mut Reader) -> Option<String> {
    let pem = file(reader, PRIVATE)?;
    let key = match PrivateKeyDer::from_pem_slice(&pem) {
        Ok(PrivateKeyDer::Pkcs8(key)) => key.secret_pkcs8_der().to_vec(),
        Ok(PrivateKeyDer::Pkcs1(_)) => return refused(reader, &is_rsa()),
        Ok(PrivateKeyDer::Sec1(_)) => {
            let how = "openssl pkcs8 -topk8 -nocrypt -in ec.pem -out private.pem";
            return refused(reader, &format!("names a key in SEC 1 form; write it as PKCS#8: {how}"));
        }
        Ok(_) | Err(_) => {
            return refused(reader, &format!("names a file without a private key in PEM; {}", make()));
        }
    };
    let Ok(public) = tokens::public_key(&key) else {
        let is_of_rsa = key.windows(RSA.len()).any(|bytes| bytes == RSA);
        let why = if is_of_rsa { is_rsa() } else { format!("names a key that is not of P-256; {}", make()) };
        return refused(reader, &why);
    };
    if let Some(pem) = file(reader, PUBLIC) {
        let stated = SubjectPublicKeyInfoDer::from_pem_slice(&pem);
        if !stated.is_ok_and(|stated| stated.ends_with(&public)) {
            reader.wrong(
                PUBLIC,
                format!("does not name the public half of {PRIVATE}; unset it: it is not needed"),
            );
        }
    }
    Some(STANDARD.encode(key))
}

fn data(reader: &mut Reader) -> Option<String> {
    let secret = reader.secret(AES)?;
    let chars = secret.len();
    let why = if secret == EXAMPLE {
        "is an example that everyone can read".to_owned()
    } else if chars == KEY_BYTES {
        return Some(STANDARD.encode(secret));
    } else {
        format!("has {chars} bytes and must have {KEY_BYTES}")
    };
    reader.wrong(
        AES,
        format!("{why}; make one with `openssl rand -hex 16`, or unset it: Tidings makes its own"),
    );
    None
}

fn refused(reader: &mut Reader, why: &str) -> Option<String> {
    reader.wrong(PRIVATE, why);
    None
}

fn is_rsa() -> String {
    format!("names an RSA key, and tokens are signed with ES256; {}", make())
}

fn make() -> String {
    let how = "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out private.pem";
    format!("make a key with `{how}`, or unset it: Tidings makes its own")
}

fn file(reader: &mut Reader, name: &'static str) -> Option<Vec<u8>> {
    let path = reader.text(name)?;
    match std::fs::read(&path) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            reader.wrong(name, format!("names {path}, which cannot be read: {error}"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use secrecy::ExposeSecret;

    use super::*;
    use crate::error::LocalError;
    use crate::settings::{Settings, Variables};

    /// A file that is deleted with the value.
    struct PemFile(PathBuf);

    impl PemFile {
        fn new(name: &str, label: &str, der: &[u8]) -> Self {
            let path = std::env::temp_dir().join(format!("tidings-{}-{name}.pem", std::process::id()));
            let text = format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der));
            std::fs::write(&path, text).unwrap();
            Self(path)
        }

        fn path(&self) -> &str {
            self.0.to_str().unwrap()
        }
    }

    impl Drop for PemFile {
        fn drop(&mut self) {
            std::fs::remove_file(&self.0).unwrap();
        }
    }

    /// The beginning of the public half of a P-256 key (RFC 5480, 2).
    const P256: [u8; 26] = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
        0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ];

    fn read<const N: usize>(values: [(&str, &str); N]) -> Result<GivenKeys, String> {
        Settings::read(Variables::of(values)).map(|settings| settings.given_keys).map_err(|error| match error
        {
            LocalError::Settings(wrongs) => wrongs.to_string(),
            other => panic!("{other}"),
        })
    }

    #[test]
    fn a_p256_key_in_a_file_signs_and_its_public_half_may_stand_beside_it() {
        let key = tokens::new_key().unwrap();
        let public = [P256.as_slice(), &tokens::public_key(&key).unwrap()].concat();
        let (private, public) =
            (PemFile::new("p256", "PRIVATE KEY", &key), PemFile::new("p256-pub", "PUBLIC KEY", &public));
        let given = read([(PRIVATE, private.path()), (PUBLIC, public.path())]).unwrap();
        assert_eq!(given.jwt.unwrap().expose_secret(), STANDARD.encode(&key));
        let other = PemFile::new("other", "PRIVATE KEY", &tokens::new_key().unwrap());
        let error = read([(PRIVATE, other.path()), (PUBLIC, public.path())]).unwrap_err();
        assert!(error.contains("JWT_PUBLIC_KEY_PATH does not name the public half"), "{error}");
    }

    #[test]
    fn an_rsa_key_is_refused_with_how_to_make_one_that_can_be_used() {
        let rsa = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der = rsa.as_der().unwrap();
        let forms = [
            PemFile::new("rsa8", "PRIVATE KEY", der.as_ref()),
            PemFile::new("rsa1", "RSA PRIVATE KEY", &[0x30]),
        ];
        for file in forms {
            let error = read([(PRIVATE, file.path())]).unwrap_err();
            assert!(
                error.contains("names an RSA key") && error.contains("openssl genpkey -algorithm EC"),
                "{error}"
            );
        }
        let sec1 = PemFile::new("sec1", "EC PRIVATE KEY", &[0x30]);
        assert!(read([(PRIVATE, sec1.path())]).unwrap_err().contains("openssl pkcs8 -topk8"));
        let empty = PemFile::new("none", "CERTIFICATE", &[0x30]);
        assert!(read([(PRIVATE, empty.path())]).unwrap_err().contains("without a private key in PEM"));
        assert!(read([(PRIVATE, "/not/there")]).unwrap_err().contains("/not/there, which cannot be read"));
    }

    #[test]
    fn a_secret_of_32_characters_encrypts_and_any_other_or_a_published_one_is_refused() {
        let secret = "0123456789abcdef0123456789abcdef";
        assert_eq!(read([(AES, secret)]).unwrap().data.unwrap().expose_secret(), STANDARD.encode(secret));
        for (secret, why) in
            [("short", "has 5 bytes and must have 32"), (EXAMPLE, "is an example that everyone can read")]
        {
            let error = read([(AES, secret)]).unwrap_err();
            assert!(error.contains(why) && error.contains("openssl rand -hex 16"), "{error}");
            assert!(!error.contains(secret), "{error}");
        }
    }
}
