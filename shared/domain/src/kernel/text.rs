//! Which characters of a text a person sees.
//!
//! A character that shows nothing makes two texts look the same that are not, and some reverse how the text around them
//! reads (Unicode TR36 and UAX 9). Where a text is read as a name, a key or an address, such characters are refused, or
//! dropped where the text comes out of a file. A few shape what they stand between, as words in Persian and Hindi and many
//! emoji need it: those stay in that place and count as hidden in any other.

use std::ops::RangeInclusive;

use icu_properties::props::{BidiControl, DefaultIgnorableCodePoint, GeneralCategory, VariationSelector};
use icu_properties::{
    CodePointMapData, CodePointMapDataBorrowed, CodePointSetData, CodePointSetDataBorrowed,
};

const CATEGORIES: CodePointMapDataBorrowed<'static, GeneralCategory> =
    CodePointMapData::<GeneralCategory>::new();
const IGNORABLE: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<DefaultIgnorableCodePoint>();
const DIRECTIONS: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<BidiControl>();
const VARIATIONS: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<VariationSelector>();

/// Joiners (ZWNJ, ZWJ) and direction marks (LRM, RLM, ALM).
const SHAPING: [char; 5] = ['\u{200C}', '\u{200D}', '\u{200E}', '\u{200F}', '\u{061C}'];
/// Marks of ruby text, which belong to a program and not to a text.
const ANNOTATIONS: RangeInclusive<char> = '\u{FFF9}'..='\u{FFFB}';
/// Empty cells that Unicode counts among the visible characters.
const BRAILLE_BLANK: char = '\u{2800}';

/// Whether a character shows nothing wherever it stands, spaces excepted.
pub(crate) fn is_hidden(c: char) -> bool {
    let is_control = matches!(
        CATEGORIES.get(c),
        GeneralCategory::Control | GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator
    );
    is_control || IGNORABLE.contains(c) || DIRECTIONS.contains(c) || ANNOTATIONS.contains(&c)
}

pub(crate) fn is_dash(c: char) -> bool {
    CATEGORIES.get(c) == GeneralCategory::DashPunctuation
}

/// The value of a decimal digit of any script. Unicode has them in runs of ten, from zero.
pub(crate) fn digit(c: char) -> Option<u32> {
    let is_digit = |c: char| CATEGORIES.get(c) == GeneralCategory::DecimalNumber;
    if !is_digit(c) {
        return None;
    }
    let before = (1..).map_while(|back| char::from_u32(u32::from(c).checked_sub(back)?));
    u32::try_from(before.take_while(|c| is_digit(*c)).count() % 10).ok()
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == BRAILLE_BLANK
}

/// Whether a person sees anything at all.
pub fn shows_something(text: &str) -> bool {
    text.chars().any(|c| !is_hidden(c) && !is_blank(c))
}

/// Whether a text has at most this many characters (Unicode scalar values, as Postgres and Meta count), shows something,
/// and hides nothing.
pub fn is_visible(text: &str, chars_max: usize) -> bool {
    text.chars().count() <= chars_max
        && shows_something(text)
        && characters(text).all(|(_, is_shown)| is_shown)
}

/// The text as a person sees it: without what is hidden, with spaces for line breaks and tabs, trimmed. Nothing when it
/// shows nothing.
pub fn shown(text: &str) -> Option<String> {
    let lines = text.trim().replace("\r\n", " ").replace(['\t', '\n', '\r', '\u{2028}', '\u{2029}'], " ");
    let shown: String = characters(&lines).filter(|(_, is_shown)| *is_shown).map(|(c, _)| c).collect();
    let trimmed = shown.trim();
    shows_something(trimmed).then(|| trimmed.to_owned())
}

/// Each character, and whether it may stand where it stands.
fn characters(text: &str) -> impl Iterator<Item = (char, bool)> {
    let mut before = None;
    let mut rest = text.chars();
    std::iter::from_fn(move || {
        let c = rest.next()?;
        if VARIATIONS.contains(c) {
            return Some((c, before.is_some_and(is_shaped)));
        }
        if SHAPING.contains(&c) {
            let after = rest.clone().next();
            return Some((c, before.is_some_and(is_shaped) && after.is_some_and(is_shaped)));
        }
        before = Some(c);
        Some((c, !is_hidden(c)))
    })
}

/// Whether a visible character can be shaped by its neighbours. Latin letters are not, so that nothing hides between them.
fn is_shaped(c: char) -> bool {
    !is_hidden(c) && !is_blank(c) && !c.is_ascii_alphabetic()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERSIAN: &str = "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}";
    const HINDI: &str = "\u{915}\u{94d}\u{200d}\u{937}";
    const HEART_ON_FIRE: &str = "\u{2764}\u{fe0f}\u{200d}\u{1f525}";

    #[test]
    fn a_text_that_hides_a_character_is_not_visible() {
        for text in [
            "Ann",
            "Ann O\u{2019}Neill-\u{c5}s",
            PERSIAN,
            HINDI,
            HEART_ON_FIRE,
            "1\u{fe0f}\u{20e3}",
            "\u{5d0}\u{200f}!\u{200f}\u{5d1}",
            "two words",
        ] {
            assert!(is_visible(text, 20), "{text:?}");
            assert_eq!(shown(text).as_deref(), Some(text), "{text:?}");
        }
        for text in [
            "",
            " ",
            "\u{a0}",
            "\u{200b}",
            "\u{3164}",
            "\u{2800}",
            "\u{feff}Ann",
            "A\u{ad}nn",
            "Ann\u{202e}nnA",
            "\u{2066}Ann\u{2069}",
            "Ad\u{200d}min",
            "Ad\u{200c}min",
            "A\u{fe0f}nn",
            "\u{200d}\u{1f525}",
            "\u{1f525}\u{200d}",
            "\u{5d0}\u{200f}",
            "A\u{e0041}",
            "a\tb",
            "a\u{7f}b",
            "a\u{2028}b",
        ] {
            assert!(!is_visible(text, 20), "{text:?}");
        }
        assert!(is_visible("\u{e9}\u{e9}", 2) && !is_visible("abc", 2), "characters, not bytes");
    }

    #[test]
    fn what_is_shown_is_the_text_without_what_it_hides() {
        for (text, expected) in [
            ("Ana\r", Some("Ana")),
            ("\u{202a}Ana\u{202c}", Some("Ana")),
            ("\u{feff} Ana \u{200b}", Some("Ana")),
            ("two\r\nlines\there", Some("two lines here")),
            ("Ann\u{202e}nnA", Some("AnnnnA")),
            ("A\u{7}", Some("A")),
            ("\u{200b}\u{2060}", None),
            ("\u{3164}", None),
            (" ", None),
            ("", None),
        ] {
            assert_eq!(shown(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_digit_of_any_script_has_its_value() {
        for (text, value) in [
            ("0123456789", 0),
            ("\u{660}\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}\u{667}\u{668}\u{669}", 0),
            ("\u{6f0}\u{6f1}", 0),
            ("\u{ff17}\u{ff18}", 7),
            ("\u{96b}", 5),
            ("\u{1d7f6}", 0),
            ("\u{1d7d9}", 1),
        ] {
            for (offset, c) in (0..).zip(text.chars()) {
                assert_eq!(digit(c), Some(value + offset), "{c:?}");
            }
        }
        for c in ['a', '\u{bd}', '\u{b2}', '\u{4e00}', '+'] {
            assert_eq!(digit(c), None, "{c:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_shown_is_visible_and_stays_as_it_is(text in "(.|[a-z\u{200b}-\u{200f}\u{202a}-\u{202e}\u{fe0f}\u{600}-\u{660}]){0,24}") {
            if let Some(shown) = shown(&text) {
                assert_eq!(super::shown(&shown).as_ref(), Some(&shown), "{text:?}");
                assert!(is_visible(&shown, 200), "{text:?}");
            }
        }
    }
}
