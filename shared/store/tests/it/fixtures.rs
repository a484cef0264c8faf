//! A tenant with money, contacts and messages, made by the statements themselves.

use domain::{
    Act, Actor, Category, ContactId, MessageId, Money, PhoneNumber, PhoneNumberId, Role, SystemAct,
    TemplateId, TenantId, UserId,
};
use jiff::Timestamp;
use store::access::users::User;
use store::contacts::Contact;
use store::messages::NewMessage;
use store::templates::Template;
use store::tenants::Tenant;
use store::whatsapp::accounts;
use store::whatsapp::accounts::Account;
use store::whatsapp::numbers;
use store::whatsapp::numbers::Number;
use store::{
    Operation, Store, StoreError, SystemOperation, SystemTx, TenantTx, access::users, billing::ledger,
    contacts, messages, templates, tenants, tenants::plans,
};

/// What a utility message costs on the plan `Starter`: a cent and a fifth of it.
pub const PRICE: Money = Money::from_micros(12_000);

/// A fixed instant; nothing here depends on the machine's clock.
pub fn noon() -> Timestamp {
    "2026-11-01T12:00:00Z".parse().unwrap()
}

#[derive(Clone, Debug)]
pub struct World {
    pub tenant: TenantId,
    pub number: PhoneNumberId,
    pub messages: Vec<MessageId>,
}

/// A tenant with `credit` for so many messages, and `count` messages due at noon.
pub async fn world(store: &Store, count: usize, credit: Money) -> World {
    let tenant = TenantId::at(noon());
    let actor = Actor::User(UserId::at(noon()));
    let act = Act { actor, ..Act::of_system(tenant, noon()) };
    store.perform(&act, &Build { tenant, count, credit }).await.unwrap()
}

struct Build {
    tenant: TenantId,
    count: usize,
    credit: Money,
}

impl Operation for Build {
    const NAME: &'static str = "build_world";
    type Done = World;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<World, StoreError> {
        let (tenant, now) = (self.tenant, noon());
        self.people(tx).await?;
        let short = tenant.0.simple().to_string();
        let (waba_id, number) = (format!("w{short}"), PhoneNumberId(format!("p{short}")));
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
        numbers::upsert(tx, &sender).await?;
        let (contact_id, template_id) = self.things(tx, waba_id).await?;
        if self.credit.is_positive() {
            ledger::top_up(tx, self.credit, None).await?;
        }
        let mut made = Vec::new();
        for _ in 0..self.count {
            let message = NewMessage {
                message_id: MessageId::at(now),
                contact_id,
                template_id,
                phone_number_id: number.clone(),
                to: PhoneNumber::from_stored("+15551234567".to_owned()),
                market: "North America",
                category: Category::Utility,
                variables: vec!["Ann".to_owned()],
                due_at: now,
            };
            messages::accept(tx, &message).await?;
            made.push(message.message_id);
        }
        Ok(World { tenant, number, messages: made })
    }
}

impl Build {
    async fn people(&self, tx: &TenantTx) -> Result<(), StoreError> {
        let (tenant, now) = (self.tenant, noon());
        let short = tenant.0.simple().to_string();
        let plan = plans::find_by_name(tx, "starter").await?.unwrap();
        let row = Tenant {
            tenant_id: tenant,
            slug: short.clone(),
            name: "Acme".to_owned(),
            plan_id: plan.plan_id,
            plan_name: plan.name,
            is_active: true,
            created_at: now,
        };
        tenants::insert(tx, &row).await?;
        let owner = User {
            tenant_id: tenant,
            user_id: UserId::at(now),
            email: format!("{short}@acme.test"),
            name: "Ann".to_owned(),
            role: Role::Owner,
            password_hash: None,
            tenant_is_active: true,
            created_at: now,
        };
        users::insert(tx, &owner).await?;
        Ok(())
    }

    async fn things(&self, tx: &TenantTx, waba_id: String) -> Result<(ContactId, TemplateId), StoreError> {
        let now = noon();
        let contact = Contact {
            contact_id: ContactId::at(now),
            phone: PhoneNumber::from_stored("+15551234567".to_owned()),
            name: Some("Ann".to_owned()),
            attributes: serde_json::json!({}),
            opted_out_at: None,
            created_at: now,
        };
        contacts::import(tx, std::slice::from_ref(&contact)).await?;
        let template = Template {
            template_id: TemplateId::at(now),
            name: "welcome".to_owned(),
            language: "en_US".to_owned(),
            category: Category::Utility,
            body: "Hello {{1}}".to_owned(),
            variables: vec!["name".to_owned()],
            status: templates::APPROVED.to_owned(),
            meta_template_id: None,
            waba_id,
            created_at: now,
            updated_at: now,
        };
        templates::insert(tx, &template).await?;
        Ok((contact.contact_id, template.template_id))
    }
}

/// The audit's findings, which must be none.
pub async fn assert_audit_is_clean(store: &Store, at_rest: bool) {
    let findings = store.perform_system(&SystemAct::at(noon()), &Audit { at_rest }).await.unwrap();
    let broken: Vec<_> = findings.iter().filter(|finding| finding.violations != 0).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

struct Audit {
    at_rest: bool,
}

impl SystemOperation for Audit {
    const NAME: &'static str = "audit";
    type Done = Vec<store::testing::audit::Finding>;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<Self::Done, StoreError> {
        store::testing::audit::findings(tx, self.at_rest).await
    }
}
