//! The dashboard answers an operator's questions, each in a row of its own under a header.

use std::collections::BTreeSet;

use serde_json::Value;
use tidings::machine::metrics;

use super::{Repository, holds};

/// In the order in which they are asked.
const QUESTIONS: [&str; 5] = [
    "## Is money moving?",
    "## Are messages leaving?",
    "## Is Meta well?",
    "## Is the database well?",
    "## Which function fails?",
];
/// What a dashboard is wide.
const WIDTH: i64 = 24;

/// The text that CloudWatch reads, with a database of ours or with an existing one.
fn body(repo: &Repository, is_ours: bool) -> String {
    let body = &repo.resources()["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"];
    let of_database = &body[1]["OfDatabase"]["Fn::If"][if is_ours { 1 } else { 2 }];
    let of_database = of_database["Fn::Sub"].as_str().or_else(|| of_database.as_str()).unwrap_or_default();
    body[0].as_str().unwrap_or_default().replace("${OfDatabase}", of_database)
}

fn widgets(repo: &Repository, is_ours: bool) -> Result<Vec<Value>, String> {
    let body: Value =
        serde_json::from_str(&body(repo, is_ours)).map_err(|error| format!("no JSON: {error}"))?;
    Ok(body["widgets"].as_array().cloned().unwrap_or_default())
}

/// One number of a widget's place.
fn place(widget: &Value, name: &str) -> i64 {
    widget[name].as_i64().unwrap_or_default()
}

fn rows(widgets: &[Value]) -> Vec<String> {
    let mut complaints = Vec::new();
    let headers: Vec<&Value> = widgets.iter().filter(|widget| place(widget, "height") == 1).collect();
    let asked: Vec<&str> =
        headers.iter().filter_map(|header| header["properties"]["markdown"].as_str()).collect();
    let asked: Vec<&str> = asked.into_iter().filter(|text| text.starts_with('#')).collect();
    if asked != QUESTIONS {
        complaints.push(format!("it asks {asked:?}"));
    }
    // A row is as high as its widgets, and stands under its header and above the next.
    let mut free = 0;
    let mut taken = BTreeSet::new();
    for widget in widgets {
        let (x, y) = (place(widget, "x"), place(widget, "y"));
        let shown = &widget["properties"];
        let title = shown["title"].as_str().or(shown["markdown"].as_str()).unwrap_or_default();
        if y < free || x + place(widget, "width") > WIDTH || !taken.insert((x, y)) {
            complaints.push(format!("not in its row: {title}"));
        }
        if x + place(widget, "width") == WIDTH {
            free = y + place(widget, "height");
        }
    }
    complaints
}

fn questions_are_answered(repo: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    for is_ours in [true, false] {
        match widgets(repo, is_ours) {
            Ok(widgets) => complaints.extend(rows(&widgets)),
            Err(error) => complaints.push(error),
        }
    }
    complaints
}

/// Each metric of the whole environment is seen.
fn metrics_are_shown(repo: &Repository) -> Vec<String> {
    let body = body(repo, true);
    let hidden = metrics().filter(|metric| !body.contains(&format!(r#"["Tidings", "{metric}""#)));
    hidden.map(|metric| format!("{metric}: on no widget")).collect()
}

/// Changes the text that CloudWatch reads.
fn rewrite(repo: &mut Repository, from: &str, to: &str) {
    let body = &mut repo.resource("Dashboard")["Properties"]["DashboardBody"]["Fn::Sub"][0];
    *body = Value::from(body.as_str().unwrap().replace(from, to));
}

#[test]
fn the_dashboard_answers_the_five_questions_in_their_order() {
    holds(
        questions_are_answered,
        &[
            ("it asks", |repo| rewrite(repo, "Is Meta well?", "Meta")),
            ("it asks", |repo| {
                rewrite(repo, "Is money moving?", "?");
                rewrite(repo, "Are messages leaving?", "Is money moving?");
            }),
            ("no JSON", |repo| rewrite(repo, "${OfDatabase},", "${OfDatabase}")),
            ("not in its row: Dead letters", |repo| {
                rewrite(repo, r#""x": 16, "y": 8"#, r#""x": 16, "y": 2"#);
            }),
            ("not in its row: Webhooks", |repo| rewrite(repo, r#""x": 8, "y": 15"#, r#""x": 20, "y": 15"#)),
        ],
    );
}

#[test]
fn the_dashboard_shows_every_metric_of_the_environment() {
    holds(
        metrics_are_shown,
        &[("OpenRefunds: on no widget", |repo| rewrite(repo, "OpenRefunds", "OpenRefund"))],
    );
}
