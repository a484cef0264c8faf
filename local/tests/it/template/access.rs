//! Whether AWS would let a caller make a call, by the policies of the template: those of the caller's role, and those of the
//! queue or the key that is called for. <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use std::fmt;

use iam_rs::{
    Arn, Context, ContextValue, Decision, IAMPolicy, IAMRequest, PolicyEvaluator, Principal, PrincipalId,
};
use serde_json::{Value, json};

use super::stack::{ACCOUNT, Stack};

/// One call: an action on a resource, and what AWS knows beside that.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    pub action: &'static str,
    pub resource: String,
    pub context: Vec<(&'static str, String)>,
}

impl Call {
    pub fn new(action: &'static str, resource: impl Into<String>) -> Self {
        Self { action, resource: resource.into(), context: Vec::new() }
    }

    /// The same with one thing more that AWS knows.
    pub fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.context.push((key, value.into()));
        self
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.action, self.resource)?;
        self.context.iter().try_for_each(|(key, value)| write!(f, ", {key} {value}"))
    }
}

/// A role, or a service of AWS, that makes a call.
#[derive(Clone, Copy)]
pub enum Caller<'a> {
    /// A function, with the role that SAM makes for it.
    Function(&'a str),
    /// A service with a role of the template.
    Role(&'a str),
    /// A service in its own name.
    Service(&'static str),
}

impl Caller<'_> {
    fn principal(&self) -> Principal {
        match self {
            Self::Function(id) | Self::Role(id) => {
                Principal::Aws(PrincipalId::String(format!("arn:aws:iam::{ACCOUNT}:role/{id}")))
            }
            Self::Service(name) => Principal::Service(PrincipalId::String((*name).to_owned())),
        }
    }

    /// The policies of its role.
    fn policies(&self, stack: &Stack<'_>) -> Vec<Value> {
        let resources = stack.repo().resources();
        match self {
            Self::Function(id) => {
                let properties = &resources[*id]["Properties"];
                let of_function = stack.value(&properties["Policies"]);
                let policies = of_function.as_array().cloned().unwrap_or_default().into_iter();
                policies.map(|policy| managed(stack, policy)).chain(by_sam(stack, properties)).collect()
            }
            Self::Role(id) => {
                let policies = stack.value(&resources[*id]["Properties"]["Policies"]);
                policies
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|policy| policy["PolicyDocument"].clone())
                    .collect()
            }
            Self::Service(_) => Vec::new(),
        }
    }
}

/// A policy of the function itself, or the managed one that it names.
fn managed(stack: &Stack<'_>, policy: Value) -> Value {
    let Some(id) = policy.as_str() else { return policy };
    stack.value(&stack.repo().resources()[id]["Properties"]["PolicyDocument"])
}

/// SAM adds the permission to put a failed invocation on the queue that the function names for it.
fn by_sam(stack: &Stack<'_>, properties: &Value) -> Option<Value> {
    let failed = &properties["EventInvokeConfig"]["DestinationConfig"]["OnFailure"];
    let queue = failed.get("Destination").filter(|_| failed["Type"] == "SQS")?;
    let statement = json!({ "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": stack.value(queue) });
    Some(json!({ "Version": "2012-10-17", "Statement": [statement] }))
}

/// The policies of a queue or a key.
fn of_resource(stack: &Stack<'_>, arn: &str) -> Vec<Value> {
    let queues = stack.made("AWS::SQS::QueuePolicy").into_iter().filter(|(_, policy)| {
        let of = stack.value(&policy["Queues"]);
        of.as_array().unwrap().iter().any(|url| queue_arn(url.as_str().unwrap()) == arn)
    });
    let keys = stack.made("AWS::KMS::Key").into_iter().filter(|(id, _)| stack.arn(id) == arn);
    let documents =
        queues.map(|(_, policy)| &policy["PolicyDocument"]).chain(keys.map(|(_, key)| &key["KeyPolicy"]));
    documents.map(|document| stack.value(document)).collect()
}

/// `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME` is the address of `arn:aws:sqs:REGION:ACCOUNT:NAME`.
pub fn queue_arn(url: &str) -> String {
    let parts: Vec<&str> = url.split(['/', '.']).collect();
    format!("arn:aws:sqs:{}:{}:{}", parts[3], parts[6], parts[7])
}

fn decision(policies: &[Value], principal: Principal, call: &Call) -> Decision {
    let policies = policies.iter().map(|policy| serde_json::from_value::<IAMPolicy>(policy.clone()).unwrap());
    let mut context = Context::new();
    context.insert("aws:SecureTransport".to_owned(), ContextValue::Boolean(true));
    for (key, value) in &call.context {
        let value = value.parse().map_or_else(|_| ContextValue::String(value.clone()), ContextValue::Boolean);
        context.insert((*key).to_owned(), value);
    }
    let arn = Arn::parse(&call.resource).unwrap();
    let request = IAMRequest::new_with_context(principal, call.action, arn, context);
    PolicyEvaluator::with_policies(policies.collect()).evaluate(&request).unwrap().decision
}

/// The policies that decide about calls of one caller, read once.
pub struct Access<'a> {
    stack: &'a Stack<'a>,
    caller: Caller<'a>,
    policies: Vec<Value>,
}

impl<'a> Access<'a> {
    pub fn of(stack: &'a Stack<'a>, caller: Caller<'a>) -> Self {
        let policies = caller.policies(stack);
        Self { stack, caller, policies }
    }

    /// What its role's policies grant, as statements of one action on one resource each.
    pub fn granted(&self) -> Vec<Value> {
        let each = |value: &Value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
        let statements = self.policies.iter().flat_map(|policy| each(&policy["Statement"]));
        let single = statements.flat_map(|statement| {
            let pairs: Vec<(Value, Value)> = each(&statement["Action"])
                .into_iter()
                .flat_map(|action| {
                    each(&statement["Resource"]).into_iter().map(move |on| (action.clone(), on))
                })
                .collect();
            pairs.into_iter().map(move |(action, resource)| {
                let mut one = statement.clone();
                (one["Action"], one["Resource"]) = (action, resource);
                one
            })
        });
        single.collect()
    }

    /// The same caller with other statements.
    pub fn with(&self, statements: &[Value]) -> Self {
        let policies = vec![json!({ "Version": "2012-10-17", "Statement": statements })];
        Self { stack: self.stack, caller: self.caller, policies }
    }

    /// Only a service in its own name calls on behalf of something.
    pub fn could_make(&self, call: &Call) -> bool {
        let is_for_another = call.context.iter().any(|(key, _)| *key == "aws:SourceArn");
        matches!(self.caller, Caller::Service(_)) || !is_for_another
    }

    /// A refusal wins. Within one account a role's policy or the resource's is enough, except that a key's policy must first
    /// leave it to the account's roles.
    pub fn is_allowed(&self, call: &Call) -> bool {
        let by_resource = of_resource(self.stack, &call.resource);
        let of_role = decision(&self.policies, self.caller.principal(), call);
        let of_resource = decision(&by_resource, self.caller.principal(), call);
        if of_role == Decision::Deny || of_resource == Decision::Deny {
            return false;
        }
        let is_left_to_roles = || {
            let account = Principal::Aws(PrincipalId::String(format!("arn:aws:iam::{ACCOUNT}:root")));
            !call.action.starts_with("kms:") || decision(&by_resource, account, call) == Decision::Allow
        };
        of_resource == Decision::Allow || (of_role == Decision::Allow && is_left_to_roles())
    }
}
