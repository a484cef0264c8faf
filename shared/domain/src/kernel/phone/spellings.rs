//! Numbers of mobile ranges that were renumbered, or that WhatsApp writes in another way than their country does.
//!
//! Address books, files and WhatsApp's own ids keep the older spelling for years, and both name one person. Only mobile
//! ranges are here: a landline is nobody else's number. Where two ranges could name two people, a range is left out.

/// The same number, older and newer. A digit stands for itself, `x` for any digit, `[…]` for one of these digits; the
/// digits that both have are the same and in the same order. After it: who says so.
pub(super) const RENUMBERED: &[(&str, &str, &str)] = &[
    // Every mobile number got a ninth digit from 2012 to 2016; landlines begin with 2 to 5, and trunked radio, with 7, kept
    // eight digits (Anatel, Resolução 553/2010). WhatsApp's ids of older accounts are without it.
    (
        "55[1-9][1-9][689]xxxxxxx",
        "55[1-9][1-9]9[689]xxxxxxx",
        "libphonenumber, migrator/src/data/recipes.csv",
    ),
    // The 1 of mobile numbers went on 2019-08-03 (IFT); WhatsApp's ids keep it.
    ("521[2-9]xxxxxxxxx", "52[2-9]xxxxxxxxx", "libphonenumber, migrator/src/data/recipes.csv"),
    // Landlines and mobiles share one plan of ten digits (ENACOM). Calls to a mobile from abroad have a 9 before them, and
    // WhatsApp's ids too; SMS and many files do not.
    (
        "549[1-3]xxxxxxxxx",
        "54[1-3]xxxxxxxxx",
        "Meta, sending messages to Argentina; Toku, identifying a mobile number",
    ),
    // All numbers got 01 on 2024-11-30; those that begin with 2 are landlines.
    ("229[4-69]xxxxxxx", "22901[4-69]xxxxxxx", "ARCEP Bénin, décision 2020-349"),
    // Mobile numbers got the prefix of the operator that their second digit stood for on 2021-01-31; those that begin with
    // 2 and 3 are landlines.
    ("225[04-9][0-3]xxxxxx", "22501[04-9][0-3]xxxxxx", "ARTCI, basculement à 10 chiffres"),
    ("225[04-9][4-6]xxxxxx", "22505[04-9][4-6]xxxxxx", "ARTCI, basculement à 10 chiffres"),
    ("225[04-9][7-9]xxxxxx", "22507[04-9][7-9]xxxxxx", "ARTCI, basculement à 10 chiffres"),
    // 2019-06-29: 11 is the landlines'.
    ("2410[256]xxxxxx", "2416[256]xxxxxx", "libphonenumber, migrator/src/data/recipes.csv"),
    ("2410[47]xxxxxx", "2417[47]xxxxxx", "libphonenumber, migrator/src/data/recipes.csv"),
    ("241[256]xxxxxx", "2416[256]xxxxxx", "libphonenumber, migrator/src/data/recipes.csv"),
    ("241[47]xxxxxx", "2417[47]xxxxxx", "libphonenumber, migrator/src/data/recipes.csv"),
    // Mobile numbers of eleven digits became shorter from 2018-09-15 on.
    ("8412[068]xxxxxxx", "847[068]xxxxxxx", "libphonenumber, migrator/src/data/recipes.csv"),
    ("84121xxxxxxx", "8479xxxxxxx", "libphonenumber, migrator/src/data/recipes.csv"),
    ("84122xxxxxxx", "8477xxxxxxx", "libphonenumber, migrator/src/data/recipes.csv"),
    ("8412[3-5]xxxxxxx", "848[3-5]xxxxxxx", "libphonenumber, migrator/src/data/recipes.csv"),
    ("84127xxxxxxx", "8481xxxxxxx", "libphonenumber, migrator/src/data/recipes.csv"),
    ("84129xxxxxxx", "8482xxxxxxx", "libphonenumber, migrator/src/data/recipes.csv"),
    ("8416[2-9]xxxxxxx", "843[2-9]xxxxxxx", "libphonenumber, migrator/src/data/recipes.csv"),
    ("8418[68]xxxxxxx", "845[68]xxxxxxx", "libphonenumber, migrator/src/data/recipes.csv"),
    ("84199xxxxxxx", "8459xxxxxxx", "libphonenumber, migrator/src/data/recipes.csv"),
];

/// Writes `digits`, if they match the pattern `from`, as the pattern `to`.
pub(super) fn rewrite(digits: &str, from: &str, to: &str) -> Option<String> {
    let shared = matched(digits, from)?;
    let mut shared = shared.into_iter();
    let written = places(to).map(|place| match place {
        Place::Fixed(digit) => Some(digit),
        Place::OneOf(_) | Place::Any => shared.next(),
    });
    written.collect()
}

/// The digits at the places of a pattern that are not fixed.
fn matched(digits: &str, pattern: &str) -> Option<Vec<char>> {
    let mut rest = digits.chars();
    let mut shared = Vec::new();
    for place in places(pattern) {
        let digit = rest.next()?;
        match place {
            Place::Fixed(expected) if digit == expected => {}
            Place::OneOf(set) if is_in(set, digit) => shared.push(digit),
            Place::Any => shared.push(digit),
            Place::Fixed(_) | Place::OneOf(_) => return None,
        }
    }
    rest.next().is_none().then_some(shared)
}

/// One digit of a pattern.
enum Place<'a> {
    Fixed(char),
    /// Digits and ranges of them, such as `4-69`.
    OneOf(&'a str),
    Any,
}

fn places(pattern: &str) -> impl Iterator<Item = Place<'_>> {
    let mut rest = pattern;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        if let Some((set, after)) = rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            rest = after;
            return Some(Place::OneOf(set));
        }
        rest = rest.get(first.len_utf8()..)?;
        Some(if first == 'x' { Place::Any } else { Place::Fixed(first) })
    })
}

fn is_in(set: &str, digit: char) -> bool {
    let mut rest = set.chars();
    while let Some(low) = rest.next() {
        let high = match rest.clone().next() {
            Some('-') => rest.nth(1).unwrap_or(low),
            _ => low,
        };
        if (low..=high).contains(&digit) {
            return true;
        }
    }
    false
}
