//! Tenants as the platform's owner looks through them: each page is one statement.

use domain::tenants::usage::Usage;
use domain::{Money, Month, PlanId, TenantId, TenantState};
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::kernel::error::StoreError;
use crate::kernel::row::word;
use crate::kernel::tx::{SystemTx, params};
use crate::usage::ALWAYS;

/// A tenant in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedTenant {
    pub tenant_id: TenantId,
    pub slug: String,
    pub name: String,
    pub plan_name: String,
    pub state: TenantState,
    pub state_since: Timestamp,
    pub created_at: Timestamp,
    /// The first owner's; absent when the tenant is erased.
    pub owner_email: Option<String>,
    pub balance: Money,
    /// Of each limit of its plan; of messages, in this month.
    pub usage: Vec<Usage>,
}

/// Which tenants are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The beginning of a slug, a name or an owner's e-mail, lower-cased.
    pub search: Option<String>,
    pub state: Option<TenantState>,
    pub plan: Option<PlanId>,
}

pub(crate) const STATEMENTS: &[&str] = &[LIST, SEARCH];

/// What is shown of the tenants in `found`.
macro_rules! shown {
    () => {
        "
SELECT t.tenant_id, t.slug, t.name, p.name AS plan_name, t.state, t.state_since, t.created_at, w.balance, o.email AS owner_email,
       l.quantities, l.used, l.allowed
  FROM found f JOIN tenants t ON t.tenant_id = f.tenant_id
  JOIN plans p ON p.plan_id = t.plan_id
  JOIN wallets w ON w.tenant_id = t.tenant_id
 CROSS JOIN LATERAL terms_at(t.plan_id, $5) AS terms
  LEFT JOIN LATERAL (
    SELECT u.email FROM users u WHERE u.tenant_id = t.tenant_id AND u.role = 'OWNER' ORDER BY u.user_id LIMIT 1) AS o ON true
 CROSS JOIN LATERAL (
    SELECT array_agg(q.quantity ORDER BY q.place) AS quantities, array_agg(coalesce(u.used, 0) ORDER BY q.place) AS used,
           array_agg(q.allowed ORDER BY q.place) AS allowed
      FROM unnest(ARRAY['MESSAGES', 'CONTACTS', 'TEMPLATES', 'PHONE_NUMBERS', 'USERS'],
                  ARRAY[terms.messages_per_month, terms.contacts_max, terms.templates_max, terms.phone_numbers_max, terms.users_max])
           WITH ORDINALITY AS q (quantity, allowed, place)
      LEFT JOIN usage u ON u.tenant_id = t.tenant_id AND u.quantity = q.quantity
       AND u.period = CASE q.quantity WHEN 'MESSAGES' THEN $6::date ELSE $7 END) AS l
 ORDER BY t.tenant_id DESC"
    };
}

const LIST: &str = concat!(
    "-- list::list
WITH found AS MATERIALIZED (
    SELECT t.tenant_id FROM tenants t
     WHERE t.tenant_id < $1 AND NOT t.is_platform AND ($2::text IS NULL OR t.state = $2) AND ($3::uuid IS NULL OR t.plan_id = $3)
     ORDER BY t.tenant_id DESC LIMIT $4)",
    shown!()
);

// Every text that begins with another one lies between it and itself with the last code point behind it.
const SEARCH: &str = concat!(
    "-- list::search
WITH matched AS MATERIALIZED (
    SELECT t.tenant_id FROM tenants t WHERE t.slug ~>=~ $8 AND t.slug ~<~ ($8 || chr(1114111))
     UNION
    SELECT t.tenant_id FROM tenants t WHERE lower(t.name) ~>=~ lower($8) AND lower(t.name) ~<~ (lower($8) || chr(1114111))
     UNION
    SELECT u.tenant_id FROM users u WHERE u.role = 'OWNER' AND u.email ~>=~ $8 AND u.email ~<~ ($8 || chr(1114111))),
found AS MATERIALIZED (
    SELECT t.tenant_id FROM matched m JOIN tenants t ON t.tenant_id = m.tenant_id
     WHERE t.tenant_id < $1 AND NOT t.is_platform AND ($2::text IS NULL OR t.state = $2) AND ($3::uuid IS NULL OR t.plan_id = $3)
     ORDER BY t.tenant_id DESC LIMIT $4)",
    shown!()
);

/// Tenants older than `before`, newest first; the platform's own is not among them.
pub async fn list(
    tx: &SystemTx,
    filter: &Filter,
    before: TenantId,
    limit: i64,
) -> Result<Vec<ListedTenant>, StoreError> {
    let (state, plan) = (filter.state.map(TenantState::as_str), filter.plan.map(|plan| plan.0));
    let month = Month::of(tx.now()).first_day();
    let rows = match &filter.search {
        None => {
            let values = params![
                before.0 => UUID, state => TEXT, plan => UUID, limit => INT8, tx.now() => TIMESTAMPTZ, month => DATE,
                ALWAYS => DATE,
            ];
            tx.rows_by_index(LIST, values).await?
        }
        Some(search) => {
            let values = params![
                before.0 => UUID, state => TEXT, plan => UUID, limit => INT8, tx.now() => TIMESTAMPTZ, month => DATE,
                ALWAYS => DATE, search => TEXT,
            ];
            tx.rows_by_index(SEARCH, values).await?
        }
    };
    rows.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<ListedTenant, StoreError> {
    let quantities: Vec<&str> = row.get("quantities");
    let (used, allowed): (Vec<i64>, Vec<i64>) = (row.get("used"), row.get("allowed"));
    let usage = quantities.into_iter().zip(used.into_iter().zip(allowed));
    let usage = usage.map(|(quantity, (used, max))| {
        let unknown =
            |error| StoreError::Inconsistent { table: "usage", what: format!("{quantity} {error}") };
        Ok(Usage { quantity: quantity.parse().map_err(unknown)?, used, max })
    });
    Ok(ListedTenant {
        tenant_id: TenantId(row.get("tenant_id")),
        slug: row.get("slug"),
        name: row.get("name"),
        plan_name: row.get("plan_name"),
        state: word(row, "tenants", "state")?,
        state_since: row.get("state_since"),
        created_at: row.get("created_at"),
        owner_email: row.get("owner_email"),
        balance: Money::from_micros(row.get("balance")),
        usage: usage.collect::<Result<_, StoreError>>()?,
    })
}
