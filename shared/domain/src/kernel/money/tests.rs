use super::*;

#[test]
fn decimals_are_read_exactly() {
    for (text, micros) in [
        ("100.00", 100_000_000),
        ("0.1", 100_000),
        ("-1", -1_000_000),
        ("0.000001", 1),
        ("1.005", 1_005_000),
        ("0.1000000000", 100_000),
        ("9223372036854.775807", i64::MAX),
    ] {
        assert_eq!(text.parse(), Ok(Money::from_micros(micros)), "{text}");
    }
}

#[test]
fn what_is_not_an_amount_is_refused_with_a_reason() {
    for (text, error) in [
        ("0.0000001", MoneyError::TooFine),
        ("1e308", MoneyError::Malformed),
        ("1e400", MoneyError::Malformed),
        ("", MoneyError::Malformed),
        (".5", MoneyError::Malformed),
        ("5.", MoneyError::Malformed),
        ("+5", MoneyError::Malformed),
        ("--5", MoneyError::Malformed),
        ("1,000", MoneyError::Malformed),
        ("٣", MoneyError::Malformed),
        ("92233720368547758080", MoneyError::TooLarge),
        ("9223372036854.775808", MoneyError::TooLarge),
    ] {
        assert_eq!(text.parse::<Money>(), Err(error), "{text}");
    }
}

#[test]
fn json_numbers_and_strings_keep_every_digit() {
    assert_eq!(serde_json::from_str::<Money>("100.00").unwrap(), Money::from_micros(100_000_000));
    assert_eq!(serde_json::from_str::<Money>("\"0.0045\"").unwrap(), Money::from_micros(4_500));
    assert_eq!(serde_json::to_string(&Money::from_micros(4_500)).unwrap(), "\"0.0045\"");
    assert!(serde_json::from_str::<Money>("null").is_err());
    assert!(serde_json::from_str::<Money>("[1]").is_err());
}

#[test]
fn print_then_parse_is_the_identity_i10() {
    for micros in [0, 1, -1, 999_999, 1_000_000, -1_234_567, i64::MAX, i64::MIN + 1] {
        let money = Money::from_micros(micros);
        assert_eq!(money.to_string().parse(), Ok(money), "{money}");
    }
}

proptest::proptest! {
    /// The fuzz target `money`, bounded.
    #[test]
    fn an_amount_is_written_and_read_the_same(spelling in "[-+]?[0-9]{0,15}[.]?[0-9eE]{0,8}|.{0,24}") {
        if let Ok(amount) = spelling.parse::<Money>() {
            assert_eq!(amount.to_string().parse(), Ok(amount));
            let json = serde_json::to_string(&amount).unwrap();
            assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), amount);
        }
        // Any JSON is an amount or is refused, without a panic.
        drop(serde_json::from_str::<Money>(&spelling));
    }
}
