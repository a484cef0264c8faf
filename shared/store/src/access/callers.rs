//! Who calls: one statement a request, which also counts it against the limits of the plan and the key.

use domain::access::{RateOf, RequestRate, Scopes};
use domain::{ApiKeyId, Role, SessionId, TenantId, TenantState, UserId};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::kernel::error::StoreError;
use crate::kernel::row::word;
use crate::kernel::tx::{SystemTx, TenantTx, params};

/// A user whose session has not been ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub tenant_state: TenantState,
    pub role: Role,
    pub rates: Vec<RequestRate>,
}

/// An API key that is neither expired nor revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    pub tenant: TenantId,
    pub tenant_state: TenantState,
    pub key: ApiKeyId,
    pub scopes: Scopes,
    pub rates: Vec<RequestRate>,
}

pub(crate) const STATEMENTS: &[&str] = &[FIND_PERSON, FIND_PROGRAM];

/// Where the requests of a tenant as a whole are counted.
const WHOLE_TENANT: Uuid = Uuid::nil();

const FIND_PERSON: &str = "-- callers::find_person
SELECT t.state AS tenant_state, u.role, terms.requests_per_minute AS tenant_limit,
       CASE WHEN NOT t.is_platform THEN count_request($1, $4, terms.requests_per_minute, $5) END AS tenant_done_at
  FROM users u JOIN tenants t USING (tenant_id) CROSS JOIN LATERAL terms_at(t.plan_id, $5) AS terms
 WHERE u.tenant_id = $1 AND u.user_id = $2
   AND ($3::uuid IS NULL OR EXISTS (SELECT FROM sessions s
        WHERE s.tenant_id = $1 AND s.session_id = $3 AND s.user_id = $2 AND s.revoked_at IS NULL))";

/// A user of the tenant whose session has not been ended; a token of the version before names none. Every request runs this,
/// so that a removed user, an ended session or a changed state of the tenant counts at once (I30).
pub async fn find_person(
    tx: &TenantTx,
    user: UserId,
    session: Option<SessionId>,
) -> Result<Option<Person>, StoreError> {
    let session = session.map(|session| session.0);
    let values = params![
        tx.tenant().0 => UUID, user.0 => UUID, session => UUID, WHOLE_TENANT => UUID, tx.now() => TIMESTAMPTZ,
    ];
    let Some(row) = tx.row(FIND_PERSON, values).await? else { return Ok(None) };
    let role = word(&row, "users", "role")?;
    Ok(Some(Person {
        tenant_state: word(&row, "tenants", "tenant_state")?,
        role,
        // The platform's own tenant buys no plan.
        rates: if role == Role::SuperAdmin { Vec::new() } else { vec![rate_of_tenant(&row)] },
    }))
}

const FIND_PROGRAM: &str = "-- callers::find_program
WITH k AS MATERIALIZED (
    SELECT k.*, t.state, t.plan_id FROM api_keys k JOIN tenants t USING (tenant_id)
     WHERE k.secret_hash = $1 AND k.revoked_at IS NULL AND k.expires_at > $3),
used AS (
    UPDATE api_keys a SET last_used_at = $3 FROM k
     WHERE a.tenant_id = k.tenant_id AND a.key_id = k.key_id
       AND (k.last_used_at IS NULL OR k.last_used_at < $3 - interval '1 minute')),
counted AS MATERIALIZED (
    SELECT k.*, CASE WHEN k.requests_per_minute IS NOT NULL
                THEN count_request(k.tenant_id, k.key_id, k.requests_per_minute, $3) END AS done_at FROM k)
SELECT c.tenant_id, c.state AS tenant_state, c.key_id, c.scopes, c.requests_per_minute AS key_limit, c.done_at AS key_done_at,
       terms.requests_per_minute AS tenant_limit,
       CASE WHEN c.requests_per_minute IS NULL OR c.done_at IS NOT NULL
       THEN count_request(c.tenant_id, $2, terms.requests_per_minute, $3) END AS tenant_done_at
  FROM counted c CROSS JOIN LATERAL terms_at(c.plan_id, $3) AS terms";

/// The key with that hash. Needs a system transaction: the tenant is not known yet.
pub async fn find_program(tx: &SystemTx, secret_hash: &[u8]) -> Result<Option<Program>, StoreError> {
    let values = params![secret_hash => BYTEA, WHOLE_TENANT => UUID, tx.now() => TIMESTAMPTZ];
    let Some(row) = tx.row(FIND_PROGRAM, values).await? else { return Ok(None) };
    let of_key = row.get::<_, Option<i64>>("key_limit").map(|per_minute| RequestRate {
        of: RateOf::Key,
        per_minute,
        done_at: row.get("key_done_at"),
    });
    // A request beyond the key's own limit is not counted for the tenant.
    let is_counted = of_key.is_none_or(|rate| rate.done_at.is_some());
    Ok(Some(Program {
        tenant: TenantId(row.get("tenant_id")),
        tenant_state: word(&row, "tenants", "tenant_state")?,
        key: ApiKeyId(row.get("key_id")),
        scopes: word(&row, "api_keys", "scopes")?,
        rates: of_key.into_iter().chain(is_counted.then(|| rate_of_tenant(&row))).collect(),
    }))
}

fn rate_of_tenant(row: &Row) -> RequestRate {
    let done_at: Option<Timestamp> = row.get("tenant_done_at");
    RequestRate { of: RateOf::Tenant, per_minute: row.get("tenant_limit"), done_at }
}
