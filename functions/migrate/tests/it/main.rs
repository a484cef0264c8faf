//! A deploy, requested by CloudFormation and by operators.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod stack;
mod vault;

use domain::Clock;
use jiff::SignedDuration;
use migrate::{Done, Migrator, Request};
use serde_json::json;
use store::Access;
use testkit::OwnServer;
use vault::Vault;

fn request(json: serde_json::Value) -> Request {
    serde_json::from_value(json).unwrap()
}

fn migrator(access: impl Into<Access>, vault: &Vault) -> Migrator {
    Migrator { access: access.into(), secrets: vault.shared(), clock: Clock::System }
}

async fn perform(migrator: &Migrator, json: serde_json::Value) -> Result<Done, String> {
    let until = migrator.clock.now() + SignedDuration::from_mins(1);
    migrator.handle(request(json), until).await.map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_first_deploy_makes_schema_keys_and_an_invitation_and_a_second_changes_nothing() {
    let server = OwnServer::start("deploy").await;
    let vault = Vault::empty();
    let migrator = migrator(server.managed_database().await, &vault);
    let Done::Status(before) = perform(&migrator, json!({ "command": "status" })).await.unwrap() else {
        panic!("no status")
    };
    assert!(before.applied.is_empty() && before.missing.len() >= 6, "{before:?}");

    let ask = json!({ "command": "migrate", "adminEmail": "owner@platform.test" });
    let Done::Deployed(first) = perform(&migrator, ask.clone()).await.unwrap() else {
        panic!("not deployed")
    };
    assert_eq!(first.applied, before.missing);
    assert_eq!(first.keys, ["jwt", "data-keys"]);
    assert!(first.is_admin_invited);
    let made = vault.all();

    let Done::Deployed(second) = perform(&migrator, ask).await.unwrap() else { panic!("not deployed") };
    assert!(second.applied.is_empty() && second.keys.is_empty(), "{second:?}");
    assert!(second.is_admin_invited, "a user without a password is sent another link");
    assert_eq!(vault.all(), made, "a key that is there is never replaced");
    let Done::Status(after) = perform(&migrator, json!({ "command": "status" })).await.unwrap() else {
        panic!("no status")
    };
    assert!(after.missing.is_empty() && after.applied == before.missing, "{after:?}");
}

#[tokio::test]
async fn of_two_deploys_at_once_one_makes_the_keys_and_the_other_finds_them() {
    let (db, vault) = (testkit::database().await, Vault::empty());
    let migrators = [migrator(db.url(), &vault), migrator(db.url(), &vault)];
    let deploy = async |migrator| match perform(migrator, json!({ "command": "migrate" })).await.unwrap() {
        Done::Deployed(deployed) => deployed.keys,
        other => panic!("not deployed: {other:?}"),
    };
    let (first, second) = tokio::join!(deploy(&migrators[0]), deploy(&migrators[1]));
    assert_eq!([first, second].concat(), ["jwt", "data-keys"]);
    assert_eq!(vault.writes(), ["jwt", "data-keys"], "a key that is there is never replaced");
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_stops_the_deploy_and_is_not_quoted() {
    let (db, vault) = (testkit::database().await, Vault::holding("s3cret, but no JSON"));
    let refused = perform(&migrator(db.url(), &vault), json!({ "command": "migrate" })).await.unwrap_err();
    assert!(refused.contains("jwt is not JSON") && !refused.contains("s3cret"), "{refused}");
}

/// The owner of the database is no superuser, and takes the role that sees every tenant.
#[tokio::test]
async fn operators_commands_are_carried_out_by_the_owner_and_what_is_wrong_with_one_is_named() {
    let server = OwnServer::start("operators").await;
    let vault = Vault::empty();
    let migrator = migrator(server.managed_database().await, &vault);
    let ask = json!({ "command": "migrate", "adminEmail": "owner@platform.test" });
    perform(&migrator, ask).await.unwrap();
    let answer = async |json| match perform(&migrator, json).await {
        Ok(Done::Operator(answer)) => Ok(serde_json::to_value(answer).unwrap()),
        Ok(other) => panic!("no answer: {other:?}"),
        Err(error) => Err(error),
    };
    assert_eq!(answer(json!({ "command": "audit", "atRest": true })).await.unwrap()["isClean"], true);
    let report = answer(json!({ "command": "tenant", "tenant": "platform" })).await.unwrap();
    assert_eq!((&report["state"], &report["users"]), (&json!("ACTIVE"), &json!(1)), "{report}");
    let pause = json!({ "command": "pause", "tenant": "platform", "by": "ada", "reason": "a test" });
    assert_eq!(answer(pause).await.unwrap()["isPaused"], true);
    let nobody = "0190163d-8694-739b-aea5-966c26f8ad91";
    let erase = json!({ "command": "erase", "tenant": "platform", "contact": nobody, "by": "ada", "reason": "a test" });
    assert!(answer(erase).await.unwrap_err().contains("no contact"));

    let wrong = serde_json::from_value::<Request>(json!({ "command": "pauze" })).unwrap_err().to_string();
    assert!(wrong.contains("pauze") && wrong.contains("pause"), "{wrong}");
    let wrong = json!({ "command": "pause", "tenant": "platform", "by": "ada" });
    let wrong = serde_json::from_value::<Request>(wrong).unwrap_err().to_string();
    assert!(wrong.contains("reason"), "{wrong}");
}
