#!/usr/bin/env bash
# Restores the database of a stack to an earlier second; docs/operations.md says when, and what comes before and after.
#
#   restore.sh restore --stack STACK --time 2026-12-31T10:00:00Z [--dry-run]
#       makes STACK-restored beside the old instance and sets it up alike. AWS would make it in one zone, without protection,
#       without a limit for its storage, and with the default parameters.
#   restore.sh swap --stack STACK [--dry-run]
#       the old instance becomes STACK-lost, and the restored one takes its name, its backups, its windows and its logs.
#   restore.sh proxy --stack STACK [--dry-run]
#       with Shape=production: the proxy connects to the instance that has the name now.
#
# With --dry-run it prints the calls that it would make, with <what it would ask AWS for> in them, and makes none.
set -euo pipefail

usage() {
    sed -n '4,11s/^#  \{0,1\}//p' "$0" >&2
    exit 2
}

command=${1:-}
[ $# -gt 0 ] && shift
stack='' time='' is_dry=''
while [ $# -gt 0 ]; do
    case $1 in
        --stack) stack=${2:-}; shift 2 || usage ;;
        --time) time=${2:-}; shift 2 || usage ;;
        --dry-run) is_dry=yes; shift ;;
        *) usage ;;
    esac
done
[ -n "$stack" ] || usage
# RDS turns names into lower case.
instance=$(printf '%s' "$stack" | tr '[:upper:]' '[:lower:]')

# Makes a call, or prints it.
run() {
    if [ -n "$is_dry" ]; then
        printf '%q ' "$@"
        printf '\n'
    else
        "$@"
    fi
}

# ask INSTANCE QUERY: something that RDS knows about an instance.
ask() {
    if [ -n "$is_dry" ]; then
        printf '<%s>' "$2"
    else
        aws rds describe-db-instances --db-instance-identifier "$1" --query "DBInstances[0].$2" --output text
    fi
}

# available INSTANCE: waits until it has this name, and then until it can be used.
available() {
    if [ -z "$is_dry" ]; then
        until aws rds describe-db-instances --db-instance-identifier "$1" > /dev/null 2>&1; do sleep 10; done
    fi
    run aws rds wait db-instance-available --db-instance-identifier "$1"
}

# yes_or_no INSTANCE QUERY OPTION: the option, or its opposite.
yes_or_no() {
    if [ "$(ask "$1" "$2")" = False ]; then printf -- '--no-%s' "$3"; else printf -- '--%s' "$3"; fi
}

restore() {
    [ -n "$time" ] || usage
    # Without an answer nothing below would be true.
    ask "$instance" DBInstanceStatus > /dev/null
    local options groups tags
    IFS=$'\t' read -r -a groups <<< "$(ask "$instance" 'VpcSecurityGroups[].VpcSecurityGroupId')"
    # Tags of CloudFormation's own cannot be given.
    IFS=$'\t' read -r -a tags <<< "$(ask "$instance" "TagList[?!starts_with(Key,'aws:')].join('',['Key=',Key,',Value=',Value])")"
    options=(
        --db-instance-class "$(ask "$instance" DBInstanceClass)"
        --db-subnet-group-name "$(ask "$instance" DBSubnetGroup.DBSubnetGroupName)"
        --vpc-security-group-ids "${groups[@]}"
        --db-parameter-group-name "$(ask "$instance" 'DBParameterGroups[0].DBParameterGroupName')"
        --max-allocated-storage "$(ask "$instance" MaxAllocatedStorage)"
        "$(yes_or_no "$instance" MultiAZ multi-az)"
        "$(yes_or_no "$instance" DeletionProtection deletion-protection)"
        --enable-iam-database-authentication
        --auto-minor-version-upgrade
        --copy-tags-to-snapshot
        --no-publicly-accessible
    )
    if [ -n "${tags[*]:-}" ]; then options+=(--tags "${tags[@]}"); fi
    run aws rds restore-db-instance-to-point-in-time --source-db-instance-identifier "$instance" \
        --target-db-instance-identifier "$instance-restored" --restore-time "$time" "${options[@]}"
    available "$instance-restored"
}

swap() {
    ask "$instance-restored" DBInstanceStatus > /dev/null
    run aws rds modify-db-instance --db-instance-identifier "$instance" \
        --new-db-instance-identifier "$instance-lost" --apply-immediately
    available "$instance-lost"
    # Only now: under its earlier name RDS would write to log groups that never expire.
    local options
    options=(
        --manage-master-user-password
        --master-user-secret-kms-key-id "$(ask "$instance-lost" MasterUserSecret.KmsKeyId)"
        --backup-retention-period "$(ask "$instance-lost" BackupRetentionPeriod)"
        --preferred-backup-window "$(ask "$instance-lost" PreferredBackupWindow)"
        --preferred-maintenance-window "$(ask "$instance-lost" PreferredMaintenanceWindow)"
        --ca-certificate-identifier "$(ask "$instance-lost" CACertificateIdentifier)"
        --cloudwatch-logs-export-configuration '{"EnableLogTypes":["postgresql","upgrade","iam-db-auth-error"]}'
    )
    run aws rds modify-db-instance --db-instance-identifier "$instance-restored" \
        --new-db-instance-identifier "$instance" "${options[@]}" --apply-immediately
    available "$instance"
}

proxy() {
    run aws rds deregister-db-proxy-targets --db-proxy-name "$stack-db" --db-instance-identifiers "$instance"
    run aws rds register-db-proxy-targets --db-proxy-name "$stack-db" --db-instance-identifiers "$instance"
}

case $command in
    restore | swap | proxy) "$command" ;;
    *) usage ;;
esac
