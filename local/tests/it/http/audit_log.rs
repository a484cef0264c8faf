//! The audit log: who did what, when and from where; a tenant sees its own entries and no others.

use serde_json::{Value, json};

use super::raw_api::RawApi;
use crate::test_system::{ADMIN, TestSystem};

fn actions(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn each_change_has_an_entry_with_its_actor_and_address_and_another_tenants_are_not_shown() {
    let system = TestSystem::start().await;
    let (mine, theirs) = (system.tenant("acme", "1.00").await, system.tenant("other", "1.00").await);
    let (sent, later) = (mine.send("+15550000001").await, mine.contact("+15550000001").await);
    let due = (system.clock.now() + jiff::SignedDuration::from_hours(1)).to_string();
    let waits = json!({
        "templateId": mine.template, "contactId": later, "scheduleTime": due, "idempotencyKey": "waits",
    });
    let waits = mine.client.post("/messages/schedule", &waits).await.unwrap().success().unwrap();
    let cancel = format!("/messages/{}/cancel", waits["id"].as_str().unwrap());
    mine.client.post(&cancel, &json!({})).await.unwrap();
    let page = mine.client.get("/audit?limit=200").await.unwrap().success().unwrap();
    let all = actions(&page);
    assert_eq!(all[0], "message.cancel", "newest first: {page}");
    for action in
        ["tenant.register", "whatsapp.connect", "template.submit", "contacts.import", "message.cancel"]
    {
        assert!(all.contains(&action), "{action}: {page}");
    }
    let cancelled = &page["data"][0];
    assert!(cancelled["actor"].as_str().unwrap().starts_with("user:"), "{cancelled}");
    assert_eq!(cancelled["source"], "127.0.0.1", "{cancelled}");
    assert!(!page.to_string().contains(&theirs.id) && !page.to_string().contains(&sent), "{page}");

    let owner = system.owner().await;
    let whole = owner.get("/admin/audit?limit=200").await.unwrap().success().unwrap();
    let tenants: Vec<&Value> =
        whole["data"].as_array().unwrap().iter().map(|entry| &entry["tenantId"]).collect();
    assert!(tenants.contains(&&json!(mine.id)) && tenants.contains(&&json!(theirs.id)), "{whole}");
}

#[tokio::test]
async fn a_page_as_csv_has_the_same_rows_and_leads_to_the_next() {
    let system = TestSystem::start().await;
    system.tenant("acme", "1.00").await;
    let api = RawApi::of(&system);
    let login = json!({ "email": ADMIN.0, "password": ADMIN.1 });
    let token = api.post("/auth/login").json(&login).send().await.text_of("token");
    let mut path = "/admin/audit?limit=2".to_owned();
    let mut lines = Vec::new();
    loop {
        let answer = api.get(&path).bearer(&token).header("accept", "text/csv").send().await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/csv; charset=utf-8")));
        let mut page = answer.text.lines();
        assert_eq!(page.next(), Some("at,actor,source,action,subject,detail,tenantId,id"));
        lines.extend(page.map(str::to_owned));
        let Some(link) = answer.header("link") else { break };
        path =
            link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")).unwrap().to_owned();
    }
    let page = api.get("/admin/audit?limit=200").bearer(&token).send().await;
    assert_eq!(lines.len(), page.success()["data"].as_array().unwrap().len());
    assert!(lines.len() > 2 && lines.iter().any(|line| line.contains("tenant.register")), "{lines:?}");
}
