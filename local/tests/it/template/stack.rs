//! What a deploy with some parameters makes of the template: conditions are decided and functions carried out, and things
//! have ARNs and names of the form that AWS gives them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Repository;

pub const REGION: &str = "eu-central-1";
pub const ACCOUNT: &str = "123456789012";

/// The template, deployed with these parameters and the defaults of the others.
pub struct Stack<'a> {
    repo: &'a Repository,
    parameters: BTreeMap<&'static str, &'static str>,
}

/// A value of the template as text; lists of parameters are texts too.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `{"Fn::Sub": …}`, for example.
fn function(members: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, argument) = members.iter().next().filter(|_| members.len() == 1)?;
    (name == "Ref" || name.starts_with("Fn::")).then_some((name.as_str(), argument))
}

impl<'a> Stack<'a> {
    pub fn new(repo: &'a Repository, parameters: &[(&'static str, &'static str)]) -> Self {
        Self { repo, parameters: parameters.iter().copied().collect() }
    }

    pub const fn repo(&self) -> &'a Repository {
        self.repo
    }

    /// The resources of a type that this deploy makes, with their properties.
    pub fn made(&self, kind: &str) -> Vec<(&'a str, &'a Value)> {
        let resources = self.repo.resources().iter().filter(|(_, resource)| resource["Type"] == kind);
        let made =
            resources.filter(|(_, resource)| resource["Condition"].as_str().is_none_or(|name| self.is(name)));
        made.map(|(id, resource)| (id.as_str(), &resource["Properties"])).collect()
    }

    /// Whether a condition of the template is met.
    pub fn is(&self, condition: &str) -> bool {
        self.holds(&self.repo.template["Conditions"][condition])
    }

    fn holds(&self, condition: &Value) -> bool {
        let (function, of) = condition.as_object().unwrap().iter().next().unwrap();
        let mut each = of.as_array().into_iter().flatten();
        match function.as_str() {
            "Condition" => self.is(of.as_str().unwrap()),
            "Fn::Not" => !self.holds(&of[0]),
            "Fn::And" => each.all(|part| self.holds(part)),
            "Fn::Or" => each.any(|part| self.holds(part)),
            "Fn::Equals" => self.value(&of[0]) == self.value(&of[1]),
            other => panic!("a condition with {other}"),
        }
    }

    /// A value with its functions carried out; what is `AWS::NoValue` is left out.
    pub fn value(&self, value: &Value) -> Value {
        match value {
            Value::Array(items) => {
                items.iter().map(|item| self.value(item)).filter(|item| !item.is_null()).collect()
            }
            Value::Object(members) => {
                if let Some((name, argument)) = function(members) {
                    return self.call(name, argument);
                }
                let members = members.iter().map(|(name, member)| (name.clone(), self.value(member)));
                members.filter(|(_, member)| !member.is_null()).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }

    /// A value that is text.
    pub fn text(&self, value: &Value) -> String {
        text(&self.value(value))
    }

    fn call(&self, function: &str, argument: &Value) -> Value {
        match function {
            "Ref" => self.reference(argument.as_str().unwrap()),
            "Fn::GetAtt" => {
                self.attribute(argument[0].as_str().unwrap(), argument[1].as_str().unwrap()).into()
            }
            "Fn::Sub" => self.substituted(argument).into(),
            "Fn::If" => self.value(&argument[if self.is(argument[0].as_str().unwrap()) { 1 } else { 2 }]),
            "Fn::FindInMap" => {
                let of = &self.repo.template["Mappings"][argument[0].as_str().unwrap()];
                of[self.text(&argument[1])][self.text(&argument[2])].clone()
            }
            "Fn::Join" => match self.value(&argument[1]) {
                Value::Array(parts) => {
                    parts.iter().map(text).collect::<Vec<_>>().join(argument[0].as_str().unwrap()).into()
                }
                whole => whole,
            },
            "Fn::Split" => self.text(&argument[1]).split(argument[0].as_str().unwrap()).collect(),
            "Fn::Select" => {
                let index = usize::try_from(argument[0].as_u64().unwrap()).unwrap();
                self.value(&argument[1])[index].clone()
            }
            other => panic!("a value with {other}"),
        }
    }

    fn reference(&self, name: &str) -> Value {
        if let Some(alias_of) = name.strip_suffix(".Alias") {
            return format!("{}:live", self.arn(alias_of)).into();
        }
        if let Some(parameter) = self.repo.template["Parameters"].get(name) {
            let given = self.parameters.get(name).map(|given| (*given).to_owned());
            return given.unwrap_or_else(|| text(&parameter["Default"])).into();
        }
        match name {
            "AWS::NoValue" => Value::Null,
            "AWS::Partition" => "aws".into(),
            "AWS::Region" => REGION.into(),
            "AWS::AccountId" => ACCOUNT.into(),
            "AWS::StackName" => "tidings".into(),
            id => match self.kind(id) {
                "AWS::SQS::Queue" => format!("https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{id}").into(),
                "AWS::SecretsManager::Secret" => self.arn(id).into(),
                _ => id.into(),
            },
        }
    }

    fn kind(&self, id: &str) -> &str {
        self.repo.resources().get(id).and_then(|resource| resource["Type"].as_str()).unwrap_or_default()
    }

    /// Attributes that are neither an ARN nor looked at are texts that nothing else has.
    fn attribute(&self, id: &str, attribute: &str) -> String {
        match attribute {
            "Arn" => self.arn(id),
            "MasterUserSecret.SecretArn" => {
                format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rds!{id}-AbCdEf")
            }
            "DBProxyArn" => format!("arn:aws:rds:{REGION}:{ACCOUNT}:db-proxy:prx-{id}"),
            other => format!("{id}.{other}"),
        }
    }

    fn substituted(&self, argument: &Value) -> String {
        let (pattern, own) =
            argument.as_array().map_or((argument, &Value::Null), |both| (&both[0], &both[1]));
        let mut parts = pattern.as_str().unwrap().split("${");
        let mut written = parts.next().unwrap().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').unwrap();
            let put = match (own.get(name), name.split_once('.')) {
                (Some(value), _) => self.text(value),
                (None, Some((id, attribute))) => self.attribute(id, attribute),
                (None, None) => text(&self.reference(name)),
            };
            written = written + &put + rest;
        }
        written
    }

    /// The ARN of a resource.
    pub fn arn(&self, id: &str) -> String {
        let (service, of) = match self.kind(id) {
            "AWS::SQS::Queue" => ("sqs", id.to_owned()),
            "AWS::SecretsManager::Secret" => ("secretsmanager", format!("secret:{id}-AbCdEf")),
            "AWS::KMS::Key" => ("kms", format!("key/{id}")),
            "AWS::Serverless::Function" => ("lambda", format!("function:{id}")),
            "AWS::Events::EventBus" => ("events", format!("event-bus/{id}")),
            "AWS::Events::Rule" => ("events", format!("rule/EventBus/{id}")),
            "AWS::Scheduler::ScheduleGroup" => ("scheduler", format!("schedule-group/{id}")),
            "AWS::IAM::Role" => return format!("arn:aws:iam::{ACCOUNT}:role/{id}"),
            other => panic!("the ARN of {id}, {other:?}"),
        };
        format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{of}")
    }
}
