//! What the claim is measured against: the same rows written with no logic, and one message at a time.
//!
//! No function of the product runs these; `bench claim` does.

use domain::{ClaimId, ContactId, MessageId, Money, PhoneNumberId, TemplateId, TenantId};
use uuid::Uuid;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{TenantTx, params, uuids};

/// Where messages are put, or taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixture {
    pub tenant: TenantId,
    pub number: PhoneNumberId,
    pub contact: ContactId,
    pub template: TemplateId,
}

pub(crate) const STATEMENTS: &[&str] =
    &[FILL, FLOOR, NAIVE_LOCK, NAIVE_PAY, NAIVE_ENTRY, NAIVE_MESSAGE, NAIVE_TAKE];

const FILL: &str = "-- yardstick::fill
WITH message AS (
    INSERT INTO messages (tenant_id, message_id, contact_id, template_id, phone_number_id, to_phone, market, category,
                          variables, due_at, accepted_at, dispatch_state, updated_at)
    SELECT $1, id, $2, $3, $4, '+15551234567', 'North America', 'UTILITY', ARRAY['Ann'], $6, $6, 'PENDING', $6
      FROM unnest($5::uuid[]) AS m (id))
INSERT INTO due (tenant_id, phone_number_id, priority, due_at, message_id)
SELECT $1, $4, 1, $6, id FROM unnest($5::uuid[]) AS m (id)";

/// Puts messages that are due.
pub async fn fill(tx: &TenantTx, fixture: &Fixture, messages: &[MessageId]) -> Result<(), StoreError> {
    let values = params![
        fixture.tenant.0 => UUID, fixture.contact.0 => UUID, fixture.template.0 => UUID, fixture.number.0 => TEXT,
        uuids(messages) => UUID_ARRAY, tx.now() => TIMESTAMPTZ,
    ];
    tx.run(FILL, values).await.map(drop)
}

const FLOOR: &str = "-- yardstick::floor
WITH gone AS (
    DELETE FROM due WHERE tenant_id = $1 AND phone_number_id = $2 AND priority = 1 AND due_at = $3 AND message_id = ANY ($4)),
entries AS (
    INSERT INTO ledger (tenant_id, seq, kind, amount, balance_after, message_id, recorded_at)
    SELECT $1, $5 + n, 'DEBIT', -$6::bigint, $7 - n * $6::bigint, id, $3 FROM unnest($4::uuid[]) WITH ORDINALITY AS m (id, n)),
wallet AS (
    UPDATE wallets SET balance = $7 - cardinality($4) * $6::bigint, seq = $5 + cardinality($4) WHERE tenant_id = $1),
claim AS (
    INSERT INTO claims (tenant_id, claim_id, phone_number_id, message_ids, lease_until) VALUES ($1, $8, $2, $4, $3))
UPDATE messages SET dispatch_state = 'RESERVED', claim_id = $8, attempt = 1, price = $6, updated_at = $3
 WHERE tenant_id = $1 AND message_id = ANY ($4)";

/// Writes what a claim of these messages would write, with everything known beforehand: `paid` is the number of the last entry
/// and the balance before.
pub async fn floor(
    tx: &TenantTx,
    fixture: &Fixture,
    messages: &[MessageId],
    paid: (i64, Money, Money),
) -> Result<u64, StoreError> {
    let (seq, balance, price) = paid;
    let values = params![
        fixture.tenant.0 => UUID, fixture.number.0 => TEXT, tx.now() => TIMESTAMPTZ, uuids(messages) => UUID_ARRAY, seq => INT8,
        price.micros() => INT8, balance.micros() => INT8, ClaimId::at(tx.now()).0 => UUID,
    ];
    tx.run(FLOOR, values).await
}

const NAIVE_LOCK: &str = "-- yardstick::naive_lock
SELECT balance, seq FROM wallets WHERE tenant_id = $1 FOR UPDATE";

const NAIVE_PAY: &str = "-- yardstick::naive_pay
UPDATE wallets SET balance = $2, seq = $3 WHERE tenant_id = $1";

const NAIVE_ENTRY: &str = "-- yardstick::naive_entry
INSERT INTO ledger (tenant_id, seq, kind, amount, balance_after, message_id, recorded_at)
VALUES ($1, $2, 'DEBIT', -$3::bigint, $4, $5, $6)";

const NAIVE_MESSAGE: &str = "-- yardstick::naive_message
UPDATE messages SET dispatch_state = 'RESERVED', attempt = 1, price = $3, updated_at = $4 WHERE tenant_id = $1 AND message_id = $2";

const NAIVE_TAKE: &str = "-- yardstick::naive_take
DELETE FROM due WHERE tenant_id = $1 AND phone_number_id = $2 AND priority = 1 AND due_at = $3 AND message_id = $4";

/// Debits one message the way it is usually written: lock, read, write, write, write.
pub async fn naive(
    tx: &TenantTx,
    fixture: &Fixture,
    message: MessageId,
    price: Money,
) -> Result<(), StoreError> {
    let tenant: Uuid = fixture.tenant.0;
    let wallet = tx.row(NAIVE_LOCK, params![tenant => UUID]).await?;
    let missing = || StoreError::Inconsistent { table: "wallets", what: "none to measure with".to_owned() };
    let wallet = wallet.ok_or_else(missing)?;
    let (balance, seq): (i64, i64) = (wallet.get("balance"), wallet.get("seq"));
    let (balance, seq) = (balance - price.micros(), seq + 1);
    tx.run_one(NAIVE_PAY, params![tenant => UUID, balance => INT8, seq => INT8]).await?;
    let entry = params![
        tenant => UUID, seq => INT8, price.micros() => INT8, balance => INT8, message.0 => UUID, tx.now() => TIMESTAMPTZ,
    ];
    tx.run_one(NAIVE_ENTRY, entry).await?;
    let moved = params![tenant => UUID, message.0 => UUID, price.micros() => INT8, tx.now() => TIMESTAMPTZ];
    tx.run_one(NAIVE_MESSAGE, moved).await?;
    let taken = params![tenant => UUID, fixture.number.0 => TEXT, tx.now() => TIMESTAMPTZ, message.0 => UUID];
    tx.run_one(NAIVE_TAKE, taken).await
}
