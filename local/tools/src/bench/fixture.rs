//! A tenant with credit and due messages, for one measurement.

use domain::{
    Act, Actor, Category, MessageId, Money, PhoneNumber, PhoneNumberId, Role, TemplateId, TemplateStatus,
    TenantId, TenantState, UserId, WabaId,
};
use jiff::Timestamp;
use store::access::users::NewUser;
use store::contacts::NewContact;
use store::templates::Template;
use store::tenants::NewTenant;
use store::testing::yardstick::{self, Fixture};
use store::whatsapp::accounts;
use store::whatsapp::accounts::Account;
use store::whatsapp::numbers;
use store::whatsapp::numbers::Number;
use store::{
    Operation, Store, StoreError, TenantTx, access::users, billing::ledger, contacts, templates, tenants,
    tenants::plans,
};
use uuid::Uuid;

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
            waba_id: WabaId(name.clone()),
            token_sealed: Vec::new(),
            token_key_id: "none".to_owned(),
            connected_at: now,
            paused_reason: None,
        };
        accounts::upsert(tx, &account).await?;
        let sender = Number {
            phone_number_id: number.clone(),
            waba_id: WabaId(name.clone()),
            display_phone_number: "+1 555".to_owned(),
            messages_per_second: 80,
        };
        numbers::upsert(tx, &[sender]).await?;
        ledger::top_up(tx, CREDIT, None).await?;
        let contact = NewContact {
            phone: PhoneNumber::from_stored("+15551234567".to_owned()),
            name: None,
            attributes: domain::contacts::Attributes::none(),
        };
        contacts::import(tx, &[contact]).await?;
        let contact = contacts::list(tx, Uuid::max(), 1).await?.remove(0);
        let template = Template {
            template_id: TemplateId::at(now),
            name: "bench".to_owned(),
            language: "en_US".to_owned(),
            category: Category::Utility,
            body: "Hello {{1}}".to_owned(),
            variables: vec!["name".to_owned()],
            status: TemplateStatus::Approved,
            reason: None,
            content_at_meta: None,
            meta_template_id: None,
            waba_id: WabaId(name),
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
        // The plan that allows the most messages a month.
        let plan = plans::find_by_name(tx, "Enterprise").await?;
        let missing = || StoreError::Inconsistent { table: "plans", what: "Enterprise is gone".to_owned() };
        let plan = plan.ok_or_else(missing)?;
        let state = TenantState::Active;
        let tenant = NewTenant { slug: name.clone(), name: name.clone(), plan_id: plan.plan_id, state };
        tenants::insert(tx, &tenant).await?;
        let owner =
            NewUser { email: format!("{name}@bench.test"), name, role: Role::Owner, password_hash: None };
        users::insert(tx, &owner).await?;
        Ok(())
    }
}
