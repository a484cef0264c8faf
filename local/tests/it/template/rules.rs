//! The template's rules, carried out as CloudFormation carries them out before it creates anything.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::query::strings;
use super::{Repository, holds};

/// What only the operator knows; samconfig.toml leaves it open.
const OF_THE_OPERATOR: [(&str, &str); 4] = [
    ("AdminEmail", "owner@tidings.test"),
    ("AlarmEmail", "alarms@tidings.test"),
    ("SmtpHost", "smtp.tidings.test"),
    ("MailFrom", "Tidings <noreply@tidings.test>"),
];
/// Names that nobody owns.
const PLACEHOLDERS: [&str; 2] = [".example", ".invalid"];

type Given = BTreeMap<String, String>;

/// The parameters of an environment of samconfig.toml.
fn given(repo: &Repository, environment: &str) -> Given {
    let overrides = strings(&repo.samconfig[environment]["deploy"]["parameters"]["parameter_overrides"]);
    let pairs = overrides.into_iter().filter_map(|given| given.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// A value as CloudFormation compares it: a literal, or a parameter's.
fn text(repo: &Repository, given: &Given, value: &Value) -> String {
    let Some(name) = value["Ref"].as_str() else {
        return value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    };
    let default = &repo.template["Parameters"][name]["Default"];
    let default = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
    given.get(name).cloned().unwrap_or(default)
}

fn is_true(repo: &Repository, given: &Given, condition: &Value) -> bool {
    let (function, argument) = condition.as_object().unwrap().iter().next().unwrap();
    match function.as_str() {
        "Fn::Not" => !is_true(repo, given, &argument[0]),
        "Fn::Equals" | "Fn::EachMemberEquals" => {
            text(repo, given, &argument[0]) == text(repo, given, &argument[1])
        }
        other => panic!("a rule with {other}"),
    }
}

/// The assertions that refuse these parameters.
fn refused(repo: &Repository, given: &Given) -> Vec<String> {
    let rules = repo.template["Rules"].as_object().unwrap().values();
    let asked = rules.filter(|rule| is_true(repo, given, &rule["RuleCondition"]));
    let asserted = asked.flat_map(|rule| rule["Assertions"].as_array().unwrap());
    let refused = asserted.filter(|assertion| !is_true(repo, given, &assertion["Assert"]));
    refused.map(|assertion| assertion["AssertDescription"].as_str().unwrap().to_owned()).collect()
}

/// Dev and staging are deployed as they are written; prod needs what only its operator knows, and nothing else.
fn environments_are_accepted(repo: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    for environment in ["default", "staging", "prod"] {
        let mut given = given(repo, environment);
        if environment == "prod" {
            given.extend(OF_THE_OPERATOR.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        complaints.extend(refused(repo, &given).iter().map(|why| format!("{environment}: {why}")));
        for (name, value) in &given {
            let allowed = repo.template["Parameters"][name]["AllowedValues"].as_array();
            if allowed.is_some_and(|allowed| !allowed.iter().any(|allowed| allowed == value)) {
                complaints.push(format!("{environment}: {name}={value} is not allowed"));
            }
            if PLACEHOLDERS.iter().any(|end| value.trim_end_matches('>').ends_with(end)) {
                complaints.push(format!("{environment}: {name}={value} is nobody's"));
            }
        }
    }
    complaints
}

/// What the runbook forbids in a new account is not written down for one.
fn a_new_account_can_have_it(repo: &Repository) -> Vec<String> {
    let names = ["default", "staging", "prod"].map(|environment| (environment, given(repo, environment)));
    let reserves = names.iter().filter(|(_, given)| given.contains_key("ReservedConcurrency"));
    reserves.map(|(name, _)| format!("{name}: reserves concurrency that a new account has not")).collect()
}

/// Each of them is missed by name.
fn prod_waits_for_its_operator(repo: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    for (left_out, _) in OF_THE_OPERATOR {
        let others = OF_THE_OPERATOR.iter().filter(|(name, _)| *name != left_out);
        let others = others.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let refused = refused(repo, &given(repo, "prod").into_iter().chain(others).collect());
        if !refused.iter().any(|why| why.contains(left_out)) {
            complaints.push(format!("{left_out}: prod goes without it"));
        }
        let pattern = repo.template["Parameters"][left_out]["AllowedPattern"].as_str().unwrap_or_default();
        if !pattern.contains(r"(?!.*\.(example|invalid)") {
            complaints.push(format!("{left_out}: takes a name that nobody owns"));
        }
    }
    complaints
}

#[test]
fn every_environment_sets_only_what_the_rules_accept() {
    holds(
        environments_are_accepted,
        &[
            ("staging: Shape=large is not allowed", |repo| {
                repo.samconfig["staging"]["deploy"]["parameters"]["parameter_overrides"][1] =
                    json!("Shape=large");
            }),
            ("prod: A DomainName needs its CertificateArn", |repo| {
                repo.samconfig["prod"]["deploy"]["parameters"]["parameter_overrides"][1] =
                    json!("DomainName=api.tidings.test");
            }),
            ("staging: A ZoneA needs its ZoneB", |repo| {
                repo.samconfig["staging"]["deploy"]["parameters"]["parameter_overrides"][1] =
                    json!("ZoneA=use1-az1");
            }),
            ("default: AdminEmail=owner@platform.example is nobody's", |repo| {
                repo.samconfig["default"]["deploy"]["parameters"]["parameter_overrides"][2] =
                    json!("AdminEmail=owner@platform.example");
            }),
        ],
    );
}

#[test]
fn no_environment_asks_for_what_a_new_account_has_not() {
    holds(
        a_new_account_can_have_it,
        &[("prod: reserves", |repo| {
            repo.samconfig["prod"]["deploy"]["parameters"]["parameter_overrides"][2] =
                json!("ReservedConcurrency=yes");
        })],
    );
}

#[test]
fn prod_is_refused_until_its_people_can_be_reached() {
    holds(
        prod_waits_for_its_operator,
        &[
            ("SmtpHost: prod goes without it", |repo| {
                repo.template["Parameters"]["SmtpHost"]["Default"] = json!("smtp.tidings.local");
            }),
            ("AlarmEmail: takes a name", |repo| {
                repo.template["Parameters"]["AlarmEmail"]["AllowedPattern"] = Value::Null;
            }),
        ],
    );
}

#[test]
fn behind_cloudfront_the_domain_name_does_not_lead_to_the_api() {
    let repo = Repository::read();
    let refused = |more: &[(&str, &str)]| {
        let mut given = given(&repo, "default");
        given.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        refused(&repo, &given).len()
    };
    let (hash, name) = (("CloudFrontSecretHash", "0"), ("DomainName", "api.tidings.test"));
    let certificate = ("CertificateArn", "arn");
    assert_eq!(refused(&[hash, name, certificate]), 0);
    assert_eq!(refused(&[hash]), 1);
    assert_eq!(refused(&[hash, name, certificate, ("HostedZoneId", "Z1")]), 1);
    assert_eq!(refused(&[name, certificate, ("HostedZoneId", "Z1")]), 0);
}
