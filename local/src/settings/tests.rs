use std::collections::BTreeSet;

use secrecy::ExposeSecret;

use super::*;

fn read<const N: usize>(values: [(&str, &str); N]) -> Result<Settings, LocalError> {
    Settings::read(Variables::of(values))
}

/// The names of the wrong variables.
fn wrong<const N: usize>(values: [(&str, &str); N]) -> Vec<String> {
    match read(values) {
        Err(LocalError::Settings(Wrongs(wrongs))) => wrongs.into_iter().map(|wrong| wrong.name).collect(),
        Err(other) => panic!("{other}"),
        Ok(_) => Vec::new(),
    }
}

#[test]
fn without_variables_everything_has_a_default() {
    let settings = read([]).unwrap();
    assert_eq!((settings.port, settings.sandbox_port()), (3_000, 3_001));
    assert_eq!(settings.timings, Timings::default());
    assert_eq!((settings.database_url, settings.meta_url), (None, None));
}

#[test]
fn every_wrong_variable_is_named_at_once() {
    let values = [
        ("PORT", "abc"),
        ("TIDINGS_LISTEN", "here"),
        ("TIDINGS_TRUSTED_PROXIES", "10.0.0.1, proxy"),
        ("DATABASE_URL", "mysql://localhost/tidings"),
        ("TIDINGS_PG_FETCH", "sometimes"),
        ("TIDINGS_ADMIN_EMAIL", "owner"),
        ("TIDINGS_META_URL", "graph.facebook.com"),
        ("TIDINGS_MAIL_FROM", "nobody"),
        ("TIDINGS_PUBLIC_URL", "tidings.acme.com"),
        ("TIDINGS_ADJUSTMENT_APPROVAL_OVER", "-1"),
        ("TIDINGS_EMAIL_PROOF", "sometimes"),
        ("TIDINGS_SHIFT_SECONDS", "0"),
        ("TIDINGS_RECEIVES_MAX", "0"),
    ];
    let found: BTreeSet<String> = wrong(values).into_iter().collect();
    assert_eq!(found, values.map(|(name, _)| name.to_owned()).into());
}

#[test]
fn addresses_are_proven_with_meta_itself_and_not_with_a_sandbox_unless_it_is_set_otherwise() {
    let proof = |values: [(&str, &str); 4]| read(values).unwrap().email_proof;
    let app = [("FACEBOOK_APP_ID", "1"), ("FACEBOOK_APP_SECRET", "secret")];
    let [id, secret] = app;
    let with = |url, word| proof([id, secret, ("TIDINGS_META_URL", url), ("TIDINGS_EMAIL_PROOF", word)]);
    let (metas, sandbox) = ("https://graph.facebook.com", "http://127.0.0.1:3001");
    assert_eq!((with(metas, ""), with(sandbox, "")), (EmailProof::Required, EmailProof::Off));
    assert_eq!((with(metas, "off"), with(sandbox, "required")), (EmailProof::Off, EmailProof::Required));
    assert_eq!(read([]).unwrap().email_proof, EmailProof::Off);
}

#[test]
fn numbers_have_limits() {
    for (name, value) in [
        ("PORT", "0"),
        ("PORT", "65535"),
        ("SMTP_PORT", "0"),
        ("TIDINGS_SWEEP_SECONDS", "0"),
        ("TIDINGS_LATE_SECONDS", "9999999999999"),
        ("TIDINGS_RECEIVES_MAX", "1001"),
    ] {
        let values = [
            (name, value),
            ("SMTP_HOST", "mail.acme.test"),
            ("SMTP_USER", "a@acme.test"),
            ("SMTP_PASS", "x"),
        ];
        assert_eq!(wrong(values), [name], "{value}");
    }
}

#[test]
fn variables_that_contradict_each_other_are_refused() {
    let meta = ("TIDINGS_META_URL", "https://graph.facebook.com");
    assert_eq!(wrong([meta]), ["FACEBOOK_APP_ID", "FACEBOOK_APP_SECRET"]);
    assert_eq!(wrong([("TIDINGS_META_URL", "http://graph.facebook.com")]), ["TIDINGS_META_URL"]);
    assert_eq!(wrong([("FACEBOOK_APP_SECRET_PREVIOUS", "old")]), ["FACEBOOK_APP_SECRET_PREVIOUS"]);
    assert_eq!(wrong([("DATABASE_URL", "postgresql://h/d"), ("DB_HOST", "h")]), ["DB_HOST"]);
    assert_eq!(wrong([("DB_NAME", "d"), ("DB_PASSWORD", "p")]), ["DB_PASSWORD", "DB_NAME"]);
    assert_eq!(wrong([("SMTP_PORT", "25")]), ["SMTP_PORT"]);
    assert_eq!(wrong([("TIDINGS_LEASE_SECONDS", "20")]), ["TIDINGS_LEASE_SECONDS"]);
    assert_eq!(wrong([("TIDINGS_BACKOFF_SECONDS", "601")]), ["TIDINGS_BACKOFF_SECONDS"]);
    assert_eq!(wrong([("TIDINGS_HORIZON_LONG_SECONDS", "5")]), ["TIDINGS_HORIZON_SHORT_SECONDS"]);
}

#[test]
fn a_variable_that_would_have_no_effect_is_refused() {
    assert_eq!(wrong([("TIDINGS_LEASE_SECOND", "30")]), ["TIDINGS_LEASE_SECOND"]);
    assert_eq!(wrong([("JWT_PUBLIC_KEY_PATH", "set")]), ["JWT_PUBLIC_KEY_PATH"]);
    assert!(wrong([("AES_SECRET", " "), ("AESOP", "set")]).is_empty());
}

#[test]
fn versions_that_meta_has_shut_down_are_refused_before_anything_starts() {
    assert_eq!(wrong([("META_API_VERSION", "v19.0")]), ["META_API_VERSION"]);
    assert_eq!(read([("META_API_VERSION", "v24.0")]).unwrap().meta_version, "v24.0");
}

#[test]
fn an_error_quotes_no_secret() {
    let values = [
        ("DATABASE_URL", "postgresql://me:the-secret@h:port/d"),
        ("SMTP_HOST", "mail.acme.test"),
        ("SMTP_PASS", "the-secret"),
        ("FACEBOOK_APP_SECRET_PREVIOUS", "the-secret"),
        ("AES_SECRET", "the-secret"),
    ];
    let error = read(values).unwrap_err().to_string();
    assert!(error.contains("DATABASE_URL") && !error.contains("the-secret"), "{error}");
}

#[test]
fn a_database_in_parts_is_one_url() {
    let url = |password: &'static str| {
        let parts =
            [("DB_HOST", "db.acme.test"), ("DB_USER", "me"), ("DB_PASSWORD", password), ("DB_NAME", "n")];
        read(parts).unwrap().database_url.unwrap()
    };
    assert_eq!(url("p"), "host='db.acme.test' port=5432 user='me' dbname='n' password='p'");
    assert!(url(r"it's \").ends_with(r"password='it\'s \\'"));
}

#[test]
fn each_wait_is_the_one_of_its_variable() {
    let names = [
        "TIDINGS_LEASE_SECONDS",
        "TIDINGS_START_SECONDS",
        "TIDINGS_BACKOFF_SECONDS",
        "TIDINGS_BACKOFF_MAX_SECONDS",
        "TIDINGS_LATE_SECONDS",
        "TIDINGS_RESEND_SECONDS",
        "TIDINGS_HORIZON_SHORT_SECONDS",
        "TIDINGS_HORIZON_LONG_SECONDS",
        "TIDINGS_KEY_RETENTION_SECONDS",
        "TIDINGS_SHIFT_SECONDS",
        "TIDINGS_VISIBILITY_SECONDS",
        "TIDINGS_SWEEP_SECONDS",
        "TIDINGS_CALL_TIMEOUT_SECONDS",
    ];
    let mut variables = Variables::default().with("TIDINGS_RECEIVES_MAX", Some("7"));
    let values: Vec<String> = (101..).take(names.len() - 1).map(|number| number.to_string()).collect();
    for (name, value) in names.into_iter().zip(&values) {
        variables = variables.with(name, Some(value));
    }
    let settings = Settings::read(variables.with("TIDINGS_CALL_TIMEOUT_SECONDS", Some("9"))).unwrap();
    let Settings { timings, .. } = &settings;
    let waits = [
        timings.lease,
        timings.start,
        timings.backoff,
        timings.backoff_max,
        timings.late,
        timings.resend,
        timings.horizon_short,
        timings.horizon_long,
        timings.key_retention,
        timings.shift,
        settings.visibility,
    ];
    assert_eq!(waits.map(|wait| wait.as_secs()), std::array::from_fn(|at| 101 + i64::try_from(at).unwrap()));
    assert_eq!((settings.sweep_every.as_secs(), settings.call_timeout.as_secs()), (112, 9));
    assert_eq!(settings.receives_max, 7);
}

#[test]
fn the_amount_above_which_two_people_are_needed_is_the_one_of_its_variable() {
    for (value, amount) in [(None, "100.00"), (Some("0"), "0.00"), (Some("12.5"), "12.50")] {
        let variables = Variables::default().with("TIDINGS_ADJUSTMENT_APPROVAL_OVER", value);
        assert_eq!(Settings::read(variables).unwrap().adjustment_approval_over.to_string(), amount);
    }
}

#[test]
fn the_sender_of_e_mails_is_the_user_of_the_mail_server_unless_set() {
    let smtp = |user| [("SMTP_HOST", "mail.acme.test"), ("SMTP_USER", user), ("SMTP_PASS", " x ")];
    let settings = read(smtp("info@acme.test")).unwrap();
    assert_eq!(settings.mail_from, "info@acme.test");
    let (server, login) = settings.smtp.unwrap();
    assert_eq!((server.port, login.password.as_str()), (587, " x "));
    assert_eq!(wrong(smtp("info")), ["TIDINGS_MAIL_FROM"]);
}

#[test]
fn the_app_is_read_whole() {
    let app = read([
        ("FACEBOOK_APP_ID", "77"),
        ("FACEBOOK_APP_SECRET", "new"),
        ("FACEBOOK_APP_SECRET_PREVIOUS", "old"),
        ("META_WEBHOOK_VERIFY_TOKEN", "token"),
    ])
    .unwrap()
    .app;
    let shown = |secret: &Option<SecretString>| secret.as_ref().unwrap().expose_secret().to_owned();
    assert_eq!((app.id.as_str(), shown(&app.secret)), ("77", "new".to_owned()));
    assert_eq!(
        (shown(&app.previous_secret), shown(&app.verify_token)),
        ("old".to_owned(), "token".to_owned())
    );
}

#[test]
fn the_table_of_the_readme_the_help_and_the_variables_are_the_same() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let (_, section) = readme.split_once("## Settings").unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let first_cells = rows.map(|row| row.split('|').nth(1).unwrap());
    let told: BTreeSet<&str> = first_cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .filter(|name| !name.starts_with('-'))
        .collect();
    let waits = |name: &str| name.starts_with("TIDINGS_") && name.ends_with("_SECONDS");
    let known: BTreeSet<&str> = ALL
        .iter()
        .map(|variable| if waits(variable.name) { "TIDINGS_*_SECONDS" } else { variable.name })
        .collect();
    assert_eq!(told, known);
    let help = help();
    assert!(ALL.iter().all(|variable| help.contains(variable.name)));
}
