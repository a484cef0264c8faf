//! Who calls, and whether it may call now: read at every request, together with the count of its requests.

use domain::access::{RequestRate, Source};
use domain::problem::Kind;
use domain::{Actor, Problem, SessionId, TenantId, UserId};
use jiff::SignedDuration;
use store::StoreError;
use store::access::callers::{self, Person, Program};

use crate::kernel::hash::sha256;
use crate::kernel::one_statement::one_statement;
use crate::kernel::permit::{Caller, Rights};
use crate::kernel::platform::Platform;

/// What every API key begins with.
pub const KEY_MARK: &str = "tid_";

/// The tenant and user of an access token, and its session.
pub type Subject = (TenantId, UserId, Option<SessionId>);

/// A caller, and what is left of its limits after this request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    pub caller: Caller,
    pub rates: Vec<RequestRate>,
}

impl Called {
    /// Refuses a request that is one too many for one of the limits.
    pub fn check_rate(&self) -> Result<(), Problem> {
        let waits = self.rates.iter().filter_map(|rate| rate.wait().map(|wait| (wait, rate)));
        let Some((wait, rate)) = waits.max_by_key(|(wait, _)| *wait) else { return Ok(()) };
        let limit = rate.per_minute;
        let whose = match rate.of {
            domain::access::RateOf::Tenant => "your plan allows",
            domain::access::RateOf::Key => "this API key allows",
        };
        let detail = format!("{whose} {limit} requests a minute: wait, then send it again");
        Err(Problem::new(Kind::TooMany).with_detail(detail).after(wait.max(SignedDuration::from_secs(1))))
    }
}

/// The user named in an access token, if it may still read. Every request runs this, so that a removed user, an ended session
/// or a tenant's state counts at once (I30).
pub async fn person(
    platform: &Platform,
    (tenant, user, session): Subject,
    source: Source,
) -> Result<Option<Called>, StoreError> {
    let found = platform.store.perform(&platform.as_system(tenant), &FindPerson { user, session }).await?;
    Ok(found.filter(|person| person.tenant_state.may_read()).map(|person| Called {
        caller: Caller {
            tenant,
            tenant_state: person.tenant_state,
            actor: Actor::User(user),
            rights: Rights::Role(person.role),
            source,
        },
        rates: person.rates,
    }))
}

one_statement! {
    const NAME: &'static str = "find_caller";
    struct FindPerson { user: UserId, session: Option<SessionId> }
    fn run(&self, tx) -> Option<Person> { callers::find_person(tx, self.user, self.session) }
}

/// The program that an API key belongs to, if the key is neither expired nor revoked.
pub async fn program(platform: &Platform, key: &str, source: Source) -> Result<Option<Called>, StoreError> {
    let find = FindProgram { secret_hash: sha256(key.as_bytes()) };
    let found = platform.store.perform_system(&platform.system(), &find).await?;
    Ok(found.filter(|program| program.tenant_state.may_read()).map(|program| Called {
        caller: Caller {
            tenant: program.tenant,
            tenant_state: program.tenant_state,
            actor: Actor::ApiKey(program.key),
            rights: Rights::Scopes(program.scopes),
            source,
        },
        rates: program.rates,
    }))
}

one_statement! {
    const NAME: &'static str = "find_program";
    system struct FindProgram { secret_hash: Vec<u8> }
    fn run(&self, tx) -> Option<Program> { callers::find_program(tx, &self.secret_hash) }
}
