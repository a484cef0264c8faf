//! What an account must allow before a deploy: the quotas that a new account may have too little of, asked for with the AWS
//! CLI in a minute instead of met after twenty.

use std::process::ExitCode;
use std::time::Duration;

use tidings::error::LocalError;
use tidings::say::say;
use tokio::process::Command;

use tidings::table;

const LIMIT: Duration = Duration::from_secs(20);

/// A quota of an account in a region.
struct Quota {
    name: &'static str,
    /// As AWS calls the service.
    service: &'static str,
    /// As AWS calls the quota.
    code: &'static str,
    /// What a stack in the small shape needs, and one in production.
    small: u32,
    production: u32,
    why: &'static str,
}

/// Of quotas that are counts, a stack needs this much beside what the account uses already.
const QUOTAS: [Quota; 9] = [
    Quota {
        name: "Lambda: concurrent executions",
        service: "lambda",
        code: "L-B99A9384",
        small: 50,
        production: 1_000,
        why: "a new account may have 10; ReservedConcurrency=yes needs 1,000 in both shapes",
    },
    Quota {
        name: "RDS: instances",
        service: "rds",
        code: "L-7B6409FD",
        small: 2,
        production: 2,
        why: "the database, and one beside it in a restore",
    },
    Quota {
        name: "RDS: proxies",
        service: "rds",
        code: "L-D94C7EA3",
        small: 0,
        production: 1,
        why: "in front of the database",
    },
    Quota { name: "VPCs", service: "vpc", code: "L-F678F1CE", small: 1, production: 1, why: "the network" },
    Quota {
        name: "Egress-only internet gateways",
        service: "vpc",
        code: "L-45FE3B85",
        small: 1,
        production: 1,
        why: "the way out by IPv6",
    },
    Quota {
        name: "NAT gateways in a zone",
        service: "vpc",
        code: "L-FE5A380F",
        small: 1,
        production: 1,
        why: "only with NatGateway",
    },
    Quota {
        name: "Elastic IP addresses",
        service: "ec2",
        code: "L-0263D0A3",
        small: 2,
        production: 2,
        why: "only with NatGateway, one in each zone",
    },
    Quota {
        name: "Secrets",
        service: "secretsmanager",
        code: "L-2F66C23C",
        small: 5,
        production: 5,
        why: "Meta, JWT, data keys, SMTP, database",
    },
    Quota {
        name: "API Gateway: requests a second",
        service: "apigateway",
        code: "L-8A5B8E43",
        small: 500,
        production: 3_200,
        why: "clients and Meta's webhooks together",
    },
];

impl Quota {
    /// What the account's limit is enough for.
    fn verdict(&self, limit: Option<f64>) -> &'static str {
        match limit {
            None => "not asked",
            Some(limit) if limit >= f64::from(self.production) => "enough",
            Some(limit) if limit >= f64::from(self.small) => "enough for small",
            Some(_) => "too little",
        }
    }
}

/// Shows what it would look at; with the AWS CLI and credentials it asks, and fails when something is too little for the
/// small shape.
pub(super) async fn check() -> Result<ExitCode, LocalError> {
    let is_in = aws(&["sts", "get-caller-identity", "--query", "Account"]).await.is_some();
    let mut limits = Vec::new();
    for quota in &QUOTAS {
        limits.push(if is_in { limit(quota).await } else { None });
    }
    say(shown(&limits));
    if !is_in {
        say("No account was asked: that needs the AWS CLI and credentials. Each line is this call:\n  \
             aws service-quotas get-service-quota --service-code SERVICE --quota-code CODE --query Quota.Value");
    }
    say("Zones, by their ids, for the parameters ZoneA and ZoneB (RDS Proxy is not in use1-az3):\n  \
         aws ec2 describe-availability-zones --query 'AvailabilityZones[].ZoneId' --output text");
    let is_short = QUOTAS.iter().zip(&limits).any(|(quota, limit)| quota.verdict(*limit) == "too little");
    Ok(if is_short { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Quotas that nobody changed are asked for as AWS's defaults.
async fn limit(quota: &Quota) -> Option<f64> {
    let mut found = None;
    for call in ["get-service-quota", "get-aws-default-service-quota"] {
        if found.is_none() {
            let codes = ["--service-code", quota.service, "--quota-code", quota.code];
            let arguments = [&["service-quotas", call], &codes[..], &["--query", "Quota.Value"]].concat();
            found = aws(&arguments).await.and_then(|answer| answer.trim().parse().ok());
        }
    }
    found
}

/// What the AWS CLI answers; nothing when it is not there, not allowed or late.
async fn aws(arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("aws");
    command.args(arguments).args(["--output", "text"]).kill_on_drop(true);
    let answered = tokio::time::timeout(LIMIT, command.output()).await.ok()?.ok()?;
    answered.status.success().then(|| String::from_utf8_lossy(&answered.stdout).into_owned())
}

fn shown(limits: &[Option<f64>]) -> String {
    let rows = QUOTAS.iter().zip(limits).map(|(quota, limit)| {
        vec![
            quota.name.to_owned(),
            quota.service.to_owned(),
            quota.code.to_owned(),
            quota.small.to_string(),
            quota.production.to_string(),
            limit.map_or_else(|| "?".to_owned(), |limit| limit.to_string()),
            quota.verdict(*limit).to_owned(),
            quota.why.to_owned(),
        ]
    });
    let header = ["quota", "service", "code", "small", "production", "yours", "verdict", "what for"];
    table::table(&header).add_rows(rows).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quota_is_asked_for_by_its_code_and_shown_without_an_account() {
        let shown = shown(&[None; QUOTAS.len()]);
        let mut codes: Vec<&str> = QUOTAS.iter().map(|quota| quota.code).collect();
        for code in &codes {
            let is_code = code.len() == 10 && code.starts_with("L-");
            assert!(is_code && shown.contains(code), "{code}");
        }
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), QUOTAS.len());
        assert_eq!(shown.matches("not asked").count(), QUOTAS.len());
    }

    #[test]
    fn a_limit_is_held_against_both_shapes() {
        let lambda = &QUOTAS[0];
        for (limit, verdict) in [
            (10.0, "too little"),
            (50.0, "enough for small"),
            (999.0, "enough for small"),
            (1_000.0, "enough"),
        ] {
            assert_eq!(lambda.verdict(Some(limit)), verdict, "{limit}");
        }
        assert_eq!(lambda.verdict(None), "not asked");
    }
}
