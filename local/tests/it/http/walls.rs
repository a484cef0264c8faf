//! I21: another tenant's ids name nothing here, and no answer holds a byte of what is another's.

use axum::http::Method;
use serde_json::{Value, json};

use super::cast::{House, furnish, house, super_admin};
use super::raw::{Answer, Door};
use crate::world::{PASSWORD, World};

/// Stands in everything that tenant B owns, and in nothing that tenant A sends.
const CANARY: &str = "canary7f3a";

struct Neighbours {
    world: World,
    door: Door,
    ours: House,
    theirs: House,
    their_message: String,
    /// Nothing that A is answered may hold one of these.
    secrets: Vec<String>,
}

impl Neighbours {
    async fn settle() -> Self {
        let world = World::start().await;
        let door = Door::of(&world);
        let ours = house(&door, "ours").await;
        let theirs = house_of_canaries(&door).await;
        let credit = json!({
            "tenantId": theirs.tenant, "amount": "77.770001", "description": format!("note {CANARY}"),
            "idempotencyKey": CANARY,
        });
        door.post("/billing/add-credits").by(&super_admin(&door).await).json(&credit).send().await.success();
        let mut message = theirs.message();
        message["variables"] = json!({ "name": CANARY });
        let their_message =
            door.post("/messages").by(&theirs.token).json(&message).send().await.text_of("id");
        world.pump().await;
        let secrets = vec![
            CANARY.to_owned(),
            "77.770001".to_owned(),
            "77.758".to_owned(),
            theirs.tenant.clone(),
            theirs.owner.clone(),
            theirs.template.clone(),
            theirs.contact.clone(),
            their_message.clone(),
        ];
        Self { world, door, ours, theirs, their_message, secrets }
    }

    /// `asked` is what A wrote itself and may be told again.
    fn assert_silent(&self, answer: &Answer, asked: &str) {
        let said = format!("{:?} {}", answer.headers, answer.text);
        for secret in self.secrets.iter().filter(|secret| !asked.contains(secret.as_str())) {
            assert!(!said.contains(secret), "{asked}: {secret} of the neighbour is in {said}");
        }
    }
}

async fn house_of_canaries(door: &Door) -> House {
    let registration = json!({
        "tenantName": format!("B {CANARY}"), "slug": format!("b-{CANARY}"),
        "adminEmail": format!("b-{CANARY}@tenant.test"), "adminPassword": PASSWORD,
        "adminName": format!("Bob {CANARY}"),
    });
    let template = json!({
        "name": format!("welcome_{CANARY}"), "content": format!("{CANARY}: hello {{{{1}}}}, welcome!"), "variables": ["name"],
    });
    let contact = json!({ "phone": "+15550000001", "name": CANARY, "attributes": { CANARY: CANARY } });
    furnish(door, &registration, &template, &contact).await
}

#[tokio::test]
async fn an_id_of_another_tenant_names_nothing_here() {
    let stage = Neighbours::settle().await;
    let (ours, theirs, door) = (&stage.ours, &stage.theirs, &stage.door);
    let before = stage.world.books(true).await.states;
    for path in ["/messages", "/messages/schedule"] {
        for (template, contact, field) in [
            (&theirs.template, &ours.contact, "templateId"),
            (&ours.template, &theirs.contact, "contactId"),
            (&theirs.template, &theirs.contact, "templateId"),
        ] {
            let mut body = ours.body_for(&stage.world, path);
            body["templateId"] = json!(template);
            body["contactId"] = json!(contact);
            let answer = door.post(path).by(&ours.token).json(&body).send().await;
            answer.assert_invalid(field, path);
            assert!(answer.text.contains("does not match any of your "), "{}", answer.text);
            stage.assert_silent(&answer, &body.to_string());
        }
    }
    for (method, path) in [(Method::GET, ""), (Method::POST, "/cancel")] {
        let path = format!("/messages/{}{path}", stage.their_message);
        let answer = door.call(method, &path).by(&ours.token).send().await;
        answer.assert_refused(404, "not-found", &path);
        stage.assert_silent(&answer, &path);
        // Exactly what an id that nobody has is answered.
        let nobody = path.replace(&stage.their_message, "01890000-0000-7000-8000-000000000000");
        let nobodys = door.call(Method::GET, nobody.trim_end_matches("/cancel")).by(&ours.token).send().await;
        assert_eq!(without_id(&answer), without_id(&nobodys));
    }
    assert_eq!(stage.world.books(true).await.states, before, "nothing was made or withdrawn");
}

fn without_id(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    body.as_object_mut().unwrap().remove("requestId");
    body
}

#[tokio::test]
async fn no_answer_holds_a_byte_of_another_tenants() {
    let stage = Neighbours::settle().await;
    let (ours, theirs, door) = (&stage.ours, &stage.theirs, &stage.door);
    let mut asked = 0;
    let ids = [&stage.their_message, &theirs.tenant, &theirs.contact, &theirs.template];
    let queries = [String::new(), "?limit=200".to_owned(), format!("?tenantId={}", theirs.tenant)];
    for (route, id) in door.routes().iter().flat_map(|route| ids.iter().map(move |id| (route, id))) {
        for query in &queries {
            let path = format!("{}{query}", route.path.replace("{id}", id));
            let call = door.call(route.method.clone(), &path).by(&ours.token);
            let answer = call.header("x-tenant-id", &theirs.tenant).raw_json("{}").send().await;
            stage.assert_silent(&answer, &path);
            asked += 1;
        }
    }
    assert!(asked > 100, "the routes were asked: {asked}");
    // What the neighbour owns is there, for itself.
    for path in ["/contacts", "/templates", "/billing/ledger", "/messages"] {
        let own = door.get(path).by(&theirs.token).send().await;
        assert!(stage.secrets.iter().any(|secret| own.text.contains(secret)), "{path}: {}", own.text);
    }
}

#[tokio::test]
async fn a_cursor_of_another_tenants_list_shows_ones_own_rows_only() {
    let stage = Neighbours::settle().await;
    let door = &stage.door;
    for path in ["/contacts", "/templates", "/messages", "/billing/ledger"] {
        let page = door.get(&format!("{path}?limit=1")).by(&stage.theirs.token).send().await;
        let cursor = page.text_of("nextCursor");
        let path = format!("{path}?limit=200&cursor={cursor}");
        let answer = door.get(&path).by(&stage.ours.token).send().await;
        answer.success();
        stage.assert_silent(&answer, &path);
    }
}
