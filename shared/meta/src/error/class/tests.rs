use super::*;

#[test]
fn a_subcode_refines_the_class() {
    for (code, subcode, class) in [
        (100, None, ErrorClass::RequestInvalid),
        (100, Some(33), ErrorClass::NotFoundOrNoAccess),
        (100, Some(36_009), ErrorClass::OAuthCode),
        (100, Some(2_388_024), ErrorClass::TemplateExists),
        (192, Some(2_388_024), ErrorClass::TemplateExists),
        (100, Some(2_388_293), ErrorClass::TemplateFormat),
        (100, Some(2_388_093), ErrorClass::Registration),
        (190, Some(463), ErrorClass::AccountAuth),
        (130_429, Some(2_494_055), ErrorClass::ThrottlePhone),
        (131_036, None, ErrorClass::Unknown),
        (i32::MIN, Some(i64::MAX), ErrorClass::Unknown),
    ] {
        assert_eq!(ErrorClass::of(code, subcode), class, "{code}/{subcode:?}");
    }
}

#[test]
fn only_these_codes_are_temporary() {
    let codes: Vec<i32> = (0..150_000).filter(|code| ErrorClass::of(*code, None).is_temporary()).collect();
    assert_eq!(codes, [4, 17, 32, 613, 80_007, 80_008, 130_429, 131_056, 131_057, 134_101]);
    let named: Vec<i32> =
        codes.into_iter().filter(|code| ErrorClass::of(*code, None).wait().is_some()).collect();
    assert_eq!(named, [131_056, 131_057, 134_101]);
}

#[test]
fn codes_about_the_whole_account_are_recognized() {
    for code in [0, 3, 10, 102, 104, 190, 200, 299, 368, 131_005, 131_031, 131_042, 134_011] {
        assert!(is_about_account(code), "{code}");
    }
    for code in [1, 4, 100, 300, 130_429, 130_497, 131_026, 131_048, 132_015, 133_010] {
        assert!(!is_about_account(code), "{code}");
    }
}

#[test]
fn both_codes_for_too_many_calls_to_an_account_are_throttles() {
    for code in [80_007, 80_008] {
        let class = ErrorClass::of(code, None);
        assert_eq!((class, class.advice()), (ErrorClass::ThrottleApp, Advice::RetryBackoff), "{code}");
    }
}
