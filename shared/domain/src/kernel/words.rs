//! Closed sets of words, as the database and the API spell them.

/// Gives an enum its words: `ALL`, `as_str`, `Display` and `FromStr`, whose error is `$unknown`.
macro_rules! words {
    ($name:ident, $unknown:ident, $message:literal: $($variant:ident = $word:literal),+ $(,)?) => {
        impl $name {
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $unknown;

            fn from_str(text: &str) -> Result<Self, $unknown> {
                Self::ALL.into_iter().find(|value| value.as_str() == text).ok_or($unknown)
            }
        }

        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        #[error($message)]
        pub struct $unknown;
    };
}
pub(crate) use words;
