//! A tenant with credit and due messages, for one measurement.

use domain::{
    Act, Actor, Category, ContactId, MessageId, Money, PhoneNumber, PhoneNumberId, Role, TemplateId,
    TenantId, UserId,
};
use jiff::Timestamp;
use store::access::users::User;
use store::contacts::Contact;
use store::templates::{APPROVED, Template};
use store::tenants::Tenant;
use store::testing::yardstick::{self, Fixture};
use store::whatsapp::accounts;
use store::whatsapp::accounts::Account;
use store::whatsapp::numbers;
use store::whatsapp::numbers::Number;
use store::{
    Operation, Store, StoreError, TenantTx, access::users, billing::ledger, contacts, templates, tenants,
    tenants::plans,
};

/// Messages inserted in one transaction.
const FILL_MAX: usize = 5_000;

/// What a utility message costs on the plan `Starter`.
pub(super) const PRICE: Money = Money::from_micros(12_000);
/// More than any measurement spends.
pub(super) const CREDIT: Money = Money::from_micros(900_000_000_000);

/// Creates a tenant with `count` messages due at `now`; returns their ids in order.
pub(super) async fn create(
    store: &Store,
    count: i64,
    now: Timestamp,
) -> Result<(Fixture, Vec<MessageId>), StoreError> {
    let tenant = TenantId::at(now);
    let fixture = store
        .perform(
            &Act { actor: Actor::User(UserId::at(now)), ..Act::of_system(tenant, now) },
            &CreateTenant { tenant, now },
        )
        .await?;
    let mut ids: Vec<MessageId> = (0..count).map(|_| MessageId::at(now)).collect();
    ids.sort_unstable();
    for part in ids.chunks(FILL_MAX) {
        let fill = Fill { fixture: fixture.clone(), ids: part.to_vec() };
        store.perform(&Act::of_system(tenant, now), &fill).await?;
    }
    Ok((fixture, ids))
}

struct Fill {
    fixture: Fixture,
    ids: Vec<MessageId>,
}

impl Operation for Fill {
    const NAME: &'static str = "bench_fill";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StoreError> {
        yardstick::fill(tx, &self.fixture, &self.ids).await
    }
}

struct CreateTenant {
    tenant: TenantId,
    now: Timestamp,
}

impl Operation for CreateTenant {
    const NAME: &'static str = "bench_create";
    type Done = Fixture;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Fixture, StoreError> {
        let (tenant, now) = (self.tenant, self.now);
        self.insert_owner(tx).await?;
        let name = tenant.0.simple().to_string();
        let number = PhoneNumberId(name.clone());
        let account = Account {
            waba_id: name.clone(),
            token_sealed: Vec::new(),
            token_key_id: "none".to_owned(),
            connected_at: now,
            paused_reason: None,
        };
        accounts::upsert(tx, &account).await?;
        let sender = Number {
            phone_number_id: number.clone(),
            waba_id: name.clone(),
            display_phone_number: "+1 555".to_owned(),
            messages_per_second: 80,
        };
        numbers::upsert(tx, &sender).await?;
        ledger::top_up(tx, CREDIT, None).await?;
        let contact = Contact {
            contact_id: ContactId::at(now),
            phone: PhoneNumber::from_stored("+15551234567".to_owned()),
            name: None,
            attributes: serde_json::json!({}),
            opted_out_at: None,
            created_at: now,
        };
        contacts::import(tx, std::slice::from_ref(&contact)).await?;
        let template = Template {
            template_id: TemplateId::at(now),
            name: "bench".to_owned(),
            language: "en_US".to_owned(),
            category: Category::Utility,
            body: "Hello {{1}}".to_owned(),
            variables: vec!["name".to_owned()],
            status: APPROVED.to_owned(),
            meta_template_id: None,
            waba_id: name,
            created_at: now,
            updated_at: now,
        };
        templates::insert(tx, &template).await?;
        Ok(Fixture { tenant, number, contact: contact.contact_id, template: template.template_id })
    }
}

impl CreateTenant {
    async fn insert_owner(&self, tx: &TenantTx) -> Result<(), StoreError> {
        let name = self.tenant.0.simple().to_string();
        let plan = plans::find_by_name(tx, "Starter").await?;
        let missing = || StoreError::Inconsistent { table: "plans", what: "Starter is gone".to_owned() };
        let plan = plan.ok_or_else(missing)?;
        let tenant = Tenant {
            tenant_id: self.tenant,
            slug: name.clone(),
            name: name.clone(),
            plan_id: plan.plan_id,
            plan_name: plan.name,
            is_active: true,
            created_at: self.now,
        };
        tenants::insert(tx, &tenant).await?;
        let owner = User {
            tenant_id: self.tenant,
            user_id: UserId::at(self.now),
            email: format!("{name}@bench.test"),
            name,
            role: Role::Owner,
            password_hash: None,
            tenant_is_active: true,
            created_at: self.now,
        };
        users::insert(tx, &owner).await?;
        Ok(())
    }
}
