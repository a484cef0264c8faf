//! The root and its nested stacks: what each takes and gives, in which order, and what a release cannot touch.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::query::strings;
use super::{Repository, STACK, holds};

/// A file with more is no longer read as a whole.
const LINES_MAX: usize = 700;
/// The one that outlives every release.
pub const PLATFORM: &str = "PlatformStack";
/// Each uses what those before it give.
const ORDER: [&str; 6] = [PLATFORM, "QueuesStack", "SchemaStack", "ApiStack", "WorkersStack", "WatchStack"];
fn files_are_short(repo: &Repository) -> Vec<String> {
    let long = repo.lines.iter().filter(|(_, lines)| **lines >= LINES_MAX);
    long.map(|(file, lines)| format!("{file}: {lines} lines, of which {LINES_MAX} are too many")).collect()
}

/// What the root passes to a stack.
fn given<'a>(repo: &'a Repository, stack: &str) -> &'a Value {
    &repo.root["Resources"][stack]["Properties"]["Parameters"]
}

fn names(object: &Value) -> BTreeSet<&str> {
    object.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

/// A stack takes each parameter from the root, and none that it does not declare.
fn parameters_are_passed(repo: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, stack) in &repo.stacks {
        let (passed, declared) = (names(given(repo, name)), names(&stack.template["Parameters"]));
        complaints.extend(declared.difference(&passed).map(|lost| format!("{name}: {lost} is not passed")));
        complaints.extend(passed.difference(&declared).map(|lost| format!("{name}: it takes no {lost}")));
        for (parameter, declaration) in stack.template["Parameters"].as_object().into_iter().flatten() {
            if !declaration["Default"].is_null() {
                complaints.push(format!("{name}: {parameter} has a value that only the root decides"));
            }
        }
    }
    complaints
}

/// An output that is used: of which stack, and under which conditions.
struct Use<'a> {
    stack: &'a str,
    output: &'a str,
    conditions: Vec<&'a str>,
}

/// Every use of an output below a value.
fn uses<'a>(value: &'a Value, conditions: &[&'a str], found: &mut Vec<Use<'a>>) {
    if let Some([of, attribute]) = value["Fn::GetAtt"].as_array().map(Vec::as_slice)
        && let (Some(stack), Some(output)) =
            (of.as_str(), attribute.as_str().and_then(|name| name.strip_prefix("Outputs.")))
    {
        found.push(Use { stack, output, conditions: conditions.to_vec() });
    }
    if let Some([condition, then, otherwise]) = value["Fn::If"].as_array().map(Vec::as_slice) {
        let more = [conditions, &[condition.as_str().unwrap_or_default()]].concat();
        uses(then, &more, found);
        return uses(otherwise, conditions, found);
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| uses(item, conditions, found)),
        Value::Object(members) => {
            let own = value["Condition"].as_str();
            let conditions = [conditions, own.as_slice()].concat();
            for (name, member) in members {
                match member {
                    Value::String(text) if name == "Fn::Sub" => of_text(text, &conditions, found),
                    _ => uses(member, &conditions, found),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `${Stack.Outputs.Name}`.
fn of_text<'a>(text: &'a str, conditions: &[&'a str], found: &mut Vec<Use<'a>>) {
    let places = text.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(place, _)| place);
    let outputs = places.filter_map(|place| place.split_once(".Outputs."));
    found.extend(outputs.map(|(stack, output)| Use { stack, output, conditions: conditions.to_vec() }));
}

fn of_root(repo: &Repository) -> Vec<Use<'_>> {
    let mut found = Vec::new();
    uses(&repo.root["Resources"], &[], &mut found);
    uses(&repo.root["Outputs"], &[], &mut found);
    found
}

/// What the root uses is given, and is there whenever it is used; and nothing is given for nobody.
fn outputs_are_given_and_used(repo: &Repository) -> Vec<String> {
    let (mut complaints, mut used) = (Vec::new(), BTreeSet::new());
    for Use { stack, output, conditions } in of_root(repo) {
        used.insert((stack, output));
        let given = repo.stacks.get(stack).and_then(|found| found.template["Outputs"].get(output));
        match given {
            None => complaints.push(format!("{stack}: gives no {output}")),
            Some(given) => {
                if given["Condition"].as_str().is_some_and(|condition| !conditions.contains(&condition)) {
                    complaints.push(format!("{stack}: {output} is not always there when it is used"));
                }
            }
        }
    }
    for (name, stack) in &repo.stacks {
        let unused = names(&stack.template["Outputs"])
            .into_iter()
            .filter(|output| !used.contains(&(name.as_str(), *output)));
        complaints.extend(unused.map(|output| format!("{name}: nobody uses {output}")));
    }
    complaints
}

/// The stacks whose outputs a stack takes, or which it waits for.
pub fn before(repo: &Repository, stack: &str) -> BTreeSet<String> {
    let resource = &repo.root["Resources"][stack];
    let mut found = Vec::new();
    uses(&resource["Properties"], &[], &mut found);
    let taken = found.into_iter().map(|of| of.stack.to_owned());
    taken.chain(strings(&resource["DependsOn"]).into_iter().map(str::to_owned)).collect()
}

/// The stack that a resource is in.
pub fn stack_of<'a>(repo: &'a Repository, resource: &str) -> Option<&'a str> {
    let mut stacks = repo.stacks.iter();
    stacks.find(|(_, stack)| !stack.template["Resources"][resource].is_null()).map(|(name, _)| name.as_str())
}

fn stacks_are_in_order(repo: &Repository) -> Vec<String> {
    let place = |name: &str| ORDER.iter().position(|known| *known == name);
    let mut complaints = Vec::new();
    for (name, stack) in &repo.stacks {
        let Some(own) = place(name) else {
            complaints.push(format!("{name}: {} has no place in the order", stack.file));
            continue;
        };
        let later =
            before(repo, name).into_iter().filter(|other| place(other).is_none_or(|place| place >= own));
        complaints.extend(later.map(|other| format!("{name}: needs {other}, which comes after it")));
    }
    complaints
}

/// A name is of one resource, so that the runbook finds it without its stack.
fn names_are_of_one_resource(repo: &Repository) -> Vec<String> {
    let mut stacks = BTreeMap::<&str, &str>::new();
    let mut complaints = Vec::new();
    for (name, stack) in &repo.stacks {
        for id in names(&stack.template["Resources"]) {
            if let Some(other) = stacks.insert(id, name) {
                complaints.push(format!("{id}: in {other} and in {name}"));
            }
        }
    }
    complaints
}

/// What all functions have is in each file with functions, and only the schema has no canary.
fn globals_are_the_same(repo: &Repository) -> Vec<String> {
    let all = |name: &str| &repo.stacks[name].template["Globals"]["Function"];
    let (mut complaints, of_api) = (Vec::new(), all("ApiStack"));
    for name in ["SchemaStack", "WorkersStack"] {
        let mut wanted = of_api.clone();
        if name == "SchemaStack" {
            wanted.as_object_mut().unwrap().remove("DeploymentPreference");
        }
        if *all(name) != wanted {
            complaints.push(format!("{name}: its functions have not what those of ApiStack have"));
        }
    }
    complaints
}

/// The root decides and passes on; what is made is in the stacks.
fn root_makes_nothing(repo: &Repository) -> Vec<String> {
    let resources = repo.root["Resources"].as_object().unwrap().iter();
    let made = resources.filter(|(_, resource)| resource["Type"] != STACK);
    made.map(|(id, _)| format!("{id}: made by the root, and by none of its stacks")).collect()
}

/// CloudFormation expands what SAM has to only in a stack that may.
fn stacks_may_be_expanded(repo: &Repository) -> Vec<String> {
    let expands = repo.stacks.values().any(|stack| !stack.template["Transform"].is_null());
    let environments = repo.samconfig.as_object().unwrap().iter().filter(|(_, tables)| tables.is_object());
    let refused = environments.filter(|(_, tables)| {
        let allowed = tables["deploy"]["parameters"]["capabilities"].as_str().unwrap_or_default();
        expands && !allowed.split(' ').any(|capability| capability == "CAPABILITY_AUTO_EXPAND")
    });
    refused.map(|(name, _)| format!("{name}: CloudFormation would refuse the nested stacks")).collect()
}

pub fn parameters<'a>(repo: &'a mut Repository, stack: &str) -> &'a mut Value {
    &mut repo.root["Resources"][stack]["Properties"]["Parameters"]
}

pub fn part<'a>(repo: &'a mut Repository, stack: &str, part: &str) -> &'a mut Value {
    &mut repo.stacks.get_mut(stack).unwrap().template[part]
}

#[test]
fn every_file_can_be_read_as_a_whole() {
    holds(
        files_are_short,
        &[("stacks/api.yaml: 700 lines", |repo| {
            repo.lines.insert("stacks/api.yaml".to_owned(), 700);
        })],
    );
}

#[test]
fn every_stack_is_passed_the_parameters_that_it_takes_and_no_other() {
    holds(
        parameters_are_passed,
        &[
            ("QueuesStack: KeyArn is not passed", |repo| {
                parameters(repo, "QueuesStack").as_object_mut().unwrap().remove("KeyArn");
            }),
            ("QueuesStack: it takes no Shape", |repo| {
                parameters(repo, "QueuesStack")["Shape"] = json!("small");
            }),
            ("ApiStack: Canary has a value", |repo| {
                part(repo, "ApiStack", "Parameters")["Canary"]["Default"] = json!("false");
            }),
        ],
    );
}

#[test]
fn every_output_that_is_used_is_given_when_it_is_used_and_every_other_is_gone() {
    holds(
        outputs_are_given_and_used,
        &[
            ("PlatformStack: gives no KeyArn", |repo| {
                part(repo, PLATFORM, "Outputs").as_object_mut().unwrap().remove("KeyArn");
            }),
            ("ApiStack: gives no Url", |repo| {
                repo.root["Outputs"]["WebhookUrl"]["Value"] =
                    json!({ "Fn::Sub": "${ApiStack.Outputs.Url}/x" });
            }),
            ("PlatformStack: SubnetIds is not always there", |repo| {
                parameters(repo, "ApiStack")["SubnetIds"] =
                    json!({ "Fn::GetAtt": [PLATFORM, "Outputs.SubnetIds"] });
            }),
            ("PlatformStack: DatabaseProxy is not always there", |repo| {
                parameters(repo, "WatchStack")["DatabaseProxy"]["Fn::If"][0] = json!("MakesDatabase");
            }),
            ("WatchStack: nobody uses Topic", |repo| {
                part(repo, "WatchStack", "Outputs")["Topic"] = json!({ "Value": "x" });
            }),
        ],
    );
}

#[test]
fn every_stack_uses_only_what_those_before_it_give() {
    holds(
        stacks_are_in_order,
        &[
            ("QueuesStack: needs ApiStack", |repo| {
                parameters(repo, "QueuesStack")["KeyArn"] =
                    json!({ "Fn::GetAtt": ["ApiStack", "Outputs.ApiId"] });
            }),
            ("ApiStack: needs WorkersStack", |repo| {
                repo.root["Resources"]["ApiStack"]["DependsOn"] = json!(["SchemaStack", "WorkersStack"]);
            }),
            ("ReportsStack: stacks/reports.yaml has no place", |repo| {
                let template = json!({});
                let stack = super::Stack { file: "stacks/reports.yaml".to_owned(), template };
                repo.stacks.insert("ReportsStack".to_owned(), stack);
            }),
        ],
    );
}

#[test]
fn every_resource_is_found_by_its_name_alone() {
    holds(
        names_are_of_one_resource,
        &[("AlarmTopic: in QueuesStack and in WatchStack", |repo| {
            part(repo, "WatchStack", "Resources")["AlarmTopic"] = json!({ "Type": "AWS::SNS::Topic" });
        })],
    );
}

#[test]
fn all_functions_have_the_same_globals_in_each_file() {
    holds(
        globals_are_the_same,
        &[
            ("WorkersStack: its functions", |repo| {
                part(repo, "WorkersStack", "Globals")["Function"]["LoggingConfig"]["LogFormat"] =
                    json!("Text");
            }),
            ("SchemaStack: its functions", |repo| {
                part(repo, "SchemaStack", "Globals")["Function"]["VpcConfig"] = Value::Null;
            }),
        ],
    );
}

#[test]
fn every_environment_lets_cloudformation_expand_the_nested_stacks() {
    holds(
        stacks_may_be_expanded,
        &[("staging: CloudFormation would refuse", |repo| {
            repo.samconfig["staging"]["deploy"]["parameters"]["capabilities"] = json!("CAPABILITY_IAM");
        })],
    );
}

#[test]
fn the_root_makes_nothing_itself() {
    holds(
        root_makes_nothing,
        &[("Reports: made by the root", |repo| {
            repo.root["Resources"]["Reports"] = json!({ "Type": "AWS::SQS::Queue" });
        })],
    );
}
