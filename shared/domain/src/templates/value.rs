//! What Meta takes as the value of a template's variable, and how long a text may be once it is filled.
//!
//! A value that Meta would refuse (132018), or that would make the filled text too long (132005), is refused before anything
//! is debited.

use thiserror::Error;

use super::{BODY_CHARS_MAX, Category};
use crate::kernel::text;
use crate::limits::VARIABLE_CHARS_MAX;

/// Spaces in a row within a value (Meta: 132018).
pub const SPACES_MAX: usize = 4;
/// Characters of a one-time password (Meta: authentication templates).
pub const CODE_CHARS_MAX: usize = 15;

/// Line breaks that are not control characters: the separators of lines and of paragraphs.
const SEPARATORS: [char; 2] = ['\u{2028}', '\u{2029}'];

/// Why a value cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ValueError {
    /// Empty, or only characters that show nothing.
    #[error("must have a visible character")]
    Blank,
    #[error("must be at most {VARIABLE_CHARS_MAX} characters")]
    TooLong,
    #[error("must have no line breaks, tabs or other control characters")]
    LineBreak,
    #[error("must have at most {SPACES_MAX} spaces in a row")]
    Spaces,
    /// The code of an authentication template, in which Meta takes neither links nor emoji.
    #[error(
        "must be a code of at most {CODE_CHARS_MAX} characters: letters from A to Z, digits, spaces and dashes"
    )]
    Code,
}

/// Checks the value of a variable of a template of that category.
pub fn check_value(category: Category, value: &str) -> Result<(), ValueError> {
    if !text::shows_something(value) {
        return Err(ValueError::Blank);
    }
    if value.chars().count() > VARIABLE_CHARS_MAX {
        return Err(ValueError::TooLong);
    }
    if value.chars().any(|c| c.is_control() || SEPARATORS.contains(&c)) {
        return Err(ValueError::LineBreak);
    }
    if longest_run_of_spaces(value) > SPACES_MAX {
        return Err(ValueError::Spaces);
    }
    match category {
        Category::Authentication if !is_code(value) => Err(ValueError::Code),
        Category::Authentication | Category::Utility | Category::Marketing => Ok(()),
    }
}

fn longest_run_of_spaces(text: &str) -> usize {
    text.split(|c: char| !c.is_whitespace()).map(|spaces| spaces.chars().count()).max().unwrap_or(0)
}

fn is_code(text: &str) -> bool {
    text.len() <= CODE_CHARS_MAX && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ' || b == b'-')
}

/// How many characters a body has with its variables filled, if that is more than Meta takes.
pub fn too_long_once_filled(body: &str, values: &[String]) -> Option<usize> {
    let chars = parts(body)
        .map(|part| match part {
            Part::Text(text) => text.chars().count(),
            Part::Variable(number) => {
                values.get(number.saturating_sub(1)).map_or(0, |value| value.chars().count())
            }
        })
        .sum();
    (chars > BODY_CHARS_MAX).then_some(chars)
}

enum Part<'a> {
    Text(&'a str),
    /// From 1.
    Variable(usize),
}

/// The parts of a body that was checked when its template was made.
fn parts(body: &str) -> impl Iterator<Item = Part<'_>> {
    body.split("{{").enumerate().flat_map(|(index, piece)| {
        let variable = piece
            .split_once("}}")
            .filter(|_| index > 0)
            .and_then(|(number, text)| Some((number.trim().parse().ok()?, text)));
        match variable {
            Some((number, text)) => [Some(Part::Variable(number)), Some(Part::Text(text))],
            None => [Some(Part::Text(piece)), None],
        }
        .into_iter()
        .flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_shows_nothing_is_blank() {
        for text in [
            "",
            " ",
            "\u{a0}\u{2003}",
            "\u{200b}",
            "\u{200d}\u{feff}",
            "\u{3164}",
            "\u{115f}\u{1160}",
            "\u{ad}",
            "\u{202e}",
            "\u{2800}",
            "\u{e0020}",
            "\u{fe0f}",
            "\n",
        ] {
            assert_eq!(check_value(Category::Utility, text), Err(ValueError::Blank), "{text:?}");
        }
        for text in ["a", "é", "\u{1f600}", "\u{200b}a", "木", "0", "."] {
            assert_eq!(check_value(Category::Utility, text), Ok(()), "{text:?}");
        }
    }

    #[test]
    fn breaks_and_runs_of_spaces_are_refused_and_four_spaces_are_not() {
        for (text, outcome) in [
            ("a\nb", Err(ValueError::LineBreak)),
            ("a\rb", Err(ValueError::LineBreak)),
            ("a\tb", Err(ValueError::LineBreak)),
            ("a\u{b}b", Err(ValueError::LineBreak)),
            ("a\u{85}b", Err(ValueError::LineBreak)),
            ("a\u{2028}b", Err(ValueError::LineBreak)),
            ("a     b", Err(ValueError::Spaces)),
            ("     b", Err(ValueError::Spaces)),
            ("b     ", Err(ValueError::Spaces)),
            ("a \u{a0} \u{a0} b", Err(ValueError::Spaces)),
            ("a    b    c", Ok(())),
        ] {
            assert_eq!(check_value(Category::Marketing, text), outcome, "{text:?}");
        }
        assert_eq!(check_value(Category::Utility, &"x".repeat(VARIABLE_CHARS_MAX)), Ok(()));
        let long = "x".repeat(VARIABLE_CHARS_MAX + 1);
        assert_eq!(check_value(Category::Utility, &long), Err(ValueError::TooLong));
    }

    #[test]
    fn a_code_is_short_and_has_no_links_and_no_emoji() {
        for code in ["123456", "AB-12 34", "123456789012345"] {
            assert_eq!(check_value(Category::Authentication, code), Ok(()), "{code}");
        }
        for code in ["1234567890123456", "evil.com", "a/b", "12\u{1f600}", "1\u{fe0f}\u{20e3}", "\u{24c2}1"] {
            assert_eq!(check_value(Category::Authentication, code), Err(ValueError::Code), "{code}");
            assert_eq!(check_value(Category::Utility, code), Ok(()), "{code}");
        }
    }

    #[test]
    fn a_filled_body_counts_each_use_of_a_variable() {
        let body = "Dear {{1}}, {{ 2 }} and {{1}}.";
        let fits = vec!["x".repeat(500), "y".repeat(BODY_CHARS_MAX - 1_000 - 13)];
        assert_eq!(too_long_once_filled(body, &fits), None);
        let longer = vec!["é".repeat(501), fits[1].clone()];
        assert_eq!(too_long_once_filled(body, &longer), Some(BODY_CHARS_MAX + 2));
        assert_eq!(too_long_once_filled("No variable }} {{", &[]), None);
    }
}
