//! Variables in the texts of a template: `{{1}}` or `{{name}}`.

/// The distinct variables of a text in the order of their first use, without braces.
pub(crate) fn variables(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for name in uses(text) {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// The variables of a text, each as often as it is used.
pub(crate) fn uses(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else { break };
        found.push(name.trim().to_owned());
        rest = after;
    }
    found
}

/// The parts of a text that are not variables.
pub(crate) fn fixed_parts(text: &str) -> impl Iterator<Item = &str> {
    text.split("{{").enumerate().map(|(index, part)| {
        if index == 0 { part } else { part.split_once("}}").map_or(part, |(_, after)| after) }
    })
}
