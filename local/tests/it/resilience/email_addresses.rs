//! The steps of a reset, a proof and a change of an e-mail address, each cut before and after its commit and repeated.

use domain::access::email::EmailProof;
use ops::Platform;
use serde_json::{Value, json};
use store::Moment;
use tidings::client::Client;

use super::fault_injector::FaultInjector;
use super::fault_test::FaultTest;
use crate::test_system::{PASSWORD, Tenant, TestSystem};

const MOMENTS: [Moment; 2] = [Moment::BeforeCommit, Moment::AfterCommit];
const CHOSEN: &str = "another-password";

/// Calls until there is an answer that is not about the fault; returns it.
async fn insist(client: &Client, path: &str, body: &Value) -> (u16, Value) {
    for _ in 0..5 {
        let answer = client.post(path, body).await.unwrap();
        if !answer.status.is_server_error() {
            return (answer.status.as_u16(), answer.body);
        }
    }
    panic!("{path} fails on");
}

struct Cut {
    test: FaultTest,
    tenant: Tenant,
}

impl Cut {
    /// A tenant, and a cut in the next run of that operation.
    async fn in_next(operation: &str, moment: Moment) -> Self {
        let test = FaultTest::start().await;
        let tenant = test.system.tenant("home", "0").await;
        test.work().await;
        test.faults.arm(operation, moment, 1);
        Self { test, tenant }
    }

    fn secrets(&self, address: &str, page: &str) -> Vec<String> {
        self.test.system.secrets_to(address, page)
    }

    /// The operation ran, and the system is idle.
    async fn end(self) {
        assert_eq!(self.test.faults.disarm(), Vec::<String>::new());
        self.test.rest().await;
        self.test.assert_at_rest(0).await;
    }
}

/// Each of these operations cut at each moment.
fn cuts<const N: usize>(operations: [&str; N]) -> impl Iterator<Item = (&str, Moment)> {
    operations.into_iter().flat_map(|operation| MOMENTS.map(|moment| (operation, moment)))
}

/// Posts each secret; returns how many were taken.
async fn use_links(client: &Client, path: &str, bodies: impl Iterator<Item = Value>) -> usize {
    let mut taken = 0;
    for body in bodies {
        taken += usize::from(insist(client, path, &body).await.0 < 300);
    }
    taken
}

fn secret(secret: &String) -> Value {
    json!({ "secret": secret })
}

#[tokio::test]
async fn a_reset_that_is_cut_and_repeated_sets_the_password() {
    for (operation, moment) in
        cuts(["forgot_password", "begin_email", "email_sent", "find_link", "set_password"])
    {
        let cut = Cut::in_next(operation, moment).await;
        let anonymous = cut.test.system.anonymous();
        let asked = insist(&anonymous, "/auth/forgot-password", &json!({ "email": cut.tenant.email })).await;
        assert_eq!(asked.0, 202);
        cut.test.rest().await;
        let links = cut.secrets(&cut.tenant.email, "set-password");
        assert!((1..=2).contains(&links.len()), "{operation} {moment:?}");
        let bodies = links.iter().map(|secret| json!({ "secret": secret, "password": CHOSEN }));
        let set = use_links(&anonymous, "/auth/set-password", bodies).await;
        // After a lost answer the link is used up, and the password counts.
        let is_lost = operation == "set_password" && moment == Moment::AfterCommit;
        assert_eq!(set, usize::from(!is_lost), "{operation} {moment:?}");
        anonymous.login(&cut.tenant.email, CHOSEN).await.unwrap();
        cut.end().await;
    }
}

#[tokio::test]
async fn a_proof_that_is_cut_and_repeated_is_there() {
    for (operation, moment) in cuts(["resend_email_proof", "verify_email", "list_emails"]) {
        let cut = Cut::in_next(operation, moment).await;
        let client = &cut.tenant.client;
        insist(client, "/auth/resend-verification", &json!({})).await;
        cut.test.rest().await;
        let links = cut.secrets(&cut.tenant.email, "verify-email");
        use_links(client, "/auth/verify-email", links.iter().map(secret)).await;
        let owner = cut.test.system.owner().await;
        while owner.get("/admin/mail").await.unwrap().status.is_server_error() {}
        let token = cut.test.log_in_again(&cut.tenant).await.client;
        assert_eq!(insist(&token, "/auth/resend-verification", &json!({})).await.0, 409);
        cut.end().await;
    }
}

#[tokio::test]
async fn a_change_that_is_cut_and_repeated_is_made_or_stopped_once() {
    for (operation, moment) in cuts(["find_user", "change_email", "verify_email", "stop_email_change"]) {
        let cut = Cut::in_next(operation, moment).await;
        let (new, client) = ("new@tenant.test", &cut.tenant.client);
        let olds = cut.secrets(&cut.tenant.email, "verify-email");
        let body = json!({ "email": new, "password": PASSWORD });
        assert_eq!(insist(client, "/auth/change-email", &body).await.0, 202);
        cut.test.work().await;
        let mut links = cut.secrets(&cut.tenant.email, "verify-email");
        links.retain(|link| !olds.contains(link));
        let mut login = new;
        if operation == "stop_email_change" {
            use_links(client, "/auth/stop-email-change", links.iter().map(secret)).await;
            login = &cut.tenant.email;
        }
        links.extend(cut.secrets(new, "verify-email"));
        use_links(client, "/auth/verify-email", links.iter().map(secret)).await;
        cut.test.system.anonymous().login(login, PASSWORD).await.unwrap();
        cut.end().await;
    }
}

#[tokio::test]
async fn what_asks_for_a_proof_holds_after_it_was_cut() {
    for moment in MOMENTS {
        let faults = FaultInjector::default();
        let in_store = faults.clone();
        let db = testkit::database().await;
        let system =
            TestSystem::start_as(db, move |store| in_store.put_into(store), EmailProof::Required).await;
        let tenant = system.tenant("home", "0").await;
        faults.arm("has_proven_owner", moment, 1);
        let refused = insist(&tenant.client, "/whatsapp/connect", &json!({ "code": tenant.id })).await;
        assert_eq!(refused.0, 403);
        assert_eq!(faults.disarm(), Vec::<String>::new());

        let off = Platform { email_proof: EmailProof::Off, ..system.machine.platform.clone() };
        faults.arm("follow_email_proof", moment, 1);
        let swept = ops::recovery::sweep::sweep(&off, system.end_of_shift()).await.unwrap();
        assert_eq!((swept.failed, faults.disarm()), (1, Vec::new()));
        ops::recovery::sweep::sweep(&off, system.end_of_shift()).await.unwrap();
        assert_eq!(system.db.contents().await["holds"].0, 0);
    }
}

#[tokio::test]
async fn an_e_mail_that_was_given_up_and_is_asked_for_again_is_queued_once_when_that_is_cut() {
    for moment in MOMENTS {
        let cut = Cut::in_next("retry_email", moment).await;
        let parked = "UPDATE emails SET state = 'PARKED', sent_at = NULL";
        cut.test.system.db.execute(parked).await;
        let owner = cut.test.system.owner().await;
        let listed = owner.get("/admin/mail").await.unwrap().success().unwrap();
        let path = format!("/admin/mail/{}/retry", listed["data"][0]["id"].as_str().unwrap());
        assert_eq!(insist(&owner, &path, &json!({})).await.0, 202);
        cut.test.work().await;
        assert_eq!(cut.secrets(&cut.tenant.email, "verify-email").len(), 2);
        assert_eq!(insist(&owner, &path, &json!({})).await.0, 409, "it was sent");
        cut.end().await;
    }
}
