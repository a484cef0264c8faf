//! Variables in a template's texts, and the examples that Meta's reviewers see.

use serde_json::{Value, json};

/// An example of each variable of a text. Meta refuses a template that mixes numbered and named variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Examples {
    /// Of `{{1}}`, `{{2}}`, …, in order.
    Positional(Vec<String>),
    /// Of `{{first_name}}`, …: name and example. Names are lower-case letters, digits and underscores.
    Named(Vec<(String, String)>),
}

impl Default for Examples {
    fn default() -> Self {
        Self::Positional(Vec::new())
    }
}

impl Examples {
    /// The `example` of a header's text.
    pub(super) fn of_header(&self) -> Option<Value> {
        match self {
            Self::Positional(examples) => filled(examples).then(|| json!({ "header_text": examples })),
            Self::Named(examples) => {
                filled(examples).then(|| json!({ "header_text_named_params": named(examples) }))
            }
        }
    }

    /// The `example` of a body's text. Meta accepts several lists of positional examples, hence the nested list.
    pub(super) fn of_body(&self) -> Option<Value> {
        match self {
            Self::Positional(examples) => filled(examples).then(|| json!({ "body_text": [examples] })),
            Self::Named(examples) => {
                filled(examples).then(|| json!({ "body_text_named_params": named(examples) }))
            }
        }
    }
}

fn filled<T>(examples: &[T]) -> bool {
    !examples.is_empty()
}

fn named(examples: &[(String, String)]) -> Vec<Value> {
    examples.iter().map(|(name, example)| json!({ "param_name": name, "example": example })).collect()
}

/// The names of a text's variables, each once, in order of first appearance: `1`, `2` or `first_name`.
pub fn variables(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else { break };
        let name = name.trim();
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
        rest = after;
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_variable_of_a_text_is_found_once_in_order() {
        for (text, names) in [
            ("Hi {{1}}, {{ 2 }} and {{1}} again", vec!["1", "2"]),
            ("{{order_number}}", vec!["order_number"]),
            ("R${{1}} {{", vec!["1"]),
            ("{{}} none {{ }}", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(variables(text), names, "{text}");
        }
    }
}
