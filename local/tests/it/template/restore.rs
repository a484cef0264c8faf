//! `local/tools/deploy/restore.sh` makes of a backup what the template makes: its calls, which a dry run prints.

use std::process::{Command, Output};

use serde_json::Value;

use super::Repository;
use super::query::strings;

/// The script without the variables of AWS.
fn script(arguments: &[&str]) -> Output {
    let mut script = Command::new("bash");
    script.arg(testkit::workspace().join("local/tools/deploy/restore.sh")).args(arguments);
    script.env_clear().env("PATH", "/usr/bin:/bin").output().unwrap()
}

/// The calls of a dry run, one in each line, as the shell would read them.
fn calls(command: &str, more: &[&str]) -> Vec<String> {
    let arguments = [&[command, "--stack", "tidings-prod", "--dry-run"], more].concat();
    let output = script(&arguments);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && errors.is_empty(), "{command}: {errors}");
    let calls = String::from_utf8(output.stdout).unwrap().replace('\\', "");
    calls.lines().map(str::to_owned).collect()
}

#[test]
fn a_restored_database_is_as_safe_as_the_one_of_the_template() {
    let [restore, wait] = &calls("restore", &["--time", "2026-12-31T10:00:00Z"])[..] else {
        panic!("more than a restore and a wait")
    };
    assert!(wait.starts_with("aws rds wait db-instance-available "), "{wait}");
    let repo = Repository::read();
    let database = &repo.resources()["Database"]["Properties"];
    for (property, option) in [
        ("DBInstanceClass", "--db-instance-class <DBInstanceClass>"),
        ("DBSubnetGroupName", "--db-subnet-group-name <DBSubnetGroup.DBSubnetGroupName>"),
        ("VPCSecurityGroups", "--vpc-security-group-ids <VpcSecurityGroups[].VpcSecurityGroupId>"),
        ("DBParameterGroupName", "--db-parameter-group-name <DBParameterGroups[0].DBParameterGroupName>"),
        ("MaxAllocatedStorage", "--max-allocated-storage <MaxAllocatedStorage>"),
        ("MultiAZ", "--multi-az"),
        ("DeletionProtection", "--deletion-protection"),
        ("EnableIAMDatabaseAuthentication", "--enable-iam-database-authentication"),
        ("AutoMinorVersionUpgrade", "--auto-minor-version-upgrade"),
        ("CopyTagsToSnapshot", "--copy-tags-to-snapshot"),
        ("PubliclyAccessible", "--no-publicly-accessible"),
    ] {
        assert_ne!(database[property], Value::Null, "{property} is no longer in the template");
        assert!(restore.contains(&format!(" {option} ")), "no {option} in {restore}");
    }
    assert!(restore.contains(" --tags <TagList"), "{restore}");
    assert!(restore.contains(" --restore-time 2026-12-31T10:00:00Z "), "{restore}");
}

#[test]
fn a_restored_database_takes_over_name_backups_windows_and_logs() {
    let calls = calls("swap", &[]);
    let [lost, _, taken, _] = &calls[..] else { panic!("{calls:?}") };
    assert!(
        lost.contains("--db-instance-identifier tidings-prod --new-db-instance-identifier tidings-prod-lost")
    );
    assert!(taken.contains(
        "--db-instance-identifier tidings-prod-restored --new-db-instance-identifier tidings-prod "
    ));
    for option in [
        "--manage-master-user-password",
        "--master-user-secret-kms-key-id",
        "--backup-retention-period",
        "--preferred-backup-window",
        "--preferred-maintenance-window",
        "--ca-certificate-identifier",
        "--apply-immediately",
    ] {
        assert!(taken.contains(&format!(" {option} ")), "no {option} in {taken}");
    }
    let repo = Repository::read();
    let exported = &repo.resources()["Database"]["Properties"]["EnableCloudwatchLogsExports"];
    let types = strings(exported).iter().map(|log| format!("\"{log}\"")).collect::<Vec<_>>().join(",");
    assert!(taken.contains(&format!(r#"{{"EnableLogTypes":[{types}]}}"#)), "{taken}");
}

#[test]
fn the_proxy_leaves_the_lost_database_and_takes_the_restored_one() {
    let calls = calls("proxy", &[]);
    let targets = "--db-proxy-name tidings-prod-db --db-instance-identifiers tidings-prod";
    let expected =
        ["deregister", "register"].map(|does| format!("aws rds {does}-db-proxy-targets {targets} "));
    assert_eq!(calls, expected);
}

#[test]
fn a_restore_without_a_stack_a_time_or_a_known_command_does_nothing_and_says_how() {
    for arguments in [
        &["restore", "--stack", "tidings-prod", "--dry-run"][..],
        &["restore", "--time", "2026-12-31T10:00:00Z", "--dry-run"],
        &["restore", "--stack"],
        &["drop", "--stack", "tidings-prod"],
        &[],
    ] {
        let output = script(arguments);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}");
        assert!(String::from_utf8(output.stderr).unwrap().contains("--dry-run"), "{arguments:?}");
    }
}
