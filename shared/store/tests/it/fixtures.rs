//! A tenant with credit, a contact, a template and messages, made with the statements under test.

use domain::messages::{Content, Recipient, Source};
use domain::{
    Act, Actor, Category, ContactId, MessageId, Money, PhoneNumber, PhoneNumberId, Role, SystemAct,
    TemplateId, TemplateStatus, TenantId, TenantState, UserId, WabaId,
};
use jiff::Timestamp;
use store::access::users::NewUser;
use store::contacts::NewContact;
use store::messages::NewMessage;
use store::templates::Template;
use store::tenants::NewTenant;
use store::whatsapp::accounts;
use store::whatsapp::accounts::Account;
use store::whatsapp::numbers;
use store::whatsapp::numbers::Number;
use store::{
    Operation, Store, StoreError, SystemOperation, SystemTx, TenantTx, access::users, billing::ledger,
    contacts, messages, templates, tenants, tenants::plans,
};
use uuid::Uuid;

/// The price of a utility message on the plan `Starter`: a rate of 10,000 and a margin of 20 %.
pub const PRICE: Money = Money::from_micros(12_000);

/// A fixed instant, so that nothing depends on the machine's clock.
pub fn noon() -> Timestamp {
    "2026-11-01T12:00:00Z".parse().unwrap()
}

#[derive(Clone, Debug)]
pub struct World {
    pub tenant: TenantId,
    pub number: PhoneNumberId,
    pub messages: Vec<MessageId>,
}

/// A tenant on the plan `Starter` with `credit`, and `count` messages due at noon.
pub async fn world(store: &Store, count: usize, credit: Money) -> World {
    world_on_plan(store, "Starter", count, credit).await
}

/// The same on another plan.
pub async fn world_on_plan(store: &Store, plan: &str, count: usize, credit: Money) -> World {
    let tenant = TenantId::at(noon());
    let actor = Actor::User(UserId::at(noon()));
    let act = Act { actor, ..Act::of_system(tenant, noon()) };
    store.perform(&act, &Build { tenant, plan: plan.to_owned(), count, credit }).await.unwrap()
}

struct Build {
    tenant: TenantId,
    plan: String,
    count: usize,
    credit: Money,
}

impl Operation for Build {
    const NAME: &'static str = "build_world";
    type Done = World;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<World, StoreError> {
        let (tenant, now) = (self.tenant, noon());
        self.add_tenant_and_owner(tx).await?;
        let short = tenant.0.simple().to_string();
        let (waba_id, number) = (WabaId(format!("w{short}")), PhoneNumberId(format!("p{short}")));
        let account = Account {
            waba_id: waba_id.clone(),
            token_sealed: vec![1],
            token_key_id: "k1".to_owned(),
            connected_at: now,
            paused_reason: None,
        };
        accounts::upsert(tx, &account).await?;
        let sender = Number {
            phone_number_id: number.clone(),
            waba_id: waba_id.clone(),
            display_phone_number: "+1 555".to_owned(),
            messages_per_second: 80,
        };
        numbers::upsert(tx, &[sender]).await?;
        let (contact_id, template_id) = self.add_contact_and_template(tx, waba_id).await?;
        if self.credit.is_positive() {
            ledger::top_up(tx, self.credit, None).await?;
        }
        let mut made = Vec::new();
        for _ in 0..self.count {
            let message = NewMessage {
                message_id: MessageId::at(now),
                contact_id,
                content: Content::Template {
                    template_id,
                    category: Category::Utility,
                    variables: vec!["Ann".to_owned()],
                },
                phone_number_id: number.clone(),
                to: Recipient::Phone(PhoneNumber::from_stored("+15551234567".to_owned())),
                market: "North America",
                source: Source::Api,
                due_at: now,
                not_after: None,
            };
            messages::accept(tx, &message).await?;
            made.push(message.message_id);
        }
        Ok(World { tenant, number, messages: made })
    }
}

impl Build {
    async fn add_tenant_and_owner(&self, tx: &TenantTx) -> Result<(), StoreError> {
        let short = self.tenant.0.simple().to_string();
        let plan = plans::find_by_name(tx, &self.plan).await?.unwrap();
        let (slug, name, state) = (short.clone(), "Acme".to_owned(), TenantState::Active);
        let row = NewTenant { slug, name, plan_id: plan.plan_id, state };
        tenants::insert(tx, &row).await?;
        let owner = NewUser {
            email: format!("{short}@acme.test"),
            name: "Ann".to_owned(),
            role: Role::Owner,
            password_hash: None,
        };
        users::insert(tx, &owner).await.map(drop)
    }

    async fn add_contact_and_template(
        &self,
        tx: &TenantTx,
        waba_id: WabaId,
    ) -> Result<(ContactId, TemplateId), StoreError> {
        let now = noon();
        let contact = NewContact {
            phone: PhoneNumber::from_stored("+15551234567".to_owned()),
            name: Some("Ann".to_owned()),
            attributes: domain::contacts::Attributes::none(),
        };
        contacts::import(tx, &[contact]).await?;
        let contact = contacts::list(tx, Uuid::max(), 1).await?.remove(0);
        let template = Template {
            template_id: TemplateId::at(now),
            name: "welcome".to_owned(),
            language: "en_US".to_owned(),
            category: Category::Utility,
            body: "Hello {{1}}".to_owned(),
            variables: vec!["name".to_owned()],
            status: TemplateStatus::Approved,
            reason: None,
            content_at_meta: None,
            meta_template_id: None,
            waba_id,
            created_at: now,
            updated_at: now,
        };
        templates::insert(tx, &template).await?;
        Ok((contact.contact_id, template.template_id))
    }
}

pub async fn assert_audit_is_clean(store: &Store, at_rest: bool) {
    let findings = store.perform_system(&SystemAct::at(noon()), &Audit { at_rest }).await.unwrap();
    let broken: Vec<_> = findings.iter().filter(|finding| finding.violations != 0).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

/// What the audit finds at any commit.
pub async fn violations(store: &Store) -> Vec<store::operators::audit::Finding> {
    let act = SystemAct::at(noon());
    let mut findings = store.perform_system(&act, &Audit { at_rest: false }).await.unwrap();
    findings.retain(|finding| finding.violations != 0);
    findings
}

struct Audit {
    at_rest: bool,
}

impl SystemOperation for Audit {
    const NAME: &'static str = "audit";
    type Done = Vec<store::operators::audit::Finding>;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<Self::Done, StoreError> {
        store::operators::audit::findings(tx, self.at_rest).await
    }
}
