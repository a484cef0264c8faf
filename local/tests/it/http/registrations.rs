//! The same registration many times at once.

use futures_util::future::join_all;
use serde_json::json;

use super::raw::Door;
use crate::world::{PASSWORD, World};

#[tokio::test]
async fn of_twenty_equal_registrations_one_becomes_a_tenant_and_the_rest_leave_nothing() {
    let world = World::start().await;
    let door = Door::of(&world);
    let before = world.db.contents().await;
    let registration = json!({
        "tenantName": "Twin", "slug": "twin", "adminEmail": "twin@tenant.test", "adminPassword": PASSWORD,
        "adminName": "Ann",
    });
    let answers =
        join_all((0..20).map(|_| door.post("/auth/register-tenant").json(&registration).send())).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    let refused = answers.iter().filter(|answer| answer.problem() == Some("conflict")).count();
    assert_eq!((made, refused), (1, 19));
    let after = world.db.contents().await;
    for table in ["tenants", "users", "wallets", "whatsapp_accounts", "phone_numbers"] {
        assert_eq!(after[table].0, before[table].0 + 1, "{table}");
    }
}

#[tokio::test]
async fn a_slug_or_an_e_mail_alone_is_taken_too() {
    let world = World::start().await;
    let door = Door::of(&world);
    for (slug, email, status) in [
        ("twin", "twin@tenant.test", 201),
        ("twin", "else@tenant.test", 409),
        ("else", "twin@tenant.test", 409),
        ("else", "TWIN@tenant.test", 409),
        ("else", "else@tenant.test", 201),
    ] {
        let registration = json!({
            "tenantName": "Twin", "slug": slug, "adminEmail": email, "adminPassword": PASSWORD, "adminName": "Ann",
        });
        let answer = door.post("/auth/register-tenant").json(&registration).send().await;
        assert_eq!(answer.status, status, "{slug} {email}: {}", answer.text);
    }
}
