//! Fields of log lines have one spelling each, and none takes the place of what the formatter writes itself.
//!
//! `tracing` keeps the text of an event in the field `message`, and the JSON formatter adds `level`, `target` and
//! `timestamp`: a field of one of these names would replace them or occur in the line twice.

use std::path::Path;

/// What a line has already.
const RESERVED: [&str; 4] = ["message", "level", "target", "timestamp"];
/// An error is logged as `error`.
const OTHER_NAMES_OF_ERROR: [&str; 4] = ["cause", "causes", "err", "why"];

const MACROS: [&str; 11] = [
    "error!(",
    "warn!(",
    "info!(",
    "debug!(",
    "trace!(",
    "event!(",
    "error_span!(",
    "warn_span!(",
    "info_span!(",
    "debug_span!(",
    "fields(",
];

/// Skips to the end of a string.
fn skip_string(chars: &mut std::str::Chars<'_>) {
    while let Some(char) = chars.next().filter(|char| *char != '"') {
        if char == '\\' {
            chars.next();
        }
    }
}

/// The arguments from the start of `text` to the closing parenthesis.
fn arguments(text: &str) -> Vec<String> {
    let (mut all, mut one, mut depth, mut chars) = (Vec::new(), String::new(), 0_u32, text.chars());
    while let Some(char) = chars.next() {
        match char {
            '"' => {
                skip_string(&mut chars);
            }
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => break,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                all.push(std::mem::take(&mut one));
                continue;
            }
            _ => {}
        }
        one.push(char);
    }
    all.push(one);
    all
}

/// The name of the field that an argument is, if it is one.
fn field(argument: &str) -> Option<&str> {
    let argument = argument.trim();
    // The text, or `target: "…"` and its like, or the level of an event.
    let is_no_field =
        argument.starts_with('"') || argument.contains(": \"") || argument.starts_with("Level::");
    if is_no_field || argument.is_empty() {
        return None;
    }
    let name = argument.split_once(" = ").map_or(argument, |(name, _)| name);
    Some(name.trim_start_matches(['%', '?']).rsplit('.').next().unwrap_or(name))
}

fn complaint(name: &str) -> Option<&'static str> {
    if RESERVED.contains(&name) {
        return Some("is written by the formatter itself");
    }
    if OTHER_NAMES_OF_ERROR.contains(&name) {
        return Some("is another name of `error`");
    }
    name.chars().any(char::is_uppercase).then_some("is not in snake_case")
}

/// Fields that come from elsewhere than a macro's arguments, and macros that would not be read here.
fn hidden(source: &str) -> Vec<String> {
    let recorded = source.split(".record(\"").skip(1).filter_map(|after| after.split('"').next());
    let mut found: Vec<String> =
        recorded.filter_map(|name| Some(format!("{name} {}", complaint(name)?))).collect();
    // Without `skip_all` every argument is a field under its own name.
    let instrumented = source.split("tracing::instrument").skip(1);
    let attributes = instrumented.map(|after| after.split(']').next().unwrap_or_default());
    let of_arguments = attributes.filter(|attribute| !attribute.contains("skip_all"));
    found.extend(of_arguments.map(|_| "of each argument is not chosen: skip_all".to_owned()));
    let imports = source.lines().filter_map(|line| line.trim().strip_prefix("use tracing::"));
    let macros = imports.flat_map(|names| names.split(|char: char| !char.is_alphanumeric() && char != '_'));
    let unread =
        macros.filter(|name| MACROS.contains(&format!("{name}!(").as_str()) && !name.ends_with("span"));
    found.extend(unread.map(|name| format!("of {name}! is not read here: write tracing::{name}!")));
    found
}

/// What is wrong in one source file, tests apart.
fn complaints(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut complaints = hidden(source);
    for name in MACROS {
        for (index, _) in source.match_indices(name) {
            let before = source[..index].chars().next_back();
            let is_of_tracing = source[..index].ends_with("tracing::") || name.contains("span");
            if before.is_some_and(|char| char.is_alphanumeric() || char == '_')
                || !(is_of_tracing || name == "fields(")
            {
                continue;
            }
            let arguments = arguments(&source[index + name.len()..]);
            let named = arguments.iter().filter_map(|argument| field(argument));
            complaints.extend(named.filter_map(|name| Some(format!("{name} {}", complaint(name)?))));
        }
    }
    complaints
}

fn read(folder: &Path, found: &mut Vec<String>, files: &mut usize) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("tests") && !path.ends_with("target") {
            read(&path, found, files);
        } else if path.extension().is_some_and(|kind| kind == "rs") && !path.ends_with("tests.rs") {
            *files += 1;
            let complaints = complaints(&std::fs::read_to_string(&path).unwrap());
            found.extend(complaints.into_iter().map(|what| format!("{}: the field {what}", path.display())));
        }
    }
}

#[test]
fn no_field_of_a_log_line_takes_a_reserved_name_or_a_second_spelling() {
    let (mut found, mut files) = (Vec::new(), 0);
    for folder in ["functions", "shared", "local"] {
        read(&testkit::workspace().join(folder), &mut found, &mut files);
    }
    assert!(files > 100, "only {files} files were read");
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_field_with_a_wrong_name_is_found_in_every_macro() {
    for (source, name) in [
        ("tracing::warn!(%error, message = %id, \"Not sent.\");", "message"),
        ("let span = tracing::info_span!(\"send\", %message);", "message"),
        ("tracing::info!(\n    count,\n    level = 3,\n    \"Text, with a comma.\"\n);", "level"),
        ("#[tracing::instrument(skip_all, fields(operation = O::NAME, target = 1))]", "target"),
        ("tracing::error!(why, \"A \\\"quoted\\\" text.\");", "why"),
        ("tracing::error!(one.why, \"Text.\");", "why"),
        ("tracing::error!(causes = with_causes(&error), \"Text.\");", "causes"),
        ("info_span!(\"record\", traceId = span.trace_id())", "traceId"),
        ("tracing::info!(message, \"Sent.\");", "message"),
        ("tracing::info!(?message, \"Sent.\");", "message"),
        ("tracing::info!(message = ?id, \"Sent.\");", "message"),
        ("tracing::debug_span!(\"send\", message);", "message"),
        ("tracing::event!(Level::WARN, %message);", "message"),
        ("#[tracing::instrument(skip_all, fields(%message))]", "message"),
        ("#[tracing::instrument]\nfn send(message: &str)", "of each argument"),
        ("#[tracing::instrument(name = \"send\")]", "of each argument"),
        ("Span::current().record(\"message\", id);", "message"),
        ("use tracing::{Level, info};\ninfo!(message = 1);", "of info!"),
    ] {
        let found = complaints(source);
        assert!(found.len() == 1 && found[0].starts_with(name), "{source}: {found:?}");
    }
    for source in [
        "tracing::trace!(target: \"aws\", response = f(\"why\", level), \"message = {x}\");",
        "tracing::error!(error = with_causes(&error), %tenant, self.count, ?event, \"why, level\");",
        "panic!(\"message = {}\", message);",
    ] {
        assert_eq!(complaints(source), Vec::<String>::new(), "{source}");
    }
}
