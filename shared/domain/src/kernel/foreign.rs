//! Foreign text: what Meta, or an attacker in its place, wrote. It may have any length and hold any character.
//!
//! One rule for all of it. An id is stored and indexed as it is or not at all, because an id that was cut names something
//! else. A text for people is cut. What fits neither is stored with its update alone, as unhandled, up to
//! [`KEPT_BYTES_MAX`]; the updates beside it are applied.

use std::borrow::Cow;

/// Bytes of an id. Meta's have less than a hundred; a row of a B-tree index takes 2,704 in all, and an index may hold two.
pub const ID_BYTES_MAX: usize = 512;
/// Characters of a text, such as an error's. Meta's longest are a few hundred.
pub const TEXT_CHARS_MAX: usize = 4_096;
/// Bytes of an unhandled update. Encrypted and with every character escaped it still fits into a queue message.
pub const KEPT_BYTES_MAX: usize = 262_144;

/// Bytes of a word out of a list of Meta's. Its longest are some thirty.
pub const WORD_BYTES_MAX: usize = 64;

/// Whether a text can be a word out of a list of Meta's, also of one that it adds to later: nothing else is stored as one.
pub fn is_word(text: &str) -> bool {
    (1..=WORD_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether a text can be stored and indexed as an id: it is not empty, not too long, and without U+0000, which Postgres
/// does not store.
pub fn is_id(text: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&text.len()) && !text.contains('\0')
}

/// The text without U+0000, cut to [`TEXT_CHARS_MAX`] characters. `…` stands for what was cut off.
pub fn text(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        None if !text.contains('\0') => Cow::Borrowed(text),
        None => Cow::Owned(text.replace('\0', "\u{FFFD}")),
        Some(_) => {
            let start = text.chars().take(TEXT_CHARS_MAX - 1);
            Cow::Owned(start.map(|c| if c == '\0' { '\u{FFFD}' } else { c }).chain(['…']).collect())
        }
    }
}

/// The start of a text that is stored as it was received, at most [`KEPT_BYTES_MAX`] bytes of it.
pub fn kept(text: &str) -> &str {
    text.get(..text.floor_char_boundary(KEPT_BYTES_MAX)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_stored_as_it_is_or_not_at_all() {
        assert!(is_id("1") && is_id(&"x".repeat(512)) && is_id(&"\u{1F600}".repeat(128)));
        for refused in [String::new(), "x".repeat(513), "\u{1F600}".repeat(129), "a\0b".to_owned()] {
            assert!(!is_id(&refused), "{} bytes", refused.len());
        }
    }

    #[test]
    fn a_word_is_short_and_of_visible_ascii() {
        assert!(
            ["regular", "authentication-international", "PMP", &"x".repeat(64)]
                .iter()
                .all(|word| is_word(word))
        );
        assert!(["", "a b", "a\0b", "a\nb", "\u{e9}", &"x".repeat(65)].iter().all(|text| !is_word(text)));
    }

    #[test]
    fn a_text_is_cut_between_characters_and_holds_no_nul() {
        assert!(matches!(text("why"), Cow::Borrowed("why")));
        assert_eq!(text("a\0b"), "a\u{FFFD}b");
        for unit in ["x", "\0", "\u{1F600}"] {
            assert_eq!(text(&unit.repeat(TEXT_CHARS_MAX)).chars().count(), TEXT_CHARS_MAX);
            let long = unit.repeat(300_000);
            let cut = text(&long);
            assert_eq!((cut.chars().count(), cut.contains('\0')), (TEXT_CHARS_MAX, false));
            assert!(cut.ends_with('…'));
            assert!(kept(&long).len() > KEPT_BYTES_MAX - 4 && kept(&long).len() <= KEPT_BYTES_MAX);
        }
        assert_eq!(kept("whole"), "whole");
    }
}
